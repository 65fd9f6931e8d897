"""A server that answers each request with the very bytes that it is told to, on loopback, over TLS if need be."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

Answer = bytes | None
"""What goes over the wire; None ends the connection. What ends in `CLOSE` ends it after that."""

CLOSE = b"\0close\0"


@dataclass
class Scripted:
    """`asked`: the heads of requests, in the order in which they came; `most`: how many were under way at once."""

    port: int
    asked: list[str] = field(default_factory=list)
    connections: int = 0
    under_way: int = 0
    most: int = 0
    guard: threading.Lock = field(default_factory=threading.Lock)


def plain(body: bytes, status: str = "200 OK", **headers: str) -> bytes:
    """An answer as servers give them."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


@contextmanager
def scripted(answer: Callable[[str], Answer], tls: ssl.SSLContext | None = None) -> Iterator[Scripted]:
    """A server until the end of the block; `answer` is given the head of each request, from several threads."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = Scripted(port=listener.getsockname()[1])
        thread = threading.Thread(target=_accept, args=(server, listener, answer, tls), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def _accept(
    server: Scripted, listener: socket.socket, answer: Callable[[str], Answer], tls: ssl.SSLContext | None
) -> None:
    while True:
        try:
            client, _ = listener.accept()
        except OSError:
            return
        server.connections += 1
        threading.Thread(target=_serve, args=(server, client, answer, tls), daemon=True).start()


def _serve(
    server: Scripted, client: socket.socket, answer: Callable[[str], Answer], tls: ssl.SSLContext | None
) -> None:
    with contextlib.suppress(OSError), tls.wrap_socket(client, server_side=True) if tls else client as open_client:
        text = b""
        while True:
            while b"\r\n\r\n" not in text:
                more = open_client.recv(65536)
                if not more:
                    return
                text += more
            head, _, text = text.partition(b"\r\n\r\n")
            with server.guard:
                server.asked.append(head.decode("latin-1"))
                server.under_way += 1
                server.most = max(server.most, server.under_way)
            given = answer(head.decode("latin-1"))
            with server.guard:
                server.under_way -= 1
            if given is None:
                return
            open_client.sendall(given.removesuffix(CLOSE))
            if given.endswith(CLOSE):
                return
