"""The memo of a volume: what earlier runs worked out, in one file that may be deleted at any time (docs/adr/0011).

Promise: what is read is what a run of this very program wrote whole, as this user; anything else counts as nothing, and
no trouble with the file is ever an error.
"""

import contextlib
import fcntl
import hashlib
import json
import os
import sys

import google.protobuf
import yaml

from reconciler import core
from reconciler.adapters.volume.places import Places
from reconciler.core.jsonvalue import JsonObject, parsed
from reconciler.core.memo import Memo

_LARGEST = 256 << 20
"""Bytes of a file that is read."""


def recalled(root: str | None) -> Memo:
    """What the volume remembers; nothing where there is no volume or no such file."""
    if not root:
        return Memo()
    try:
        with open(_path(root), "rb", opener=_opener) as stream:
            return Memo(_rows(stream.fileno(), stream.read(_LARGEST)))
    except (OSError, ValueError, KeyError, TypeError):
        return Memo()


def keep(root: str | None, memo: Memo) -> None:
    """Notes what this run knows, if that is more or far less than was noted, on a volume that is ours already."""
    if not root or not memo.changed or not os.path.isdir(Places(root).ours):
        return
    body = json.dumps({"program": _program(), "rows": memo.rows}, separators=(",", ":")).encode()
    with contextlib.suppress(OSError):
        _write(_path(root), hashlib.sha256(body).hexdigest().encode() + b"\n" + body)


def _write(path: str, content: bytes) -> None:
    """One writer at a time: another one that comes meanwhile leaves it be."""
    beside = f"{path}.next"
    with open(beside, "r+b", opener=_creator) as stream:
        fcntl.flock(stream.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        stream.truncate()
        stream.write(content)
        stream.flush()
        os.replace(beside, path)


def _path(root: str) -> str:
    return Places(root).below("memo.json")


def _opener(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)


def _creator(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)


def _rows(descriptor: int, content: bytes) -> JsonObject:
    """Raises OSError, ValueError, KeyError or TypeError for what this user's same program has not written."""
    status = os.fstat(descriptor)
    if status.st_uid != os.geteuid() or status.st_mode & 0o022:
        raise PermissionError
    digest, _, body = content.partition(b"\n")
    if hashlib.sha256(body).hexdigest().encode() != digest:
        raise ValueError
    raw = parsed(body)
    if raw["program"] != _program() or not isinstance(raw["rows"], dict):
        raise ValueError
    rows: JsonObject = raw["rows"]
    return rows


def _program() -> str:
    """What decides what is worked out: this program's own text, and that of what it reads YAML and protobuf with."""
    running = hashlib.sha256(f"{sys.version} {yaml.__version__} {google.protobuf.__version__}".encode())
    for folder in (*core.__path__, os.path.dirname(__file__)):
        for above, _, names in sorted(os.walk(folder)):
            for name in sorted(names):
                if name.endswith(".py"):
                    with open(os.path.join(above, name), "rb") as stream:
                        running.update(stream.read())
    return running.hexdigest()
