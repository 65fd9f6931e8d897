"""Files kept once by content: of models, of manifests (named by tree digests) and of tree documents (generations)."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from reconciler.adapters.volume import disk
from reconciler.adapters.volume.places import Places, digest_named
from reconciler.adapters.volume.proofs import Proofs
from reconciler.core import digest as digests
from reconciler.core.artifact import Tree, parse_document
from reconciler.core.digest import Digest, Generation

_AT_ONCE = 4
"""Files that are read at once."""


class Blobs:
    """The blobs of a volume. `thorough`: each is read, once in a pass, before it counts as whole."""

    def __init__(self, places: Places, proofs: Proofs | None = None, *, thorough: bool = False) -> None:
        self._places = places
        self.proofs = Proofs() if proofs is None else proofs
        self.thorough = thorough

    def read_through(self) -> "Blobs":
        """The same, by reading."""
        return Blobs(self._places, self.proofs, thorough=True)

    def path(self, digest: Digest) -> str:
        """Where the blob lies, or would."""
        return self._places.blob(digest)

    def sizes(self) -> dict[Digest, int]:
        """Every blob with its size in bytes."""
        found: dict[Digest, int] = {}
        for shard in disk.entries(self._places.below("blobs")):
            for entry in disk.entries(shard.path) if shard.is_dir(follow_symlinks=False) else ():
                digest = digest_named(entry.name)
                if digest is not None and entry.is_file(follow_symlinks=False):
                    found[digest] = _size(entry)
        return found

    def damaged(self) -> frozenset[Digest]:
        """Those that are not what their name says; each is read, a few at a time."""
        names = [*self.sizes()]
        with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="verify") as pool:
            return frozenset(name for name, whole in zip(names, pool.map(self.true, names), strict=True) if not whole)

    def sound(self, digest: Digest, size: int | None) -> bool:
        """Whether the blob is there and whole.

        By size and mtime; read only where those do not tell, for somebody wrote to it or the size is not known, and by
        who is thorough.
        """
        path = self._places.blob(digest)
        try:
            status = os.lstat(path)
        except FileNotFoundError:
            return False
        if size is not None and status.st_size != size:
            return False
        by_mtime = size is not None and status.st_mtime_ns == disk.PAST and not self.thorough
        return by_mtime or self.proofs.holds(path, digest)

    def true(self, digest: Digest) -> bool:
        """Whether the blob is there and has the content of its name, by reading it."""
        path = self._places.blob(digest)
        return os.path.isfile(path) and self.proofs.holds(path, digest)

    def read(self, digest: Digest) -> bytes | None:
        """The content, None if it is lost or not what its name says."""
        content = disk.read_or_none(self._places.blob(digest))
        return content if content is not None and digests.of_bytes(content) == digest else None

    def document(self, generation: Generation) -> Tree | None:
        """What a tree must hold, None if its document is lost."""
        text = self.read(Digest(generation))
        try:
            return None if text is None else parse_document(text)
        except (ValueError, KeyError, TypeError):
            return None

    def place(self, path: str, digest: Digest) -> None:
        """Gives a finished file, whose content was hashed, its final name.

        A blob that is there and whole stays, for trees may be linked to it.
        """
        final = self._places.blob(digest)
        if os.path.lexists(final) and self.sound(digest, disk.size_of(path)):
            os.unlink(path)
        else:
            self._name(path, final, digest)

    def _name(self, path: str, final: str, digest: Digest) -> None:
        try:
            os.rename(path, final)
        except FileNotFoundError:
            os.makedirs(os.path.dirname(final), disk.WRITABLE, exist_ok=True)
            os.rename(path, final)
        self.proofs.note(final, digest)

    def link(self, digest: Digest, final: str, link: Callable[[str, str], None]) -> None:
        """Gives a blob one more name by `link`. That changes its ctime, and nothing of what was proven."""
        path = self._places.blob(digest)
        proven = self.proofs.proven(path, digest)
        link(path, final)
        if proven:
            self.proofs.note(path, digest)

    def keep(self, content: bytes, workshop: str) -> Digest:
        """Makes the content a blob. One that was damaged makes way, whatever its size and mtime say: it was read."""
        digest = digests.of_bytes(content)
        if self.read(digest) is None:
            path = os.path.join(workshop, digests.hexdigits(digest))
            disk.receive([content], path)
            self._name(path, self._places.blob(digest), digest)
            self.sync([digest])
        return digest

    def sync(self, placed: list[Digest]) -> None:
        """Makes the names of blobs durable."""
        for shard in {digests.hexdigits(digest)[:2] for digest in placed}:
            disk.sync_directory(self._places.shard(shard))
        disk.sync_directory(self._places.below("blobs"))

    def drop(self, digest: Digest) -> None:
        """Removes a blob."""
        disk.erase(self._places.blob(digest))


def _size(entry: os.DirEntry[str]) -> int:
    try:
        return entry.stat(follow_symlinks=False).st_size
    except FileNotFoundError:
        return 0
