"""A big file on its way: ranges written side by side into a file of the final size, resumed after a crash.

A range is noted once its bytes are written. A note counts within the boot of the machine in which it was written, for
then the kernel still has those bytes; and for good once they were synced, as they are whenever a fetch ends in order.
"""

import contextlib
import errno
import hashlib
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Self

from reconciler.adapters.volume import disk
from reconciler.core.digest import Digest

RANGE = 32 << 20
"""Bytes of a range (download-facts)."""

_HASHED = 256 << 10
"""Bytes that are hashed together: they stay in the processor's cache."""

_SYNCED = "synced"


@dataclass(frozen=True, slots=True)
class Part:
    """The half-made file at `path`, of so many bytes; `done`: the ranges that are whole, by number.

    `stale`: the source has another version by now, so that nobody will go on from here.
    """

    path: str
    size: int
    done: set[int] = field(default_factory=set)
    guard: threading.Lock = field(default_factory=threading.Lock)
    stale: threading.Event = field(default_factory=threading.Event)

    @classmethod
    def open(cls, path: str, size: int) -> Self:
        """The file, as far as it was received before. Raises OSError (ENOSPC) if there is no room for all of it."""
        fresh = not os.path.exists(path) or os.stat(path).st_size != size
        if fresh:
            disk.erase(_note(path))
            _allocate(path, size)
        part = cls(path, size)
        part.done.update(index for index in _noted(_note(path)) if index < part.count)
        return part

    @property
    def count(self) -> int:
        """How many ranges there are."""
        return -(-self.size // RANGE)

    def bounds(self, index: int) -> tuple[int, int]:
        """The first byte of a range, and the first after it."""
        return index * RANGE, min(self.size, (index + 1) * RANGE)

    def receive(self, index: int, blocks: Callable[[int, int], Iterator[bytes]]) -> None:
        """Writes a range from `blocks(first, past)`, which must give all of its bytes or raise."""
        first, past = self.bounds(index)
        descriptor = os.open(self.path, os.O_WRONLY)
        try:
            for block in blocks(first, past):
                disk.write(descriptor, block, first)
                first += len(block)
        finally:
            os.close(descriptor)
        self._note(index, _boot())
        if len(self.done) == self.count:
            _sync(self.path)  # now, beside the hashing, which ends later

    def digest(self, ready: Callable[[int], None]) -> Digest:
        """The digest of the whole, hashed in order; `ready(index)` returns when that range is whole, or raises."""
        running = hashlib.sha256()
        with open(self.path, "rb", buffering=0) as stream:
            buffer = bytearray(_HASHED)
            for index in range(self.count):
                ready(index)
                missing = self.bounds(index)[1] - self.bounds(index)[0]
                while missing:
                    count = stream.readinto(memoryview(buffer)[:missing])
                    if not count:
                        raise OSError(errno.EIO, "the file became shorter", self.path)
                    running.update(memoryview(buffer)[:count])
                    missing -= count
        return Digest("sha256:" + running.hexdigest())

    def keep(self) -> None:
        """Makes what is here durable, so that another boot may go on from it; what is stale goes."""
        with contextlib.suppress(OSError):
            if self.stale.is_set():
                disk.erase(self.path)
                disk.erase(_note(self.path))
                return
            _sync(self.path)
            for index in sorted(self.done):
                self._note(index, _SYNCED)
            _sync(_note(self.path))

    def finish(self) -> None:
        """Seals the whole file for its final name."""
        with open(self.path, "rb") as stream:
            disk.seal(stream.fileno())
        disk.erase(_note(self.path))

    def _note(self, index: int, since: str) -> None:
        with self.guard, open(_note(self.path), "a", encoding="ascii") as stream:
            self.done.add(index)
            stream.write(f"{index} {since}\n")


def _note(path: str) -> str:
    return path + ".ranges"


def _noted(path: str) -> Iterator[int]:
    """The ranges of a note that still count. A line that was cut off does not."""
    boots = (_SYNCED, _boot())
    for line in (disk.read_or_none(path) or b"").decode("ascii", "replace").splitlines():
        index, _, since = line.partition(" ")
        if since in boots and index.isdecimal():
            yield int(index)


def _boot() -> str:
    """What tells this boot of this machine from all others; empty (which never counts) where nothing does."""
    return (disk.read_or_none("/proc/sys/kernel/random/boot_id") or b"").decode("ascii").strip()


def _allocate(path: str, size: int) -> None:
    """A new file of this size, its room taken at once where the filesystem can."""
    disk.erase(path)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.posix_fallocate(descriptor, 0, size)
    except OSError as error:
        if error.errno not in (errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL):
            os.close(descriptor)
            disk.erase(path)
            raise
        os.ftruncate(descriptor, size)
        os.close(descriptor)
    else:
        os.close(descriptor)


def _sync(path: str) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
