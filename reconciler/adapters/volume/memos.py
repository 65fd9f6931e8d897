"""The memo of a volume: what earlier runs worked out, in one file that may be deleted at any time (docs/adr/0011).

Promise: what is read is what a run of this very program wrote whole, as this user; anything else counts as nothing, and
no trouble with the file is ever an error.
"""

import contextlib
import fcntl
import hashlib
import os
from collections.abc import Iterator
from typing import BinaryIO

from reconciler.adapters.volume import disk
from reconciler.adapters.volume.places import Places
from reconciler.adapters.volume.program import program
from reconciler.core.memo import Memo

_LARGEST = 256 << 20
"""Bytes of a file that is read."""


MEMO, QUIET = "memo.json", "quiet.json"
"""Files: what was worked out from contents; plans that have nothing to do, which make the former needless."""


def recalled(root: str | None, name: str = MEMO) -> Memo:
    """What the volume remembers; nothing where there is no volume or no such file."""
    if not root:
        return Memo()
    try:
        with open(_path(root, name), "rb", opener=_opener) as stream:
            return Memo(_rows(stream))
    except (OSError, ValueError, TypeError):
        return Memo()


def keep(root: str | None, memo: Memo, name: str = MEMO) -> None:
    """Notes what this run knows, if that is more or far less than was noted, on a volume that is ours already."""
    if root and memo.changed and os.path.isdir(Places(root).ours):
        with contextlib.suppress(OSError):
            _write(_path(root, name), memo)


def _write(path: str, memo: Memo) -> None:
    """One writer at a time: another one that comes meanwhile leaves it be."""
    beside, running = f"{path}.next", hashlib.sha256()
    with open(beside, "r+b", opener=_creator) as stream:
        fcntl.flock(stream.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        stream.truncate()
        for line in _lines(memo):
            running.update(line)
            stream.write(line)
        stream.write(running.hexdigest().encode())
        stream.flush()
        os.replace(beside, path)


def _lines(memo: Memo) -> Iterator[bytes]:
    """Row by row, as all of it at once would take much memory: the program, a row on each line, and all that hashed."""
    yield f"{program()}\n".encode()
    for name, value in memo.rows.items():
        yield b"%s\t%s\n" % (name.encode(), value)


def _path(root: str, name: str) -> str:
    return Places(root).below(name)


def _opener(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)


def _creator(path: str, flags: int) -> int:
    return disk.own(path, flags | os.O_CREAT)


def _rows(stream: BinaryIO) -> dict[str, bytes]:
    """Raises OSError, ValueError or TypeError for what this user's same program has not written."""
    status = os.fstat(stream.fileno())
    if status.st_uid != os.geteuid() or status.st_mode & 0o022 or status.st_size > _LARGEST:
        raise PermissionError
    rows: dict[str, bytes] = {}
    line = stream.readline()
    if line != f"{program()}\n".encode():
        raise ValueError
    running = hashlib.sha256(line)
    while b"\t" in (line := stream.readline()):
        running.update(line)
        name, _, value = line.rstrip(b"\n").partition(b"\t")
        rows[name.decode()] = value
    if line != running.hexdigest().encode() or stream.read(1):
        raise ValueError
    return rows
