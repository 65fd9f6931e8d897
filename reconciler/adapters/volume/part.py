"""A big file on its way: ranges written side by side into a file of the final size, resumed after a crash.

How far each range has come is noted once its bytes are written. A note counts within the boot of the machine in which
it was written, for then the kernel still has those bytes; and for good once they were synced, as they are whenever a
fetch ends in order.
"""

import contextlib
import errno
import hashlib
import os
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Self

from reconciler.adapters.volume import disk
from reconciler.core.digest import Digest

RANGE = 32 << 20
"""Bytes of a range (download-facts)."""

_NOTED = 4 << 20
"""Bytes of a range that come between two notes: what is lost of each range if the process is killed."""

_HASHED = 256 << 10
"""Bytes that are hashed together: they stay in the processor's cache."""

_SYNCED = "synced"
_NUMBER = re.compile("[0-9]{1,19}")


@dataclass(frozen=True, slots=True)
class Part:
    """The half-made file at `path`, of so many bytes; `reached`: the first byte that a range lacks, by its number.

    `stale`: the source has another version by now, so that nobody will go on from here.
    """

    path: str
    size: int
    reached: dict[int, int] = field(default_factory=dict)
    guard: threading.Lock = field(default_factory=threading.Lock)
    stale: threading.Event = field(default_factory=threading.Event)

    @classmethod
    def open(cls, path: str, size: int) -> Self:
        """The file, as far as it was received before. Raises OSError (ENOSPC) if there is no room for all of it."""
        fresh = not disk.is_plain(path) or os.lstat(path).st_size != size
        if fresh:
            disk.erase(_note(path))
            _allocate(path, size)
        part = cls(path, size)
        for first, reached in _noted(_note(path)):
            part._come_to(first, reached)
        return part

    @property
    def count(self) -> int:
        """How many ranges there are."""
        return -(-self.size // RANGE)

    @property
    def here(self) -> int:
        """How many bytes have come."""
        return sum(reached - index * RANGE for index, reached in self.reached.items())

    def lacks(self, index: int) -> bool:
        """Whether anything of the range is still to come."""
        return self.reached.get(index) != self.bounds(index)[1]

    def bounds(self, index: int) -> tuple[int, int]:
        """The first byte of a range, and the first after it."""
        return index * RANGE, min(self.size, (index + 1) * RANGE)

    def receive(self, index: int, blocks: Callable[[int, int], Iterator[bytes]]) -> None:
        """Writes what a range lacks from `blocks(first, past)`, which must give all of these bytes or raise."""
        start, past = self.bounds(index)
        noted = first = self.reached.get(index, start)
        descriptor = disk.own(self.path, os.O_WRONLY)
        try:
            for block in blocks(first, past):
                disk.write(descriptor, block, first)
                first += len(block)
                if first - noted >= _NOTED:
                    noted = self._note(index, first, _boot())
        finally:
            os.close(descriptor)
            self._note(index, first, _boot())
        if not any(map(self.lacks, range(self.count))):
            _sync(self.path)  # now, beside the hashing, which ends later

    def digest(self, ready: Callable[[int], None]) -> Digest:
        """The digest of the whole, hashed in order; `ready(index)` returns when that range is whole, or raises."""
        running = hashlib.sha256()
        with open(self.path, "rb", buffering=0, opener=disk.own) as stream:
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
            for index, reached in sorted(self.reached.items()):
                self._note(index, reached, _SYNCED)
            _sync(_note(self.path))

    def finish(self) -> None:
        """Seals the whole file for its final name."""
        with open(self.path, "rb", opener=disk.own) as stream:
            disk.seal(stream.fileno())
        disk.erase(_note(self.path))

    def _note(self, index: int, reached: int, since: str) -> int:
        with self.guard, open(_note(self.path), "a", encoding="ascii", opener=disk.own) as stream:
            self.reached[index] = reached
            stream.write(f"{index * RANGE} {reached} {since}\n")
        return reached

    def _come_to(self, first: int, reached: int) -> None:
        """Takes a note in, unless it is of ranges of another size, or says nothing new."""
        index, rest = divmod(first, RANGE)
        if not rest and index < self.count:
            reached = min(reached, self.bounds(index)[1])
            self.reached[index] = max(reached, self.reached.get(index, first))


def _note(path: str) -> str:
    return path + ".ranges"


def _noted(path: str) -> Iterator[tuple[int, int]]:
    """The first byte of a range, and how far it has come, of each note that still counts. A line cut off does not."""
    boots = (_SYNCED, _boot())
    for line in (disk.read_or_none(path) or b"").decode("ascii", "replace").splitlines():
        first, _, rest = line.partition(" ")
        reached, _, since = rest.partition(" ")
        if since in boots and _NUMBER.fullmatch(first) and _NUMBER.fullmatch(reached):
            yield int(first), int(reached)


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
