"""Bringing sources onto the volume: beside, hashed while written, synced, then renamed to what it is.

Whatever has arrived whole stays, under its true name, if the rest fails: the next pass goes on from there. What a
pinned digest or a lock contradicts gets no manifest.
"""

from reconciler.adapters.sources import Listed, Loose, Packed, members, select, select_members, verify, whole
from reconciler.adapters.volume import disk
from reconciler.adapters.volume.arrivals import Arrivals
from reconciler.adapters.volume.delivery import Delivery
from reconciler.adapters.volume.locked import locked_archive, locked_files
from reconciler.adapters.volume.memory import Recollection, Seen
from reconciler.adapters.volume.pace import Watch
from reconciler.adapters.volume.parallel import together
from reconciler.adapters.volume.shelf import Shelf
from reconciler.core.digest import FileDigest, manifest
from reconciler.core.locked import LockedSource
from reconciler.core.spec import Source


def fetch(shelf: Shelf, source: Source, workshop: str, watch: Watch) -> None:
    """Makes every file of the source a blob. Raises TransientError or TerminalError."""
    pinned = shelf.by_manifest(source.digest) if source.digest is not None else None
    if pinned is not None and not shelf.lacking(pinned):
        return
    if source.locked is not None and not shelf.lacking(source.locked.content):
        _keep_manifest(shelf, source, source.locked.content, workshop)
        return
    promised = {each.path: each for each in source.locked.content} if source.locked is not None else {}
    arrivals = Arrivals(shelf.blobs, workshop)
    delivery = Delivery(shelf, source, shelf.sources.store(source), watch, arrivals, promised=promised)
    found = _fetch_listed(delivery) if source.locked is None else _fetch_locked(delivery, source.locked)
    _keep_manifest(shelf, source, found, workshop)


def _keep_manifest(shelf: Shelf, source: Source, found: tuple[FileDigest, ...], workshop: str) -> None:
    tree = verify(source, found)
    shelf.memory.keep_sizes(tree, found, workshop)
    shelf.blobs.keep(manifest(found), workshop)


def _fetch_locked(delivery: Delivery, locked: LockedSource) -> tuple[FileDigest, ...]:
    """Asks for nothing but what is missing, and takes nothing but what is locked."""
    if locked.archive is not None:
        return _fetch_packed(delivery, locked_archive(delivery.store, delivery.source, locked.archive))
    missing = delivery.shelf.lacking(locked.content)
    todo = locked_files(delivery.store, delivery.source, locked, missing)
    delivery.check_space(todo)
    before = _recall(delivery)
    try:
        together(delivery, todo)
    finally:
        _remember(delivery, dict(before.files), before.members)
    return locked.content


def _fetch_listed(delivery: Delivery) -> tuple[FileDigest, ...]:
    match select(delivery.store.listing(), delivery.source):
        case Loose(files=files):
            return _fetch_loose(delivery, files)
        case Packed(archive=archive):
            return _fetch_packed(delivery, archive)


def _fetch_loose(delivery: Delivery, files: tuple[Listed, ...]) -> tuple[FileDigest, ...]:
    known = _already_here(delivery, files)
    todo = [file for file in files if file.path not in known]
    delivery.check_space(todo)
    try:
        arrived = {file.path: file for file in together(delivery, todo)}
    finally:
        prints = {file.path: file.fingerprint or "" for file in files}
        seen = {path: Seen(fingerprint=prints[path], file=file) for path, file in known.items()}
        _remember(delivery, seen)
    return tuple((known | arrived)[file.path] for file in files)


def _already_here(delivery: Delivery, files: tuple[Listed, ...]) -> dict[str, FileDigest]:
    """Files whose digest is remembered and whose content is a blob."""
    recollection = _recall(delivery)
    seen = {file.path: recollection.digest_of(file) for file in files}
    return {path: file for path, file in seen.items() if file and not delivery.shelf.lacking((file,))}


def _unpacked_before(delivery: Delivery, archive: Listed) -> tuple[FileDigest, ...] | None:
    """The members that are wanted, if the archive is remembered and all of them are blobs."""
    recollection = _recall(delivery)
    if recollection.digest_of(archive) is None or not recollection.members:
        return None
    chosen = select_members(recollection.members, delivery.source)
    return None if delivery.shelf.lacking(chosen) else chosen


def _fetch_packed(delivery: Delivery, archive: Listed) -> tuple[FileDigest, ...]:
    recalled = _unpacked_before(delivery, archive)
    if recalled is not None:
        return recalled
    delivery.check_space([archive])
    unpacked: list[tuple[FileDigest, str]] = []
    with disk.translated(f"unpack {archive.path}"):
        blocks = delivery.watched(archive, whole(delivery.store, archive))
        for member in members(blocks, archive.path, delivery.workshop):
            beside = delivery.arrivals.bench()
            digest, size = disk.receive(member.blocks, beside, sync=False)
            unpacked.append((FileDigest(path=member.path, size=size, digest=digest), beside))
    found = tuple(file for file, _ in unpacked)
    chosen = select_members(found, delivery.source)
    verify(delivery.source, chosen)
    wanted = {file.digest for file in chosen}
    for file, beside in unpacked:
        if file.digest in wanted:
            delivery.arrivals.add(beside, file, None)
    delivery.arrivals.settle()
    if archive.fingerprint is not None and archive.size is not None:
        packed = FileDigest(path=archive.path, size=archive.size, digest=found[0].digest)
        seen = {archive.path: Seen(fingerprint=archive.fingerprint, file=packed)}
        _remember(delivery, seen, found)
    else:
        _remember(delivery, {})
    return chosen


def _recall(delivery: Delivery) -> Recollection:
    """What is known of the source."""
    return delivery.shelf.memory.recall(delivery.shelf.sources.identity(delivery.source))


def _remember(delivery: Delivery, known: dict[str, Seen], members: tuple[FileDigest, ...] = ()) -> None:
    """Keeps what was learnt of the source, once the blobs it speaks of are durable."""
    arrivals, shelf = delivery.arrivals, delivery.shelf
    if arrivals.placed:
        shelf.blobs.sync(arrivals.placed)
    found = Recollection(files=known | arrivals.seen, members=members)
    shelf.memory.keep(shelf.sources.identity(delivery.source), found, delivery.workshop)
