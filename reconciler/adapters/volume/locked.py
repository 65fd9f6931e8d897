"""Which objects of a source are what its lock names: by version where there is one, else by what is there now."""

from collections.abc import Set as AbstractSet

from reconciler.adapters.sources import LOCKED_HINT, Listed, Loose, Packed, Store, Versioned, select, shown
from reconciler.adapters.volume.delivery import Delivery
from reconciler.adapters.volume.packed import fetch_packed
from reconciler.adapters.volume.parallel import together
from reconciler.adapters.volume.recollecting import remember_besides
from reconciler.core.digest import Digest, FileDigest
from reconciler.core.errors import Reason, TerminalError, TransientError
from reconciler.core.locked import LockedArchive, LockedFile, LockedSource
from reconciler.core.spec import Source


def fetch_locked(delivery: Delivery, locked: LockedSource) -> tuple[FileDigest, ...]:
    """Asks for nothing but what is missing, and takes nothing but what is locked. Raises as `fetch`."""
    if locked.archive is not None:
        return fetch_packed(delivery, _locked_archive(delivery.store, delivery.source, locked.archive))
    missing = delivery.shelf.lacking(locked.content)
    todo = _locked_files(delivery.store, delivery.source, locked, missing)
    delivery.check_space(todo)
    try:
        together(delivery, todo)
    except TransientError as error:
        if error.reason is Reason.SOURCE_CHANGED and all(file.version is not None for file in todo):
            words = f"{shown(delivery.source.uri)} does not give what is locked by version, which never changes"
            raise TransientError(error.reason, f"{words}: {error.message}", LOCKED_HINT) from error
        raise
    finally:
        remember_besides(delivery)
    return locked.content


def _locked_files(store: Store, source: Source, locked: LockedSource, missing: AbstractSet[Digest]) -> list[Listed]:
    """The files to ask for, one for each content. Raises TerminalError for what the source holds no more."""
    todo = {each.file.digest: each for each in locked.files if each.file.digest in missing}.values()
    kept = {each.file.path: _kept(store, each) for each in todo}
    now = _now(store, source) if None in kept.values() else {}
    return [kept[each.file.path] or _unchanged(each, now.get(each.file.path), source) for each in todo]


def _locked_archive(store: Store, source: Source, locked: LockedArchive) -> Listed:
    """The archive to ask for. Raises TerminalError if it is gone."""
    kept = store.locked(locked.path, locked.size, locked.pin) if isinstance(store, Versioned) else None
    if kept is not None:
        return kept
    match select(store.listing(), source):
        case Packed(archive=archive):
            return archive
        case Loose():
            words = f"{shown(source.uri)} is no longer the archive {locked.path}, which is locked"
            raise TerminalError(Reason.DIGEST_MISMATCH, words, LOCKED_HINT)


def _kept(store: Store, each: LockedFile) -> Listed | None:
    return store.locked(each.file.path, each.file.size, each.pin) if isinstance(store, Versioned) else None


def _now(store: Store, source: Source) -> dict[str, Listed]:
    match select(store.listing(), source):
        case Loose(files=files):
            return {file.path: file for file in files}
        case Packed(archive=archive):
            return {archive.path: archive}


def _unchanged(locked: LockedFile, found: Listed | None, source: Source) -> Listed:
    path, size = locked.file.path, locked.file.size
    if found is None:
        words = f"{shown(source.uri)} no longer holds {path}, which is locked"
        raise TerminalError(Reason.DIGEST_MISMATCH, words, LOCKED_HINT)
    if found.size not in (None, size):
        words = f"{path} in {shown(source.uri)} has {found.size} bytes, but {size} are locked"
        raise TerminalError(Reason.DIGEST_MISMATCH, words, LOCKED_HINT)
    return found
