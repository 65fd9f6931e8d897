"""What a lock says of one source: every file as it was when the lock was written, so that nothing need be asked."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from reconciler.core.digest import Digest, FileDigest, tree_digest


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """What tells an object of a store from what it may be later.

    `fingerprint` is what a listing says (an ETag, say), `version` an immutable id that the object can be asked for by.
    """

    fingerprint: str | None = None
    version: str | None = None


UNPINNED = Pin()


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedFile:
    """A file, and the object that it was where the source is no archive."""

    file: FileDigest
    pin: Pin = UNPINNED


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedArchive:
    """The archive that the files are unpacked from; size in bytes, None where the source does not tell."""

    path: str
    size: int | None = None
    pin: Pin = UNPINNED


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedSource:
    """A source's files, sorted bytewise, and the bytes of its `config.pbtxt` and `configs/*.pbtxt` by path."""

    files: tuple[LockedFile, ...]
    configs: Mapping[str, bytes] = field(default_factory=dict, hash=False)
    archive: LockedArchive | None = None

    @property
    def content(self) -> tuple[FileDigest, ...]:
        """The files without where they come from."""
        return tuple(each.file for each in self.files)

    @property
    def digest(self) -> Digest:
        """The tree digest."""
        return tree_digest(self.content)

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(each.file.size for each in self.files)
