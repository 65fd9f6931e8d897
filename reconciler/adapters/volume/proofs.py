"""What was read in this pass and found to be what its name says, so that it is not read twice.

Promise: proof is of a file as it stands, by inode, size, mtime and ctime. Whoever writes to it or gives it other times
ends it, and with the pass all of it is forgotten: nothing is proven for ever.
"""

import os
import stat

from reconciler.adapters.volume import disk
from reconciler.core.digest import Digest

_Stand = tuple[int, int, int, Digest]


class Proofs:
    """The proofs of one pass, safe to use from several threads."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, int], _Stand] = {}

    def holds(self, path: str, digest: Digest) -> bool:
        """Whether a file has this content, by reading it where that is not proven. Raises OSError."""
        before = os.lstat(path)
        if self._known.get(_which(before)) == _stand(before, digest):
            return True
        if disk.hash_file(path) != digest:
            return False
        if stat.S_ISREG(before.st_mode) and _stand(os.lstat(path), digest) == _stand(before, digest):
            self._known[_which(before)] = _stand(before, digest)
        return True

    def proven(self, path: str, digest: Digest) -> bool:
        """Whether that is known without reading it. Raises OSError."""
        status = os.lstat(path)
        return self._known.get(_which(status)) == _stand(status, digest)

    def note(self, path: str, digest: Digest) -> None:
        """Takes it from a caller that has seen all of the content. Raises OSError."""
        status = os.lstat(path)
        self._known[_which(status)] = _stand(status, digest)


def _which(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino


def _stand(status: os.stat_result, digest: Digest) -> _Stand:
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns, digest
