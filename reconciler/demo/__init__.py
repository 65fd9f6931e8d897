"""`reconcile demo`: the whole thing on this machine, with a real Triton, a real git remote and small models.

Promise: everything that it claims is checked; whatever happens, nothing of it is left behind unless that was asked for.
"""

from reconciler.demo.stage import set_up
from reconciler.demo.story import play
from reconciler.demo.telling import DemoFailedError, Teller

__all__ = ["DemoFailedError", "Teller", "play", "set_up"]
