"""One run at a time on a volume: flock, which the kernel lets go of when its holder dies, however it dies."""

import contextlib
import fcntl
import json
import os
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import IO

from reconciler.adapters.volume import disk
from reconciler.adapters.volume.places import Places
from reconciler.core.errors import LockedError, Reason
from reconciler.core.jsonvalue import parsed


@contextlib.contextmanager
def hold(places: Places, owner: str) -> Iterator[None]:
    """Holds the volume's lock. Raises LockedError at once if another run holds it."""
    places.prepare()
    with disk.translated(f"lock the volume {places.root}"):
        stream = _locked_file(places, owner)
    with stream:
        yield


def _locked_file(places: Places, owner: str) -> IO[bytes]:
    path = places.below("lock")
    stream = open(path, "a+b", buffering=0, opener=disk.own)  # noqa: SIM115 - the lock lives as long as the file is open
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        holder = {"host": socket.gethostname(), "pid": os.getpid(), "owner": owner, "since": _now()}
        stream.truncate(0)
        stream.write(json.dumps(holder).encode())
    except BlockingIOError as error:
        stream.close()
        raise _locked(places.root, path) from error
    except OSError:
        stream.close()
        raise
    return stream


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _locked(root: str, path: str) -> LockedError:
    hint = "Wait for it to end. If it is dead the lock is free already: the kernel releases it."
    return LockedError(Reason.LOCKED, f"the volume {root} is in use by {_holder(path)}", hint)


def _holder(path: str) -> str:
    try:
        found = parsed(disk.read_or_none(path) or b"")
        return f"{found['owner']} (process {found['pid']} on {found['host']}) since {found['since']}"
    except (ValueError, KeyError, TypeError):
        return "another run"
