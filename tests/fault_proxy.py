"""A TCP proxy on loopback that misbehaves on demand: what a network between us and a store does."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit


@dataclass
class Proxy:
    """In front of `upstream`. `allowance`: how many bytes of answers may still pass before every connection is cut.

    `asked` is all that was sent upstream.
    """

    upstream: str
    url: str = ""
    allowance: int | None = None
    cut_each: int | None = None
    passed: int = 0
    connections: int = 0
    asked: bytearray = field(default_factory=bytearray)
    guard: threading.Lock = field(default_factory=threading.Lock)

    def may_pass(self, count: int) -> int:
        """How many of so many bytes may pass."""
        with self.guard:
            granted = count if self.allowance is None else min(count, self.allowance)
            if self.allowance is not None:
                self.allowance -= granted
            self.passed += granted
            return granted


@contextmanager
def fault_proxy(upstream: str) -> Iterator[Proxy]:
    """A proxy to the server at this URL, until the end of the block."""
    proxy = Proxy(upstream=upstream)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        proxy.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        thread = threading.Thread(target=_accept, args=(proxy, listener), daemon=True)
        thread.start()
        yield proxy
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


def _accept(proxy: Proxy, listener: socket.socket) -> None:
    while True:
        try:
            client, _ = listener.accept()
        except OSError:
            return
        proxy.connections += 1
        threading.Thread(target=_serve, args=(proxy, client), daemon=True).start()


def _serve(proxy: Proxy, client: socket.socket) -> None:
    place = urlsplit(proxy.upstream)
    with client, contextlib.suppress(OSError), socket.create_connection((place.hostname, place.port)) as server:
        back = threading.Thread(target=_answers, args=(proxy, server, client), daemon=True)
        back.start()
        while block := client.recv(65536):
            proxy.asked += block
            server.sendall(block)
        server.shutdown(socket.SHUT_WR)
        back.join()


def _answers(proxy: Proxy, server: socket.socket, client: socket.socket) -> None:
    sent = 0
    with contextlib.suppress(OSError):
        while block := server.recv(65536):
            granted = proxy.may_pass(len(block))
            client.sendall(block[:granted])
            sent += granted
            if granted < len(block) or (proxy.cut_each is not None and sent > proxy.cut_each):
                break
        client.shutdown(socket.SHUT_RDWR)
