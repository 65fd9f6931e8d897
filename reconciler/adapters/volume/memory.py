"""What was learnt of sources: which digest a file had under which fingerprint, so that it need not be read again.

A cache: each file may be deleted at any time, and what cannot be understood counts as not known.
"""

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from reconciler.adapters.sources import Listed
from reconciler.adapters.volume import disk
from reconciler.adapters.volume.places import Places
from reconciler.core import digest as digests
from reconciler.core.digest import Digest, FileDigest, is_digest
from reconciler.core.jsonvalue import canonical


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A listed file with the digest that its content had."""

    fingerprint: str
    file: FileDigest


@dataclass(frozen=True, slots=True, kw_only=True)
class Recollection:
    """What is known of one source: its files by path, and the members if it is an archive."""

    files: Mapping[str, Seen] = field(default_factory=dict)
    members: tuple[FileDigest, ...] = ()

    def digest_of(self, listed: Listed) -> FileDigest | None:
        """The file as it was seen, if it still is the same."""
        seen = self.files.get(listed.path)
        same = seen is not None and seen.fingerprint == listed.fingerprint and listed.size in (None, seen.file.size)
        return seen.file if seen is not None and same else None


class Memory:
    """The recollections of a volume."""

    def __init__(self, places: Places) -> None:
        self._places = places

    def recall(self, identity: tuple[str, ...]) -> Recollection:
        """What is known of the source with this identity."""
        try:
            raw = json.loads(disk.read_or_none(self._path(identity)) or b"{}")
            files = {path: Seen(fingerprint=row[0], file=_file(path, row[1:])) for path, row in raw["files"].items()}
            return Recollection(files=files, members=tuple(_file(row[0], row[1:]) for row in raw["members"]))
        except (ValueError, KeyError, TypeError, IndexError, AttributeError):
            return Recollection()

    def keep(self, identity: tuple[str, ...], found: Recollection, workshop: str) -> None:
        """Remembers this instead of what was known before."""
        files = {path: [seen.fingerprint, seen.file.size, str(seen.file.digest)] for path, seen in found.files.items()}
        members = [[member.path, member.size, str(member.digest)] for member in found.members]
        self._write(
            self._path(identity), json.dumps({"files": files, "members": members}, sort_keys=True).encode(), workshop
        )

    def sizes(self, tree: Digest) -> Mapping[Digest, int]:
        """Sizes of the blobs that a manifest names, as far as they are known."""
        try:
            raw = json.loads(disk.read_or_none(self._sizes_path(tree)) or b"{}")
            return {Digest(digest): int(size) for digest, size in raw.items()}
        except (ValueError, TypeError, AttributeError):
            return {}

    def keep_sizes(self, tree: Digest, files: Iterable[FileDigest], workshop: str) -> None:
        """Remembers the sizes of a manifest's blobs."""
        content = canonical({str(file.digest): file.size for file in files})
        self._write(self._sizes_path(tree), content, workshop)

    def forget_sizes(self, tree: Digest) -> None:
        """Drops what goes with a manifest."""
        disk.erase(self._sizes_path(tree))

    def partial(self, identity: tuple[str, ...]) -> str:
        """Where a file with this identity is while it is half here."""
        return self._places.below("partial", digests.hexdigits(digests.of_bytes(json.dumps(identity).encode())))

    def _path(self, identity: tuple[str, ...]) -> str:
        return self._places.below("fingerprints", digests.hexdigits(digests.of_bytes(json.dumps(identity).encode())))

    def _sizes_path(self, tree: Digest) -> str:
        return self._places.below("fingerprints", digests.hexdigits(tree) + ".sizes")

    def _write(self, path: str, content: bytes, workshop: str) -> None:
        if disk.read_or_none(path) == content:
            return
        beside = os.path.join(workshop, os.path.basename(path))
        disk.erase(beside)
        disk.receive([content], beside)
        os.rename(beside, path)


def _file(path: str, row: list[object]) -> FileDigest:
    size, digest = row
    if not isinstance(size, int) or not isinstance(digest, str) or not is_digest(digest):
        message = f"not a remembered file: {path}"
        raise ValueError(message)
    return FileDigest(path=path, size=size, digest=Digest(digest))
