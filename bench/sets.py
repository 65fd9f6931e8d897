"""The three sets of files that are fetched, made of random bytes that no two files share."""

import hashlib
import os
import shutil
import time
from dataclasses import dataclass

_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """So many files of so many bytes."""

    name: str
    title: str
    count: int
    size: int

    @property
    def bytes(self) -> int:
        """Of all of them together."""
        return self.count * self.size


def scaled(factor: float) -> tuple[Files, ...]:
    """The sets, smaller by a factor: the first and second in their sizes, the third in its number of files."""
    big, middle, many = round(4096 * factor), max(1, round(200 * factor)), max(1, round(20_000 * factor))
    return (
        Files(name="one", title=f"one file of {big:,} MiB", count=1, size=big << 20),
        Files(name="some", title=f"{middle:,} files of 16 MiB", count=middle, size=16 << 20),
        Files(name="many", title=f"{many:,} files of 8 KiB", count=many, size=8 << 10),
    )


def make(files: Files, folder: str) -> None:
    """Writes a set below the folder, a thousand files to a directory."""
    noise = os.urandom(_BLOCK)
    for number in range(files.count):
        directory = os.path.join(folder, files.name, f"{number // 1000:03}")
        os.makedirs(directory, exist_ok=True)
        with open(os.path.join(directory, f"{number:05}.bin"), "wb") as stream:
            for at in range(0, files.size, _BLOCK):
                block = b"%016d%016d" % (number, at) + noise[32:]
                stream.write(block[: files.size - at])


def held(files: Files, folder: str) -> int:
    """How many files of the right size are somewhere below the folder."""
    return sum(
        os.lstat(os.path.join(directory, name)).st_size == files.size
        for directory, _, names in os.walk(folder)
        for name in names
    )


def room_for(files: Files, work: str) -> str:
    """Where a set is made: in memory if that leaves as much again free, so that no disk is read meanwhile."""
    shared = "/dev/shm"  # noqa: S108 - memory, not a directory of other people's files
    enough = os.path.isdir(shared) and shutil.disk_usage(shared).free > files.bytes + (1 << 30)
    return shared if enough and _available() > 2 * files.bytes + (1 << 30) else work


def _available() -> int:
    with open("/proc/meminfo", encoding="ascii") as stream:
        rows = dict(line.split(":") for line in stream)
    return int(rows["MemAvailable"].split()[0]) << 10


def hashing(files: Files) -> float:
    """Seconds that one processor takes for the SHA-256 of so many bytes, from a quarter of a GiB."""
    block, sample = os.urandom(_BLOCK), 256
    running, begin = hashlib.sha256(), time.process_time()
    for _ in range(sample):
        running.update(block)
    return (time.process_time() - begin) * files.bytes / (sample * _BLOCK)
