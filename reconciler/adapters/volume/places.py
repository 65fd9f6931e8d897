"""Where everything lies on a volume (spec §3), and half-made things."""

import contextlib
import os
import re
import stat
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass

from reconciler.adapters.volume import disk
from reconciler.core.digest import Digest, Generation, hexdigits
from reconciler.core.errors import Reason, TerminalError

_TARGET = re.compile(r"\.\./\.reconciler/trees/([0-9a-f]{64})")
_HEX = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Places:
    """The paths of a volume."""

    root: str

    @property
    def models(self) -> str:
        """What Triton is started on."""
        return os.path.join(self.root, "models")

    @property
    def ours(self) -> str:
        """Everything else."""
        return os.path.join(self.root, ".reconciler")

    def below(self, *names: str) -> str:
        """A path below our own directory."""
        return os.path.join(self.ours, *names)

    def model(self, name: str) -> str:
        """The entry of a model."""
        return os.path.join(self.models, name)

    def blob(self, digest: Digest) -> str:
        """A file by its content."""
        digits = hexdigits(digest)
        return f"{self.shard(digits[:2])}/{digits}"

    def shard(self, digits: str) -> str:
        """The directory of all blobs whose digests begin with these two digits."""
        return f"{self.root}/.reconciler/blobs/{digits}"

    def tree(self, generation: Generation) -> str:
        """A tree by its generation."""
        return self.below("trees", hexdigits(generation))

    def mends(self, generation: Generation) -> str:
        """How often a tree was mended: a file with the number, none for never."""
        return self.below("mends", hexdigits(generation))

    def mark(self, name: str) -> str:
        """Which generation a model's directory is, on a filesystem without links."""
        return self.below("active", name)

    @property
    def aside_folder(self) -> str:
        """Where foreign directories are whose names our links have taken, until these are served."""
        return self.below("adopted")

    def aside(self, name: str) -> str:
        """Where a model's own directory is set aside."""
        return os.path.join(self.aside_folder, name)

    def room(self) -> int:
        """Bytes that there are for what is to be fetched: files that are half here have theirs. Raises OSError."""
        half = (entry for entry in disk.entries(self.below("partial")) if entry.is_file())
        return disk.free_bytes(self.root) + sum(disk.taken_bytes(entry.path) for entry in half)

    def check(self) -> None:
        """Raises TerminalError(VOLUME_UNUSABLE) if there is no volume."""
        with disk.translated(f"look at the volume {self.root}"):
            kind = _kind(self.root)
        if kind != stat.S_IFDIR:
            what = "is not a directory" if kind else "does not exist"
            hint = (
                "Create it or mount it: it is never created here, for a missing mount must not look like an empty one."
            )
            raise TerminalError(Reason.VOLUME_UNUSABLE, f"the volume {self.root} {what}", hint)

    def prepare(self) -> None:
        """Makes the directories that every write needs, durable. Raises TerminalError or TransientError."""
        self.check()
        ours = (self.below(name) for name in ("blobs", "trees", "partial", "fingerprints", "mends"))
        with disk.translated(f"write to the volume {self.root}"):
            missing = [path for path in (self.models, self.ours, *ours) if not os.path.isdir(path)]
            for path in missing:
                os.makedirs(path, disk.WRITABLE, exist_ok=True)  # whatever the umask is, nobody else writes here
            for above in (self.ours, self.root) if missing else ():
                disk.sync_directory(above)

    @contextlib.contextmanager
    def workshop(self) -> Iterator[str]:
        """A directory of its own for half-made things, gone afterwards."""
        self.prepare()
        path = tempfile.mkdtemp(dir=self.below("partial"))
        try:
            yield path
        finally:
            disk.erase(path)


def git_cache(root: str | None, *, create: bool) -> str | None:
    """Where git may keep what it fetched; None where there is no volume, or nothing can be written on it.

    `create`: on a volume that nothing was written on yet, too.
    """
    if not root or not os.path.isdir(root):
        return None
    ours = Places(root).ours
    above = root if create and not os.path.lexists(ours) else ours
    return Places(root).below("git") if os.access(above, os.W_OK | os.X_OK) else None


def _kind(path: str) -> int:
    """The file type, 0 if there is nothing. Raises OSError where that cannot be told."""
    try:
        return stat.S_IFMT(os.stat(path).st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return 0


def link_target(generation: Generation) -> str:
    """The text of our links: relative, so that the volume may be mounted anywhere."""
    return f"../.reconciler/trees/{hexdigits(generation)}"


def linked_generation(target: str) -> Generation | None:
    """The generation that a link's text names, None if it is not ours."""
    match = _TARGET.fullmatch(target)
    return Generation("sha256:" + match[1]) if match else None


def generation_named(name: str) -> Generation | None:
    """The generation that a directory in trees/ is named by."""
    return Generation("sha256:" + name) if _HEX.fullmatch(name) else None


def digest_named(name: str) -> Digest | None:
    """The digest that a file in blobs/ is named by."""
    return Digest("sha256:" + name) if _HEX.fullmatch(name) else None
