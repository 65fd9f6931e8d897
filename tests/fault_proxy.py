"""An HTTP proxy on loopback that misbehaves on demand: what a network, and a store having a bad day, do to answers.

Each answer takes the next of `Proxy.faults`, whichever request it belongs to; when there are none left, all is well.
"""

import contextlib
import enum
import http.client
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import BinaryIO
from urllib.parse import urlsplit

PAUSE, HANG = 0.3, 30.0
"""Seconds of a stall that a patient client sits out, and of one that no client of the tests does."""

_BLOCK = 16384


class Fault(enum.Enum):
    """What becomes of one answer. `WRONG_BYTES` leaves listings alone: only the content of objects is changed."""

    NONE = "passes"
    RESET = "reset before a byte of it"
    RESET_INSIDE = "reset in the middle of its body"
    SHORT = "its body ends before Content-Length"
    PAUSES = "stalls shorter than anybody's patience"
    HANGS = "stalls for longer than that"
    ERROR_500 = "500 instead"
    BUSY_503 = "503 with Retry-After instead"
    THROTTLED_429 = "429 with Retry-After instead"
    FORBIDDEN_403 = "403 instead"
    WRONG_BYTES = "bytes of the same number, but others"
    EXTRA_BYTES = "more bytes than the object has"
    CHANGED = "the object is replaced at the store before it is asked for"


_STATUS = {
    Fault.ERROR_500: (500, ""),
    Fault.BUSY_503: (503, "Retry-After: 1\r\n"),
    Fault.THROTTLED_429: (429, "Retry-After: 1\r\n"),
    Fault.FORBIDDEN_403: (403, ""),
}


@dataclass
class Proxy:
    """In front of `upstream`. `asked`: methods and paths so far; `sent`: all request lines and headers.

    `allowance`: how many bytes of bodies may still pass before every connection is cut; `cut_each`: how many in one
    answer. `replace` is what CHANGED calls.
    """

    upstream: str
    url: str = ""
    allowance: int | None = None
    cut_each: int | None = None
    faults: list[Fault] = field(default_factory=list)
    replace: Callable[[], None] = lambda: None
    asked: list[str] = field(default_factory=list, repr=False)
    sent: list[str] = field(default_factory=list, repr=False)
    closed: threading.Event = field(default_factory=threading.Event)
    guard: threading.Lock = field(default_factory=threading.Lock)

    def may_pass(self, count: int) -> int:
        """How many of so many bytes may pass."""
        with self.guard:
            granted = count if self.allowance is None else min(count, self.allowance)
            if self.allowance is not None:
                self.allowance -= granted
            return granted

    def next_fault(self, request: str) -> Fault:
        """What becomes of the answer to this request."""
        with self.guard:
            self.asked.append(request)
            if self.faults and self.faults[0] is Fault.WRONG_BYTES and not _of_object(request):
                return Fault.NONE
            fault = self.faults.pop(0) if self.faults else Fault.NONE
            if fault is Fault.CHANGED:
                self.replace()
            return fault

    def calm(self) -> None:
        """From now on all is well, and nothing is replaced any more."""
        with self.guard:
            self.faults.clear()


@dataclass
class _Answer:
    status: int
    reason: str
    headers: list[tuple[str, str]]
    body: bytes

    def head(self, length: int) -> bytes:
        """The head, claiming this length."""
        lines = [f"HTTP/1.1 {self.status} {self.reason}"]
        lines += [f"{name}: {text}" for name, text in self.headers if name.lower() not in _OURS]
        return ("\r\n".join([*lines, f"Content-Length: {length}"]) + "\r\n\r\n").encode("latin-1")

    @property
    def length(self) -> int:
        """What the store said of it: an answer to HEAD has no body."""
        return next((int(text) for name, text in self.headers if name.lower() == "content-length"), len(self.body))


_WRONG = bytes(byte ^ 0x55 for byte in range(256))

_OURS = frozenset({"content-length", "transfer-encoding", "connection"})


