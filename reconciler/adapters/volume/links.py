"""`models/<name>`: our link, our directory where links do not work, or somebody else's.

Promise: an entry changes by one rename (without links: by two, with the mark written before), nothing half-made is
ever inside models/, and what is foreign is not touched.
"""

import errno
import logging
import os
import time
import uuid
from collections.abc import Iterator

from reconciler.adapters.volume import disk
from reconciler.adapters.volume.places import Places, link_target, linked_generation
from reconciler.core.digest import Generation, is_digest
from reconciler.core.errors import Reason, TerminalError
from reconciler.core.observed import ForeignEntry

_NO_LINKS = frozenset(
    {errno.EPERM, errno.EACCES, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL, errno.EXDEV, errno.EMLINK}
)
"""What filesystems say that have none: FAT, SMB and network shares, FUSE without the call."""

_log = logging.getLogger(__name__)


class Links:
    """The entries of models/. `works`: whether the filesystem has links; None to find out when first needed."""

    def __init__(self, places: Places, works: bool | None) -> None:
        self._places = places
        self._works = works

    def names(self) -> Iterator[str]:
        """Every name in models/."""
        return (entry.name for entry in disk.entries(self._places.models))

    def at(self, name: str) -> Generation | ForeignEntry | None:
        """What is there: ours, foreign or nothing."""
        path = self._places.model(name)
        target = _link_text(path)
        if target is not None:
            elsewhere = ForeignEntry(kind=f"link to {target}", adoptable=os.path.isdir(path))
            return linked_generation(target) or elsewhere
        if not os.path.isdir(path):
            return ForeignEntry(kind="file") if os.path.lexists(path) else None
        mark = (disk.read_or_none(self._places.mark(name)) or b"").decode(errors="replace")
        return Generation(mark) if is_digest(mark) else ForeignEntry(kind="directory", adoptable=True)

    def ours(self, name: str) -> Generation | None:
        """The generation that is there. Raises TerminalError(FOREIGN) if it is not ours."""
        found = self.at(name)
        if isinstance(found, ForeignEntry):
            words = f"models/{name} on {self._places.root} is a {found.kind} that this program did not make"
            hint = "Move it away, leave the model out of this target, or take it over with `apply --adopt`."
            raise TerminalError(Reason.FOREIGN, words, hint)
        return found

    def home(self, name: str, generation: Generation) -> str:
        """Where the tree of an entry lies: the directory itself where there is one, else what the link names."""
        path = self._places.model(name)
        return self._places.tree(generation) if os.path.islink(path) else path

    def point(self, name: str, generation: Generation, workshop: str) -> None:
        """Makes the link name this tree, and the tree newer than whatever Triton has seen."""
        if self.ours(name) != generation:
            beside = os.path.join(workshop, "link")
            disk.erase(beside)
            os.symlink(link_target(generation), beside)
            os.rename(beside, self._places.model(name))
        self.touch(name)

    def touch(self, name: str) -> None:
        """Gives the tree the time of now: Triton reloads only what is newer than at its last load (§0.1)."""
        now = time.time_ns()
        os.utime(self._places.model(name), ns=(now, now))
        disk.sync_directory(self._places.models)

    def move_in(self, name: str, generation: Generation, built: str, workshop: str) -> None:
        """Makes a finished directory the entry, where links do not work."""
        self.ours(name)
        os.makedirs(self._places.below("active"), disk.WRITABLE, exist_ok=True)
        mark = os.path.join(workshop, "mark")
        disk.erase(mark)
        disk.receive([generation.encode()], mark)
        os.rename(mark, self._places.mark(name))
        self._move_out(name, workshop)
        os.rename(built, self._places.model(name))
        os.chmod(self._places.model(name), disk.READ_ONLY)
        self.touch(name)

    def remove(self, name: str, workshop: str) -> None:
        """Takes our entry away."""
        if os.path.islink(self._places.model(name)):
            os.unlink(self._places.model(name))
        else:
            self._move_out(name, workshop)
            disk.erase(self._places.mark(name))
        disk.sync_directory(self._places.models)

    def work(self, workshop: str) -> bool:
        """Whether symbolic and hard links work here; tried until that is known. Raises OSError."""
        if self._works is None:
            self._works = _probe(workshop)
            if not self._works:
                words = "the volume %s has no links: trees are copied, and directories are renamed into place"
                _log.warning(words, self._places.root)
        return self._works

    def _move_out(self, name: str, workshop: str) -> None:
        path = self._places.model(name)
        if os.path.isdir(path):
            os.chmod(path, disk.WRITABLE)  # a directory must be writable to be moved
            os.rename(path, os.path.join(workshop, f"old-{uuid.uuid4().hex}"))


def _link_text(path: str) -> str | None:
    """What a link says; None if there is no link, or no longer."""
    try:
        return os.readlink(path)
    except OSError as error:
        if error.errno in (errno.EINVAL, errno.ENOENT):
            return None
        raise


def _probe(workshop: str) -> bool:
    first, hard, soft = (os.path.join(workshop, name) for name in ("probe", "probe-hard", "probe-soft"))
    try:
        disk.receive([b"probe"], first)
        os.link(first, hard)
        os.symlink("probe", soft)
        return os.path.samefile(first, hard) and os.readlink(soft) == "probe"
    except OSError as error:
        if error.errno in _NO_LINKS:
            return False
        raise  # a full or broken disk says nothing about links
