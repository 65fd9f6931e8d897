"""Free ports on loopback, and whether the server behind one is the one that was started."""

import contextlib
import json
import socket
import urllib.request
from dataclasses import dataclass

HOST = "127.0.0.1"
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # never through a proxy of the environment


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """The three ports of a server."""

    http: int
    grpc: int
    metrics: int

    def flags(self) -> list[str]:
        """The server's flags for them, on loopback only."""
        return [
            flag
            for name, port in (("http", self.http), ("grpc", self.grpc), ("metrics", self.metrics))
            for flag in (f"--{name}-address={HOST}", f"--{name}-port={port}")
        ]


def free() -> Ports:
    """Three ports free at this moment; another process may still be faster than the server that will use them."""
    with contextlib.ExitStack() as stack:
        numbers = [_bound(stack) for _ in range(3)]
    return Ports(http=numbers[0], grpc=numbers[1], metrics=numbers[2])


def _bound(stack: contextlib.ExitStack) -> int:
    probe = stack.enter_context(socket.socket())
    probe.bind((HOST, 0))
    return int(probe.getsockname()[1])


def answers(port: int, identity: str) -> bool:
    """Whether the Triton with this --id answers on the port: some other server may have won it."""
    try:
        with _DIRECT.open(f"http://{HOST}:{port}/v2", timeout=5) as response:
            found = json.load(response)
    except (OSError, ValueError):
        return False
    return isinstance(found, dict) and found.get("name") == identity
