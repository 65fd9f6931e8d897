"""What a model's sources hold, found out without writing anything.

Cheapest first: a lock, which says it all; the manifest that a pinned digest names; a listing whose fingerprints are
remembered; reading (only what is local, or tells nothing but its content). The rest is known once it is fetched.
"""

import hashlib
import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from reconciler.adapters.sources import (
    Listed,
    Loose,
    Packed,
    Selection,
    Store,
    check_paths,
    members,
    select,
    select_members,
    shown,
    verify,
    whole,
)
from reconciler.adapters.volume.memory import Recollection
from reconciler.adapters.volume.shelf import Shelf
from reconciler.core.configs.layout import is_config
from reconciler.core.content import Content, Known, Unavailable, Unfetched
from reconciler.core.digest import Digest, FileDigest, tree_digest
from reconciler.core.errors import Reason, ReconcileError, TerminalError
from reconciler.core.spec import ModelSpec, Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One source's files, and the bytes of its config files by path; `listed`: it was asked for them."""

    files: tuple[FileDigest, ...]
    configs: Mapping[str, bytes] = field(default_factory=dict)
    listed: bool = False


Elsewhere = Callable[[int | None, Source], Found | None]


def resolve(shelf: Shelf, model: ModelSpec, *, elsewhere: Elsewhere = lambda _, __: None) -> Content:
    """What the sources hold; `elsewhere` may know without them. Expected failures are values: Unavailable."""
    try:
        found = {
            key: (None if source.locked is not None else elsewhere(key, source))
            or _resolve(shelf, source, whole_model=key is None)
            for key, source in model.sources().items()
        }
    except ReconcileError as error:
        terminal = isinstance(error, TerminalError)
        return Unavailable(reason=error.reason, message=str(error), terminal=terminal)
    unfetched = [each for each in found.values() if isinstance(each, Unfetched)]
    if unfetched:
        return Unfetched(size=_sum([each.size for each in unfetched]), files=_sum([each.files for each in unfetched]))
    return _known(shelf, {key: each for key, each in found.items() if isinstance(each, Found)})


def configs_of(files: tuple[FileDigest, ...], key: int | None) -> tuple[str, ...]:
    """Which of a source's files are configs."""
    return tuple(file.path for file in files if is_config(file.path)) if key is None else ()


def _known(shelf: Shelf, found: Mapping[int | None, Found]) -> Known:
    files = {key: each.files for key, each in found.items()}
    missing = shelf.lacking(tuple(itertools.chain.from_iterable(files.values())))
    configs = found[None].configs if None in found else {}
    listed = any(each.listed for each in found.values())
    return Known(files=files, configs=configs, missing=missing, listed=listed)


def _sum(numbers: list[int | None]) -> int | None:
    known = [number for number in numbers if number is not None]
    return sum(known) if len(known) == len(numbers) else None


def _resolve(shelf: Shelf, source: Source, *, whole_model: bool) -> Found | Unfetched:
    if source.locked is not None:
        check_paths((file.path for file in source.locked.content), shown(source.uri))
        return Found(files=source.locked.content, configs=source.locked.configs)
    pinned = _pinned(shelf, source, whole_model=whole_model)
    if pinned is not None:
        verify(source, pinned.files)
        return pinned
    found = _listed(shelf, source, whole_model=whole_model)
    if isinstance(found, Unfetched):
        return found
    verify(source, found.files)
    return replace(found, listed=True)


def _pinned(shelf: Shelf, source: Source, *, whole_model: bool) -> Found | None:
    """By the manifest of its digest alone: the source is not even looked at."""
    files = shelf.by_manifest(source.digest) if source.digest is not None else None
    if files is None:
        return None
    return _with_stored_configs(shelf, files) if whole_model else Found(files=files)


def _with_stored_configs(shelf: Shelf, files: tuple[FileDigest, ...]) -> Found | None:
    """With the configs' bytes from blobs; None if one is not there."""
    configs: dict[str, bytes] = {}
    for file in files:
        if is_config(file.path):
            content = shelf.blobs.read(file.digest)
            if content is None:
                return None
            configs[file.path] = content
    return Found(files=files, configs=configs)


