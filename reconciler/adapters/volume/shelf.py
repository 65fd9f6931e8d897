"""The parts of one volume, together."""

import os
from dataclasses import dataclass, replace
from typing import Self

from reconciler.adapters.sources import Sources
from reconciler.adapters.volume import disk
from reconciler.adapters.volume.blobs import Blobs
from reconciler.adapters.volume.links import Links
from reconciler.adapters.volume.memory import Memory
from reconciler.adapters.volume.places import Places
from reconciler.core.digest import Digest, FileDigest, parse_manifest


@dataclass(frozen=True, slots=True)
class Shelf:
    """A volume's parts."""

    places: Places
    blobs: Blobs
    links: Links
    memory: Memory
    sources: Sources

    def read_through(self) -> Self:
        """The same, where no blob counts as whole that was not read."""
        return replace(self, blobs=self.blobs.read_through())

    def by_manifest(self, tree: Digest) -> tuple[FileDigest, ...] | None:
        """The files that a tree digest stands for, if its manifest and all of its blobs' sizes are known."""
        text = self.blobs.read(tree)
        if text is None:
            return None
        try:
            rows = parse_manifest(text)
        except ValueError:
            return None
        sizes = self.memory.sizes(tree) or self._measured(set(rows.values()))
        if not rows or not sizes.keys() >= set(rows.values()):
            return None
        return tuple(FileDigest(path=path, size=sizes[digest], digest=digest) for path, digest in rows.items())

    def lacking(self, files: tuple[FileDigest, ...]) -> frozenset[Digest]:
        """Which contents are not blobs yet, or no longer whole."""
        return frozenset(file.digest for file in files if not self.blobs.sound(file.digest, file.size))

    def _measured(self, digests: set[Digest]) -> dict[Digest, int]:
        """Sizes by reading, where nobody remembers them: a blob's own size could be a lie."""
        return {d: disk.size_of(self.blobs.path(d)) for d in digests if self.blobs.sound(d, None)}


def open_shelf(root: str, sources: Sources, *, links: bool | None) -> Shelf:
    """The volume at `root`. Raises TerminalError(VOLUME_UNUSABLE) if it is not a directory."""
    places = Places(os.path.abspath(root))
    places.check()
    return Shelf(places, Blobs(places), Links(places, links), Memory(places), sources)
