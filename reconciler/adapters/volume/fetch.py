"""Bringing sources onto the volume: beside, hashed while written, synced, then renamed to what it is.

Whatever has arrived whole stays, under its true name, if the rest fails: the next pass goes on from there. What a
pinned digest or a lock contradicts gets no manifest.
"""

from reconciler.adapters.sources import Loose, Packed, select, verify
from reconciler.adapters.volume.arrivals import Arrivals
from reconciler.adapters.volume.delivery import Delivery
from reconciler.adapters.volume.locked import fetch_locked
from reconciler.adapters.volume.loose import fetch_loose
from reconciler.adapters.volume.pace import Watch
from reconciler.adapters.volume.packed import fetch_packed
from reconciler.adapters.volume.shelf import Shelf
from reconciler.core.digest import FileDigest, manifest, of_bytes
from reconciler.core.errors import Reason, ReconcileError
from reconciler.core.spec import Source

_ROUNDS = 4
"""How often a source is looked at that changes while it is read, or whose remembered parts are not what is pinned."""


def fetch(shelf: Shelf, source: Source, workshop: str, watch: Watch) -> None:
    """Makes every file of the source a blob. Raises TransientError or TerminalError."""
    pinned = shelf.by_manifest(source.digest) if source.digest is not None else None
    if pinned is not None and not shelf.lacking(pinned):
        return
    if source.locked is not None and not shelf.lacking(source.locked.content):
        verify(source, source.locked.content)
        found = source.locked.content
    else:
        found = _looked_at_again(shelf, source, workshop, watch)
    content = manifest(found)
    shelf.memory.keep_sizes(of_bytes(content), found, workshop)
    shelf.blobs.keep(content, workshop)


def _looked_at_again(shelf: Shelf, source: Source, workshop: str, watch: Watch) -> tuple[FileDigest, ...]:
    """What the source holds, once it holds still."""
    store, afresh = shelf.sources.store(source), False
    promised = {each.path: each for each in source.locked.content} if source.locked is not None else {}
    for left in reversed(range(_ROUNDS)):
        arrivals = Arrivals(shelf.blobs, workshop)
        delivery = Delivery(shelf, source, store, watch, arrivals, afresh=afresh, promised=promised)
        try:
            return _received(delivery)
        except ReconcileError as error:
            if not left or not _worth_another_look(error, delivery):
                raise
            afresh = afresh or error.reason is Reason.DIGEST_MISMATCH
    raise AssertionError


def _worth_another_look(error: ReconcileError, delivery: Delivery) -> bool:
    """The source moved on meanwhile; or what earlier runs took from it is not what is pinned, and may be to blame."""
    return error.reason is Reason.SOURCE_CHANGED or (error.reason is Reason.DIGEST_MISMATCH and bool(delivery.trusted))


def _received(delivery: Delivery) -> tuple[FileDigest, ...]:
    """The source's files, each of them a blob. Raises TerminalError(DIGEST_MISMATCH) if they are not what is pinned."""
    locked = delivery.source.locked
    found = _listed(delivery) if locked is None else fetch_locked(delivery, locked)
    verify(delivery.source, found)
    return found


def _listed(delivery: Delivery) -> tuple[FileDigest, ...]:
    listed = delivery.store.listing()
    match select(listed, delivery.source):
        case Loose(files=files):
            return fetch_loose(delivery, files, listed)
        case Packed(archive=archive):
            return fetch_packed(delivery, archive)
