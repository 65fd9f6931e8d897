"""What a volume remembers of git: the last trusted revision and who may sign the next one, in one file.

It is no state of models: those are looked at. It is here because who can write to git must not be able to change it.
"""

import errno
import os
import tempfile

from reconciler.adapters.volume import disk
from reconciler.adapters.volume.places import Places

_MODE = 0o600


def path_of(root: str) -> str:
    """Where it is, for messages."""
    return Places(root).below("trusted.json")


def exists(root: str) -> bool:
    """Whether anything was kept, or might have been."""
    return os.path.lexists(path_of(root))


def read(root: str) -> bytes | None:
    """What was kept, None if nothing was yet. Raises TerminalError or TransientError if that cannot be told."""
    with disk.translated(f"read {path_of(root)}"):
        return _read(path_of(root))


def keep(root: str, content: bytes) -> None:
    """Keeps this instead of what was kept before, durably; nobody else may read it. The caller holds the lock."""
    path = path_of(root)
    with disk.translated(f"write {path}"):
        if _read(path) == content:
            return
        descriptor, beside = tempfile.mkstemp(dir=Places(root).ours, prefix=".trusted-")  # for its owner only
        try:
            with open(descriptor, "wb") as stream:
                stream.write(content)
                stream.flush()
                os.fchmod(stream.fileno(), _MODE)
                os.fsync(stream.fileno())
            os.replace(beside, path)
        except BaseException:
            disk.erase(beside)
            raise
        disk.sync_directory(Places(root).ours)


def _read(path: str) -> bytes | None:
    """Raises OSError for what others could have written: it says whom to trust."""
    try:
        with open(path, "rb", opener=disk.own) as stream:
            status, folder = os.fstat(stream.fileno()), os.stat(os.path.dirname(path))
            if status.st_uid not in (os.geteuid(), folder.st_uid) or status.st_mode & 0o022:  # a NAS may give it away
                raise OSError(errno.ELOOP, "somebody else owns it or may write it, so it says nothing of trust", path)
            return stream.read()
    except (FileNotFoundError, NotADirectoryError):
        return None