def _listed(shelf: Shelf, source: Source, *, whole_model: bool) -> Found | Unfetched:
    store = shelf.sources.store(source)
    selection = select(store.listing(), source)
    recollection = _believed(shelf.memory.recall(shelf.sources.identity(source)), selection, source)
    match selection:
        case Loose(files=files):
            return _loose(shelf, store, files, recollection, whole_model=whole_model)
        case Packed(archive=archive):
            return _packed(shelf, store, archive, source, recollection)


def _believed(recollection: Recollection, selection: Selection, source: Source) -> Recollection:
    """Without what a pinned digest contradicts and was read only once: the network may have altered it.

    Raises TerminalError(DIGEST_MISMATCH) for what was read twice.
    """
    listed = selection.files if isinstance(selection, Loose) else (selection.archive,)
    files = tuple(file for each in listed if (file := recollection.digest_of(each)) is not None)
    if source.digest is None or len(files) < len(listed):
        return recollection
    found = files if isinstance(selection, Loose) else select_members(recollection.members, source)
    if tree_digest(found) != source.digest and not recollection.proves(listed):
        return Recollection()
    verify(source, found)
    return recollection


def _loose(
    shelf: Shelf, store: Store, files: tuple[Listed, ...], recollection: Recollection, *, whole_model: bool
) -> Found | Unfetched:
    remembered = {file.path: recollection.digest_of(file) for file in files}
    unknown = [file for file in files if remembered[file.path] is None]
    if any(_must_be_fetched(store, file) for file in unknown):
        return Unfetched(size=_sum([file.size for file in unknown]), files=len(unknown))
    found = tuple(remembered[file.path] or _digest(file.path, whole(store, file)) for file in files)
    if not whole_model:
        return Found(files=found)
    configs = {file.path: _content(shelf, store, file, remembered[file.path]) for file in files if is_config(file.path)}
    return Found(files=found, configs=configs)


def _content(shelf: Shelf, store: Store, file: Listed, seen: FileDigest | None) -> bytes:
    """A config file's bytes: stored ones if there are any, else read now."""
    stored = shelf.blobs.read(seen.digest) if seen is not None else None
    return b"".join(map(bytes, whole(store, file))) if stored is None else stored


def _packed(
    shelf: Shelf, store: Store, archive: Listed, source: Source, recollection: Recollection
) -> Found | Unfetched:
    remembered = _remembered(shelf, archive, source, recollection)
    if remembered is not None:
        return remembered
    return Unfetched(size=archive.size) if _must_be_fetched(store, archive) else _read_members(store, archive, source)


def _read_members(store: Store, archive: Listed, source: Source) -> Found:
    digests: list[FileDigest] = []
    contents: dict[FileDigest, bytes] = {}
    for member in members(whole(store, archive), archive.path):
        kept: list[bytes] | None = [] if member.path.endswith(".pbtxt") else None
        digests.append(_digest(member.path, member.blocks, kept))
        contents |= {digests[-1]: b"".join(kept)} if kept is not None else {}
    files = select_members(tuple(digests), source)
    texts = {file.digest: content for file, content in contents.items()}
    return Found(files=files, configs={file.path: texts[file.digest] for file in files if is_config(file.path)})


def _remembered(shelf: Shelf, archive: Listed, source: Source, recollection: Recollection) -> Found | None:
    """What is known of an archive that is still the same. Raises TerminalError if that is that it is a bad one."""
    refused = recollection.refused
    if refused is not None and refused.fingerprint == archive.fingerprint:
        raise TerminalError(Reason.BAD_ARCHIVE, refused.words, refused.hint)
    if recollection.digest_of(archive) is None or not recollection.members:
        return None
    return _with_stored_configs(shelf, select_members(recollection.members, source))


def _must_be_fetched(store: Store, file: Listed) -> bool:
    """Whether reading it now would be a download that a fingerprint can save next time."""
    return not store.reads_locally and file.fingerprint is not None


def _digest(path: str, blocks: Iterator[bytes], kept: list[bytes] | None = None) -> FileDigest:
    """Reads to the end; `kept` also collects the content."""
    running, size = hashlib.sha256(), 0
    for block in blocks:
        running.update(block)
        size += len(block)
        if kept is not None:
            kept.append(block)
    return FileDigest(path=path, size=size, digest=Digest("sha256:" + running.hexdigest()))
