"""A connection to an HTTP/1.1 server, for the one answer that nearly always comes: the bytes that were asked for.

Every other answer is an UnfitError. Nothing is lost by it: the same is then asked for by a library, which knows
redirects, rests and refusals.
"""

import functools
import os
import re
import select
import socket
import ssl
import time
from collections.abc import Generator, Mapping
from dataclasses import dataclass

CONNECT, STALL = 10.0, 30.0
"""Seconds without a connection, and without a byte."""

_HEAD = 16 << 10
"""Bytes that the head of an answer may have."""

_END = b"\r\n\r\n"
_FIELD = re.compile(
    rb"\r\n(content-length|content-range|etag|connection|transfer-encoding)[ \t]*:[ \t]*([^\r\n]*[^\r\n\t ])",
    re.IGNORECASE,
)
"""What matters of the head. Names are followed by the colon; blanks before it are a fault that some servers have."""


_FOLDED = re.compile(rb"\r\n[ \t]")
"""A header that goes on in the next line."""


class UnfitError(Exception):
    """Not the answer that is looked for; its words are for nobody but who mends this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a server is; `bundle`: certificates that are believed beside the system's if it is `encrypted`."""

    host: str
    port: int
    encrypted: bool
    bundle: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """The answer that is looked for: so many bytes, from `first` if that is a part, of what `etag` stands for."""

    size: int
    first: int | None = None
    etag: str | None = None


class Line:
    """A connection, and a buffer for an answer's head with `room` bytes after it. Raises OSError where there is none.

    `last`: the server said with its answer that it closes the connection. `answers`: how many `more` gave.
    """

    def __init__(self, address: Address, room: int) -> None:
        plain = socket.create_connection((address.host, address.port), CONNECT)
        try:
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.socket = _encrypted(plain, address) if address.encrypted else plain
        except BaseException:
            plain.close()
            raise
        self.socket.settimeout(STALL)
        self.last, self.answers = False, 0
        self._bytes = bytearray(_HEAD + room)
        self._buffer = memoryview(self._bytes)
        self._filled = 0
        self._begin: int | None = None
        self._wanted = Wanted(size=0)
        self._used = False
        self._poll = select.poll()
        self._poll.register(self.socket, select.POLLIN)

    @property
    def heard(self) -> bool:
        """Whether anything of the answer has come."""
        return self._filled > 0

    def ask(self, request: bytes, wanted: Wanted) -> None:
        """Sends the request. Raises UnfitError if anything came that nobody asked for, or the end, and OSError."""
        if self._used and self._poll.poll(0):
            raise UnfitError("ended, or more than was asked for")
        self._used = True
        self._filled, self._begin, self._wanted = 0, None, wanted
        self.socket.sendall(request)

    def head(self) -> None:
        """Waits for the head of the answer, which has a stall's time for all of it. Raises UnfitError or OSError."""
        until = time.monotonic() + STALL
        while self._begin is None:
            self.socket.settimeout(max(0.001, until - time.monotonic()))
            self._take()
        self.socket.settimeout(STALL)

    def stream(self) -> Generator[memoryview, None, bool]:
        """The body, each block in the place of the one before, and whether that was all of it. Raises OSError."""
        block, left = self._buffer[self._begin : self._filled], self._wanted.size
        while left:
            if not block:
                block = self._buffer[: min(left, len(self._buffer))]
                block = block[: self.socket.recv_into(block)]
                if not block:
                    return False
            left -= len(block)
            yield block
            block = block[:0]
        return True

    def more(self) -> memoryview | None:
        """Takes in what has come, without waiting where the socket does not; the body once it is whole, in our buffer.

        Raises UnfitError or OSError.
        """
        while True:
            try:
                self._take()
            except (BlockingIOError, ssl.SSLWantReadError):
                return None
            if self._begin is not None and self._filled - self._begin == self._wanted.size:
                self.answers += 1
                return self._buffer[self._begin : self._filled]
            if not self._hides_more:
                return None

    @property
    def _hides_more(self) -> bool:
        """Whether more has come than the socket will tell of."""
        return isinstance(self.socket, ssl.SSLSocket) and self.socket.pending() > 0

    def _take(self) -> None:
        count = self.socket.recv_into(self._buffer[self._filled :])
        if not count:
            raise UnfitError("closed")
        self._filled += count
        if self._begin is None:
            self._begin = self._read_head()
        if self._begin is not None and self._filled - self._begin > self._wanted.size:
            raise UnfitError("more than was asked for")

    def _read_head(self) -> int | None:
        """Where the body begins, None if the head is not whole yet."""
        end = self._bytes.find(_END, 0, min(self._filled, _HEAD))
        if end >= 0:
            self.last = _closes(bytes(self._buffer[:end]), self._wanted)
            return end + len(_END)
        if self._filled >= _HEAD:
            raise UnfitError("a long head")
        return None

    def close(self) -> None:
        """Ends the connection."""
        self.socket.close()


def _encrypted(plain: socket.socket, address: Address) -> ssl.SSLSocket:
    modified = os.stat(address.bundle).st_mtime_ns if address.bundle is not None else 0
    return _context(address.bundle, modified).wrap_socket(plain, server_hostname=address.host)


@functools.lru_cache(maxsize=4)
def _context(bundle: str | None, _modified: int) -> ssl.SSLContext:
    found = ssl.create_default_context()
    if bundle is not None:
        found.load_verify_locations(bundle)
    return found


def _closes(head: bytes, wanted: Wanted) -> bool:
    """Whether this is the connection's last answer. Raises UnfitError if it is not the one that is looked for."""
    rows = _FIELD.findall(head)
    found: dict[bytes, bytes] = {name.lower(): value for name, value in rows}
    if _FOLDED.search(head) or len(found) != len(rows) or b"transfer-encoding" in found:
        raise UnfitError("in a way that may be meant otherwise")
    if found.get(b"content-length") != b"%d" % wanted.size:
        raise UnfitError("of another length")
    if wanted.etag is not None and found.get(b"etag", wanted.etag.encode()).strip(b'"') != wanted.etag.encode():
        raise UnfitError("of another version")
    if not (head.startswith(b"HTTP/1.1 200") if wanted.first is None else _is_part(head, found, wanted.first, wanted)):
        raise UnfitError(head[:80])
    return b"close" in found.get(b"connection", b"").lower()


def _is_part(head: bytes, found: Mapping[bytes, bytes], first: int, wanted: Wanted) -> bool:
    place = b"bytes %d-%d/" % (first, first + wanted.size - 1)
    return head.startswith(b"HTTP/1.1 206") and found.get(b"content-range", b"").startswith(place)
