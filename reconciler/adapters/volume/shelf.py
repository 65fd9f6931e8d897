"""The parts of one volume, together, and what resolving and fetching share."""

import os
from collections.abc import Iterator
from dataclasses import dataclass

from reconciler.adapters.sources import Listed, Sources, Store, shown
from reconciler.adapters.volume import disk
from reconciler.adapters.volume.blobs import Blobs
from reconciler.adapters.volume.links import Links
from reconciler.adapters.volume.memory import Memory
from reconciler.adapters.volume.places import Places
from reconciler.core.digest import Digest, FileDigest, parse_manifest, tree_digest
from reconciler.core.errors import Reason, TerminalError, TransientError
from reconciler.core.spec import Source

_AGAIN = "Nothing of it was kept; the next pass fetches it again."


@dataclass(frozen=True, slots=True)
class Shelf:
    """A volume's parts."""

    places: Places
    blobs: Blobs
    links: Links
    memory: Memory
    sources: Sources

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


def verify(source: Source, files: tuple[FileDigest, ...]) -> Digest:
    """The tree digest. Raises TerminalError(DIGEST_MISMATCH) if the source is pinned to another."""
    found = tree_digest(files)
    if source.digest is not None and found != source.digest:
        words = f"{shown(source.uri)} holds {found}, but {source.digest} is expected"
        hint = "Either the source was changed, or `digest` in the spec is out of date: then write the one found there."
        raise TerminalError(Reason.DIGEST_MISMATCH, words, hint)
    return found


def whole(store: Store, file: Listed, first: int = 0, past: int | None = None) -> Iterator[bytes]:
    """The file's blocks, or those of a part. Raises TransientError if they are not as many bytes as were listed."""
    expected = file.size if past is None else past
    count = first
    for block in store.blocks(file, first, past):
        count += len(block)
        if expected is not None and count > expected:  # before they are written: beyond a range lies the next one
            words = f"more bytes of {file.path} came than the {expected} that were expected"
            raise TransientError(Reason.SOURCE_UNREADABLE if file.fingerprint else Reason.SOURCE_CHANGED, words, _AGAIN)
        yield block
    if expected is not None and count < expected:
        words = f"{file.path} came truncated: {count} of {expected} bytes"
        raise TransientError(Reason.SOURCE_UNREADABLE, words, _AGAIN)
