"""What was learnt of sources: which digest a file had under which fingerprint, so that it need not be read again.

A cache: each file may be deleted at any time, and what cannot be understood counts as not known.
"""

import json
import os
import time
from collections.abc import Iterable, Mapping
from dataclasses import astuple, dataclass, field, replace
from typing import Self

from reconciler.adapters.sources import Listed
from reconciler.adapters.volume import disk
from reconciler.adapters.volume.places import Places
from reconciler.core import digest as digests
from reconciler.core.digest import Digest, FileDigest, is_digest
from reconciler.core.jsonvalue import canonical, parsed

_PROOF = 24 * 3600.0
"""Seconds for which a digest that was read twice speaks against a source."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A listed file with the digest that its content had.

    `twice`: when (seconds since the epoch) it was read a second time with the same result, None if it never was.
    """

    fingerprint: str
    file: FileDigest
    twice: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """An archive that cannot be unpacked: under which fingerprint, and the words for it."""

    fingerprint: str
    words: str
    hint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Recollection:
    """What is known of one source: its files by path, and the members if it is an archive, or why it is refused."""

    files: Mapping[str, Seen] = field(default_factory=dict)
    members: tuple[FileDigest, ...] = ()
    refused: Refused | None = None

    def digest_of(self, listed: Listed) -> FileDigest | None:
        """The file as it was seen, if it still is the same."""
        seen = self.files.get(listed.path)
        same = seen is not None and seen.fingerprint == listed.fingerprint and listed.size in (None, seen.file.size)
        return seen.file if seen is not None and same else None

    def proves(self, listed: Iterable[Listed]) -> bool:
        """Whether it is known well enough to say that the source is not what it should be, without reading it.

        A network or a cache that alters bytes does not alter fingerprints: so what is remembered was read twice, and
        once a day it is read again.
        """
        now = time.time()
        rows = [self.files.get(file.path) for file in listed if self.digest_of(file)]
        # What was read by a clock that was ahead would be believed until the hour that it showed.
        return all(seen is not None and seen.twice is not None and now - _PROOF < seen.twice <= now for seen in rows)

    def learnt(self, listed: Iterable[Listed], seen: Mapping[str, Seen], members: tuple[FileDigest, ...]) -> Self:
        """With what was read now, and only of files that are listed."""
        kept = {file.path: self.files[file.path] for file in listed if self.digest_of(file)}
        again = {path: replace(one, twice=time.time()) for path, one in seen.items() if self._confirmed(one, members)}
        return replace(self, files={**kept, **seen, **again}, members=members, refused=None)

    def _confirmed(self, one: Seen, members: tuple[FileDigest, ...]) -> bool:
        before = self.files.get(one.file.path)
        return before is not None and replace(before, twice=None) == one and members == self.members


class Memory:
    """The recollections of a volume."""

    def __init__(self, places: Places) -> None:
        self._places = places

    def recall(self, identity: tuple[str, ...]) -> Recollection:
        """What is known of the source with this identity."""
        try:
            raw = parsed(disk.read_or_none(self._path(identity)) or b"{}")
            files = {path: _seen(path, *row) for path, row in raw["files"].items()}
            members = tuple(_file(row[0], row[1:]) for row in raw["members"])
            return Recollection(files=files, members=members, refused=_refused(raw.get("refused")))
        except (ValueError, KeyError, TypeError, IndexError, AttributeError):
            return Recollection()

    def keep(self, identity: tuple[str, ...], found: Recollection, workshop: str) -> None:
        """Remembers this instead of what was known before."""
        files = {
            path: [seen.fingerprint, seen.file.size, str(seen.file.digest), seen.twice]
            for path, seen in found.files.items()
        }
        members = [[member.path, member.size, str(member.digest)] for member in found.members]
        rows = {"files": files, "members": members, "refused": found.refused and astuple(found.refused)}
        self._write(self._path(identity), json.dumps(rows, sort_keys=True).encode(), workshop)

    def sizes(self, tree: Digest) -> Mapping[Digest, int]:
        """Sizes of the blobs that a manifest names, as far as they are known."""
        try:
            raw = parsed(disk.read_or_none(self._sizes_path(tree)) or b"{}")
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


def _seen(path: str, fingerprint: str, size: object, digest: object, twice: float | None = None) -> Seen:
    return Seen(fingerprint=fingerprint, file=_file(path, [size, digest]), twice=twice and float(twice))


def _file(path: str, row: list[object]) -> FileDigest:
    size, digest = row
    if not isinstance(size, int) or not isinstance(digest, str) or not is_digest(digest):
        message = f"not a remembered file: {path}"
        raise ValueError(message)
    return FileDigest(path=path, size=size, digest=Digest(digest))


def _refused(row: list[str] | None) -> Refused | None:
    if row is None:
        return None
    fingerprint, words, hint = map(str, row)
    return Refused(fingerprint=fingerprint, words=words, hint=hint)
