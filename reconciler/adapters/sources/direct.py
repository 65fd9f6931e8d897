"""The straight way to the objects of an S3 bucket: few steps for a small one, one copy for a big one.

obstore hands each request to threads of its own and back, which takes longer than a small object does, and copies more
(docs/benchmarks.md). What does not come as it nearly always does is left to obstore, which also tells people why.
"""

import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from reconciler.adapters.sources.line import Address, Line, UnfitError, Wanted
from reconciler.adapters.sources.listing import Listed
from reconciler.adapters.sources.sigv4 import Keys, Signer

_BLOCK = 256 << 10
"""Bytes of a block of a big object: they stay in the processor's cache."""

_FAULTS = 8
"""Answers in a row that were not fit, after which no more are asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """Where a bucket's objects are: `path` goes before their keys; `keys` are None where requests are not signed."""

    address: Address
    host: str
    path: str
    region: str
    keys: Callable[[], Keys] | None

    def request(self, file: Listed, wanted: Wanted) -> bytes:
        """The request for an object, or a part of it, as it goes over the wire. Raises UnfitError."""
        if wanted.etag is not None and not wanted.etag.isprintable():
            raise UnfitError("a version that would be more than one header")
        path = self.path + quote(file.locator)
        query = f"versionId={quote(file.version, safe='')}" if file.version else ""
        lines = f"host:{self.host}\r\n"
        if self.keys is not None:
            lines = Signer(self.keys(), self.region, self.host).lines(path, query, time.time())
        part = f"range:bytes={wanted.first}-{wanted.first + wanted.size - 1}\r\n" if wanted.first is not None else ""
        match = f'if-match:"{wanted.etag}"\r\n' if wanted.etag is not None else ""
        return f"GET {path}{query and '?'}{query} HTTP/1.1\r\n{lines}{part}{match}\r\n".encode()


@dataclass(slots=True)
class Direct:
    """Connections to a bucket's server, kept for the next request. Safe to use from several threads."""

    bucket: Bucket
    _idle: deque[Line] = field(default_factory=deque)
    _faults: int = 0

    def blocks(self, file: Listed, first: int, past: int | None) -> Iterator[Any]:
        """The object's bytes, each block in the place of the one before: as many as come this way, and no error."""
        end = file.size if past is None else past
        if self._faults >= _FAULTS or end is None or end - first <= _BLOCK or self.bucket.address.encrypted:
            return
        part = None if first == 0 and end == file.size else first
        wanted = Wanted(size=end - first, first=part, etag=file.fingerprint)
        line = self._asked(file, wanted)
        if line is not None:
            yield from self._given(line)

    def _asked(self, file: Listed, wanted: Wanted) -> Line | None:
        """A connection with the answer's head read, None if that did not fit; what ended while idle is passed over."""
        while True:
            line = self._idle.pop() if self._idle else None
            used = line is not None
            try:
                line = line or Line(self.bucket.address, _BLOCK)
                line.ask(self.bucket.request(file, wanted), wanted)
                line.head()
            except (UnfitError, OSError, ValueError) as error:
                if line is not None:
                    line.close()
                if used and line is not None and not line.heard and not isinstance(error, TimeoutError):
                    continue
                self._faults += 1
                return None
            self._faults = 0
            return line

    def _given(self, line: Line) -> Iterator[memoryview]:
        whole = False
        try:
            whole = yield from line.stream()
        except OSError:
            return
        finally:
            if whole and not line.last:
                self._idle.append(line)
            else:
                line.close()

    def close(self) -> None:
        """Ends all connections; the object can go on being used."""
        while self._idle:
            self._idle.pop().close()
