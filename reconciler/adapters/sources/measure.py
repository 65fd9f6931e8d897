"""Every file of a source with its digest and its immutable id, for a lock: streamed and hashed, nothing of it kept.

What is known already is not read again: from the lock as it was, and from what a volume remembers.
"""

import hashlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from reconciler.adapters.sources.archives import members
from reconciler.adapters.sources.listing import Listed
from reconciler.adapters.sources.promises import verify, whole
from reconciler.adapters.sources.selection import Loose, Packed, select, select_members
from reconciler.adapters.sources.store import Store
from reconciler.adapters.sources.versions import Versioned
from reconciler.core.digest import Digest, FileDigest
from reconciler.core.errors import Reason, TerminalError
from reconciler.core.layout import is_config
from reconciler.core.locked import LockedArchive, LockedFile, LockedSource, Pin
from reconciler.core.spec import Source

_AT_ONCE = 8
"""Files read at once: each takes a block or two of memory."""

_CONFIG = 1 << 20
"""Bytes of a config file: it goes into the lock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """What is known of a source: a listed file's digest, an archive's members, the content of a digest."""

    digest_of: Callable[[Listed], FileDigest | None]
    members: Callable[[Listed], tuple[FileDigest, ...]]
    content: Callable[[Digest], bytes | None]


NOTHING = Remembered(digest_of=lambda _: None, members=lambda _: (), content=lambda _: None)


def measure(store: Store, source: Source, remembered: Remembered) -> LockedSource:
    """What the source holds now; `source.locked` is the lock as it was. Raises TransientError or TerminalError."""
    match select(store.listing(), source):
        case Loose(files=files):
            found = _loose(store, source.locked, files, remembered)
        case Packed(archive=archive):
            found = _packed(store, source, archive, remembered)
    verify(replace(source, locked=None), found.content)
    return found


def _loose(
    store: Store, before: LockedSource | None, files: tuple[Listed, ...], remembered: Remembered
) -> LockedSource:
    same = {each.file.path: each for each in before.files} if before is not None else {}

    def one(file: Listed) -> tuple[LockedFile, bytes | None]:
        old = same.get(file.path)
        if old is not None and _is_same(file, old.pin, old.file.size):
            return old, before.configs.get(file.path) if before is not None else None
        return _read(store, file, remembered)

    with ThreadPoolExecutor(_AT_ONCE, "lock") as pool:
        found = list(pool.map(one, files))
    configs = {locked.file.path: content for locked, content in found if content is not None}
    return LockedSource(files=tuple(locked for locked, _ in found), configs=configs)


def _read(store: Store, file: Listed, remembered: Remembered) -> tuple[LockedFile, bytes | None]:
    pinned = store.pinned(file) if isinstance(store, Versioned) else file
    digest = None if is_config(file.path) else remembered.digest_of(file)
    if digest is not None:
        return LockedFile(file=digest, pin=_pin(store, pinned)), None
    kept = _Kept(file.path) if is_config(file.path) else None
    digest = _hashed(file.path, whole(store, pinned), kept)
    return LockedFile(file=digest, pin=_pin(store, pinned)), kept.content if kept is not None else None


def _is_same(file: Listed, pin: Pin, size: int | None) -> bool:
    return file.fingerprint is not None and file.fingerprint == pin.fingerprint and file.size in (None, size)


def _pin(store: Store, file: Listed) -> Pin:
    """What tells local files apart means nothing on another machine, nor at another time."""
    return Pin() if store.reads_locally else Pin(fingerprint=file.fingerprint, version=file.version)


def _packed(store: Store, source: Source, archive: Listed, remembered: Remembered) -> LockedSource:
    old = source.locked.archive if source.locked is not None else None
    if source.locked is not None and old is not None and _is_same(archive, old.pin, old.size):
        return source.locked
    pinned = store.pinned(archive) if isinstance(store, Versioned) else archive
    locked = LockedArchive(path=archive.path, size=archive.size, pin=_pin(store, pinned))
    seen = remembered.members(archive)
    files = select_members(seen, source) if seen else ()
    texts = {file.path: remembered.content(file.digest) for file in files if is_config(file.path)}
    configs = {path: content for path, content in texts.items() if content is not None}
    if not files or configs.keys() != texts.keys():
        files, configs = _unpacked(store, source, pinned)
    return LockedSource(files=tuple(LockedFile(file=file) for file in files), configs=configs, archive=locked)


def _unpacked(store: Store, source: Source, archive: Listed) -> tuple[tuple[FileDigest, ...], dict[str, bytes]]:
    found: list[FileDigest] = []
    texts: dict[Digest, _Kept] = {}
    for member in members(whole(store, archive), archive.path):
        kept = _Kept(member.path) if member.path.endswith(".pbtxt") else None
        found.append(_hashed(member.path, member.blocks, kept))
        if kept is not None:
            texts[found[-1].digest] = kept
    files = select_members(tuple(found), source)
    return files, {file.path: texts[file.digest].content for file in files if is_config(file.path)}


class _Kept:
    """The content of what may be a config file; larger files of its name are known in archives only by their place."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._content: bytes | None = b""

    def add(self, block: bytes) -> None:
        """Takes a block in, while there is not too much of it."""
        if self._content is not None:
            self._content = self._content + block if len(self._content) + len(block) <= _CONFIG else None

    @property
    def content(self) -> bytes:
        """All of it. Raises TerminalError(PREFLIGHT_FAILED) if that is too much."""
        if self._content is None:
            hint = "Give it another name, or leave it out with `exclude`."
            raise TerminalError(Reason.PREFLIGHT_FAILED, f"{self._path} is larger than a config can be", hint)
        return self._content


def _hashed(path: str, blocks: Iterator[bytes], kept: _Kept | None) -> FileDigest:
    running, size = hashlib.sha256(), 0
    for block in blocks:
        running.update(block)
        size += len(block)
        if kept is not None:
            kept.add(block)
    return FileDigest(path=path, size=size, digest=Digest("sha256:" + running.hexdigest()))
