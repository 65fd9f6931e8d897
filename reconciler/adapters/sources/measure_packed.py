"""The members of an archive, for a lock: it is read as a whole, unless somebody knows what is in it."""

from reconciler.adapters.sources.archives import members
from reconciler.adapters.sources.hashing import Kept, Stream, hashed
from reconciler.adapters.sources.listing import Listed
from reconciler.adapters.sources.pins import is_same, pin_of, pinned
from reconciler.adapters.sources.remembered import Remembered
from reconciler.adapters.sources.selection import select_members
from reconciler.core.configs.layout import is_config
from reconciler.core.digest import Digest, FileDigest
from reconciler.core.locked import LockedArchive, LockedFile, LockedSource
from reconciler.core.spec import Source

_Found = tuple[tuple[FileDigest, ...], dict[str, bytes]]
"""The files, and the contents of the configs among them."""


def measured_archive(stream: Stream, archive: Listed, source: Source, remembered: Remembered) -> LockedSource:
    """What the archive's members are."""
    before = source.locked
    old = before.archive if before is not None else None
    if before is not None and old is not None and is_same(archive, old.pin, old.size):
        return before
    exact = pinned(stream.store, archive)
    locked = LockedArchive(path=archive.path, size=archive.size, pin=pin_of(stream.store, exact))
    files, configs = _known(remembered, archive, source) or _unpacked(stream, exact, source)
    return LockedSource(files=tuple(LockedFile(file=file) for file in files), configs=configs, archive=locked)


def _known(remembered: Remembered, archive: Listed, source: Source) -> _Found | None:
    """None unless all of it is known."""
    seen = remembered.members(archive)
    if not seen:
        return None
    files = select_members(seen, source)
    texts = {file.path: remembered.content(file.digest) for file in files if is_config(file.path)}
    configs = {path: content for path, content in texts.items() if content is not None}
    return (files, configs) if configs.keys() == texts.keys() else None


def _unpacked(stream: Stream, archive: Listed, source: Source) -> _Found:
    found: list[FileDigest] = []
    texts: dict[Digest, Kept] = {}
    for member in members(stream.blocks(archive), archive.path):
        kept = Kept(member.path) if member.path.endswith(".pbtxt") else None
        found.append(hashed(member.path, member.blocks, kept))
        if kept is not None:
            texts[found[-1].digest] = kept
    files = select_members(tuple(found), source)
    return files, {file.path: texts[file.digest].content for file in files if is_config(file.path)}