@contextmanager
def fault_proxy(upstream: str) -> Iterator[Proxy]:
    """A proxy to the server at this URL, until the end of the block."""
    proxy = Proxy(upstream=upstream)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        proxy.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        thread = threading.Thread(target=_accept, args=(proxy, listener), daemon=True)
        thread.start()
        try:
            yield proxy
        finally:
            proxy.closed.set()
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def _of_object(request: str) -> bool:
    return request.startswith("GET ") and "list-type" not in request


def _accept(proxy: Proxy, listener: socket.socket) -> None:
    while True:
        try:
            client, _ = listener.accept()
        except OSError:
            return
        threading.Thread(target=_serve, args=(proxy, client), daemon=True).start()


def _serve(proxy: Proxy, client: socket.socket) -> None:
    place = urlsplit(proxy.upstream)
    assert place.hostname is not None
    server = http.client.HTTPConnection(place.hostname, place.port)
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with client, client.makefile("rb") as stream, contextlib.closing(server), contextlib.suppress(OSError):
        while (request := _request(stream)) is not None:
            method, path, headers = request
            proxy.sent += [f"{method} {path} HTTP/1.1", *(f"{name}: {text}" for name, text in headers.items())]
            fault = proxy.next_fault(f"{method} {path}")
            if not _answered(proxy, client, _forwarded(server, request), fault):
                break


def _request(stream: BinaryIO) -> tuple[str, str, dict[str, str]] | None:
    """Method, path and headers of the next request, none of which has a body; None at the end of the connection."""
    line = stream.readline().decode("latin-1").split()
    if not line:
        return None
    return line[0], line[1], dict(http.client.parse_headers(stream).items())


def _forwarded(server: http.client.HTTPConnection, request: tuple[str, str, dict[str, str]]) -> _Answer:
    method, path, headers = request
    try:
        server.request(method, path, headers=headers)
        answer = server.getresponse()
    except (http.client.HTTPException, ConnectionError):
        server.close()
        server.request(method, path, headers=headers)
        answer = server.getresponse()
    return _Answer(answer.status, answer.reason, answer.getheaders(), answer.read())


def _answered(proxy: Proxy, client: socket.socket, answer: _Answer, fault: Fault) -> bool:
    """Sends the answer, or what becomes of it; whether the connection can go on being used."""
    match fault:
        case Fault.ERROR_500 | Fault.BUSY_503 | Fault.THROTTLED_429 | Fault.FORBIDDEN_403:
            status, header = _STATUS[fault]
            client.sendall(f"HTTP/1.1 {status} No\r\n{header}Content-Length: 0\r\n\r\n".encode())
            return True
        case Fault.EXTRA_BYTES if answer.body:
            return _send(proxy, client, answer.head(answer.length + 1000), answer.body + bytes(1000))
        case Fault.RESET | Fault.RESET_INSIDE | Fault.SHORT:
            return _broken_off(proxy, client, answer, fault)
        case Fault.PAUSES | Fault.HANGS:
            half = len(answer.body) // 2
            _send(proxy, client, answer.head(answer.length), answer.body[:half])
            proxy.closed.wait(PAUSE if fault is Fault.PAUSES else HANG)
            return _send(proxy, client, b"", answer.body[half:])
        case _:
            body = answer.body.translate(_WRONG) if fault is Fault.WRONG_BYTES else answer.body
            return _send(proxy, client, answer.head(answer.length), body)


def _broken_off(proxy: Proxy, client: socket.socket, answer: _Answer, fault: Fault) -> bool:
    if fault is not Fault.RESET and answer.body:
        _send(proxy, client, answer.head(answer.length), answer.body[: len(answer.body) // 2])
    return False if fault is Fault.SHORT else _reset(client)


def _send(proxy: Proxy, client: socket.socket, head: bytes, body: bytes) -> bool:
    client.sendall(head)
    granted = proxy.may_pass(min(len(body), proxy.cut_each if proxy.cut_each is not None else len(body)))
    for start in range(0, granted, _BLOCK):
        client.sendall(body[start : min(start + _BLOCK, granted)])
    return granted == len(body)


def _reset(client: socket.socket) -> bool:
    time.sleep(0.01)  # so that what was sent is not thrown away by the reset that follows
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return False
