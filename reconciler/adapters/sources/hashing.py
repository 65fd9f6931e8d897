"""Reading a file for its digest only, and for its text where it is a config."""

import hashlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from reconciler.adapters.sources.listing import Listed
from reconciler.adapters.sources.promises import whole
from reconciler.adapters.sources.store import Store
from reconciler.core.digest import Digest, FileDigest
from reconciler.core.errors import Reason, TerminalError, TransientError

_TRIES, _PAUSE = 3, 0.5
"""Tries without a byte, and seconds before the second of them; twice that before the next."""

_CONFIG = 1 << 20
"""Bytes of a config file: it goes into the lock."""


class Kept:
    """The content of what may be a config file; larger files of its name are known in archives only by their place."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._content: bytes | None = b""

    def add(self, block: bytes) -> None:
        """Takes a block in, while there is not too much of it."""
        if self._content is not None:
            self._content = self._content + block if len(self._content) + len(block) <= _CONFIG else None

    @property
    def content(self) -> bytes:
        """All of it. Raises TerminalError(PREFLIGHT_FAILED) if that is too much."""
        if self._content is None:
            hint = "Give it another name, or leave it out with `exclude`."
            raise TerminalError(Reason.PREFLIGHT_FAILED, f"{self._path} is larger than a config can be", hint)
        return self._content


@dataclass(frozen=True, slots=True)
class Stream:
    """The files of a store, read through to their end unless `cancelled`; `stop` makes those under way give up."""

    store: Store
    cancelled: Callable[[], bool]
    stop: threading.Event = field(default_factory=threading.Event)

    def blocks(self, file: Listed) -> Iterator[bytes]:
        """The file's bytes; where the connection breaks they go on from there, if the store can."""
        first = tries = 0
        while True:
            try:
                for block in whole(self.store, file, first):
                    self._go_on()
                    first, tries = first + len(block), 0
                    yield block
                return
            except TransientError as error:
                tries += 1
                if tries > _TRIES or not self._resumes(file, first, error):
                    raise
                self.stop.wait(tries * _PAUSE)

    def _go_on(self) -> None:
        if self.stop.is_set() or self.cancelled():
            raise TransientError(Reason.CANCELLED, "stopped on request", "What was locked by then stays so.")

    def _resumes(self, file: Listed, first: int, error: TransientError) -> bool:
        final = error.reason in (Reason.SOURCE_CHANGED, Reason.CANCELLED)
        return file.identified and not final and (first == 0 or self.store.gives_ranges(file))


def hashed(path: str, blocks: Iterator[bytes], kept: Kept | None) -> FileDigest:
    """Reads to the end; `kept` takes the content in."""
    running, size = hashlib.sha256(), 0
    for block in blocks:
        running.update(block)
        size += len(block)
        if kept is not None:
            kept.add(block)
    return FileDigest(path=path, size=size, digest=Digest("sha256:" + running.hexdigest()))
