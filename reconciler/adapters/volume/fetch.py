"""Bringing sources onto the volume: beside, hashed while written, synced, then renamed to what it is.

Whatever has arrived whole stays, under its true name, if the rest fails: the next pass goes on from there. What a
pinned digest contradicts gets no manifest.
"""

from reconciler.adapters.sources import Listed, Loose, Packed, members, select, select_members
from reconciler.adapters.volume import disk
from reconciler.adapters.volume.arrivals import Arrivals
from reconciler.adapters.volume.delivery import Delivery
from reconciler.adapters.volume.memory import Seen
from reconciler.adapters.volume.parallel import together
from reconciler.adapters.volume.shelf import Shelf, verify, whole
from reconciler.core.digest import FileDigest, manifest, tree_digest
from reconciler.core.errors import Reason, ReconcileError
from reconciler.core.spec import Source

_ROUNDS = 4
"""How often a source is looked at that changes while it is read, or whose remembered parts are not what is pinned."""


def fetch(shelf: Shelf, source: Source, workshop: str, watch: disk.Watch) -> None:
    """Makes every file of the source a blob. Raises TransientError or TerminalError."""
    pinned = shelf.by_manifest(source.digest) if source.digest is not None else None
    if pinned is not None and not shelf.lacking(pinned):
        return
    store, afresh = shelf.sources.store(source), False
    for left in reversed(range(_ROUNDS)):
        delivery = Delivery(shelf, source, store, watch, Arrivals(shelf.blobs, workshop), afresh=afresh)
        try:
            found = _received(delivery)
            break
        except ReconcileError as error:
            if not left or not _worth_another_look(error, delivery):
                raise
            afresh = afresh or error.reason is Reason.DIGEST_MISMATCH
    shelf.memory.keep_sizes(tree_digest(found), found, workshop)
    shelf.blobs.keep(manifest(found), workshop)


def _worth_another_look(error: ReconcileError, delivery: Delivery) -> bool:
    """The source moved on meanwhile; or what earlier runs took from it is not what is pinned, and may be to blame."""
    return error.reason is Reason.SOURCE_CHANGED or (error.reason is Reason.DIGEST_MISMATCH and bool(delivery.trusted))


def _received(delivery: Delivery) -> tuple[FileDigest, ...]:
    """The source's files, each of them a blob. Raises TerminalError(DIGEST_MISMATCH) if they are not what is pinned."""
    listed = delivery.store.listing()
    match select(listed, delivery.source):
        case Loose(files=files):
            found = _fetch_loose(delivery, files, listed)
        case Packed(archive=archive):
            found = _fetch_packed(delivery, archive)
    verify(delivery.source, found)
    return found


def _fetch_loose(delivery: Delivery, files: tuple[Listed, ...], listed: tuple[Listed, ...]) -> tuple[FileDigest, ...]:
    known = delivery.already_here(files)
    todo = [file for file in files if file.path not in known]
    delivery.check_space(sum(file.size or 0 for file in todo))
    try:
        arrived = {file.path: file for file in together(delivery, todo)}
    finally:
        delivery.remember(listed, delivery.arrivals.seen)
    return tuple((known | arrived)[file.path] for file in files)


def _fetch_packed(delivery: Delivery, archive: Listed) -> tuple[FileDigest, ...]:
    delivery.check_space(archive.size or 0)
    unpacked: list[tuple[FileDigest, str]] = []
    with disk.translated(f"unpack {archive.path}"):
        blocks = delivery.watched(whole(delivery.store, archive))
        for member in members(blocks, archive.path, delivery.workshop):
            beside = delivery.arrivals.bench()
            digest, size = disk.receive(member.blocks, beside, sync=False)
            unpacked.append((FileDigest(path=member.path, size=size, digest=digest), beside))
    found = tuple(file for file, _ in unpacked)
    chosen = select_members(found, delivery.source)
    seen = {}
    if archive.fingerprint is not None and archive.size is not None:
        packed = FileDigest(path=archive.path, size=archive.size, digest=found[0].digest)
        seen = {archive.path: Seen(fingerprint=archive.fingerprint, file=packed)}
    try:
        verify(delivery.source, chosen)
    finally:
        delivery.remember((), seen, found)
    wanted = {file.digest for file in chosen}
    for file, beside in unpacked:
        if file.digest in wanted:
            delivery.arrivals.add(beside, file, None)
    delivery.arrivals.settle()
    if delivery.arrivals.placed:
        delivery.shelf.blobs.sync(delivery.arrivals.placed)
    return chosen
