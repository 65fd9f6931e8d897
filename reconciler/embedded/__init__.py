"""The local Triton of `reconcile demo` and the tests: the real server, CPU only, from a wheel, on loopback.

Promise: no server, no stub process and no shared memory outlives the process that started it, however that one dies,
unless it asked for a detached server.
"""

from reconciler.embedded.environment import prepare
from reconciler.embedded.installing import Environment
from reconciler.embedded.server import Info, Server, start

__all__ = ["Environment", "Info", "Server", "prepare", "start"]
