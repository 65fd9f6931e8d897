"""Bringing sources onto the volume: beside, hashed while written, synced, then renamed to what it is.

Whatever has arrived whole stays, under its true name, if the rest fails: the next pass goes on from there. What a
pinned digest contradicts gets no manifest.
"""

from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait

from reconciler.adapters.sources import Listed, Loose, Packed, members, select, select_members
from reconciler.adapters.volume import disk
from reconciler.adapters.volume.delivery import Delivery
from reconciler.adapters.volume.memory import Recollection, Seen
from reconciler.adapters.volume.shelf import Shelf, verify
from reconciler.core.digest import FileDigest, manifest
from reconciler.core.spec import Source

_PARALLEL = 8
"""Files at once: many small ones are bound by round trips (download-facts)."""


def fetch(shelf: Shelf, source: Source, workshop: str, watch: disk.Watch) -> None:
    """Makes every file of the source a blob. Raises TransientError or TerminalError."""
    pinned = shelf.by_manifest(source.digest) if source.digest is not None else None
    if pinned is not None and not shelf.lacking(pinned):
        return
    delivery = Delivery(shelf, source, shelf.sources.store(source), workshop, watch)
    match select(delivery.store.listing(), source):
        case Loose(files=files):
            found = _fetch_loose(delivery, files)
        case Packed(archive=archive):
            found = _fetch_packed(delivery, archive)
    tree = verify(source, found)
    shelf.memory.keep_sizes(tree, found, workshop)
    shelf.blobs.keep(manifest(found), workshop)


def _fetch_loose(delivery: Delivery, files: tuple[Listed, ...]) -> tuple[FileDigest, ...]:
    known = _already_here(delivery, files)
    todo = [file for file in files if file.path not in known]
    delivery.check_space(sum(file.size or 0 for file in todo))
    try:
        arrived = {file.path: file for file in _together(delivery, todo)}
    finally:
        prints = {file.path: file.fingerprint or "" for file in files}
        seen = {path: Seen(fingerprint=prints[path], file=file) for path, file in known.items()}
        delivery.remember(Recollection(files=seen | delivery.arrived))
    return tuple((known | arrived)[file.path] for file in files)


def _already_here(delivery: Delivery, files: tuple[Listed, ...]) -> dict[str, FileDigest]:
    """Files whose digest is remembered and whose content is a blob."""
    recollection = delivery.recall()
    seen = {file.path: recollection.digest_of(file) for file in files}
    return {path: file for path, file in seen.items() if file and not delivery.shelf.lacking((file,))}


def _together(delivery: Delivery, todo: list[Listed]) -> list[FileDigest]:
    """Receives files several at a time; the first failure stops the others."""
    with ThreadPoolExecutor(max_workers=_PARALLEL) as pool:
        futures = [pool.submit(delivery.receive, file) for file in todo]
        done, pending = wait(futures, return_when=FIRST_EXCEPTION)
        failed = [error for future in done if (error := future.exception()) is not None]
        if pending or failed:
            delivery.stop.set()
        for future in pending:
            future.cancel()
    if failed:
        raise failed[0]
    return [future.result() for future in futures]


def _fetch_packed(delivery: Delivery, archive: Listed) -> tuple[FileDigest, ...]:
    delivery.check_space(archive.size or 0)
    unpacked: list[tuple[FileDigest, str]] = []
    with disk.translated(f"unpack {archive.path}"):
        for member in members(delivery.watched(archive), archive.path, delivery.workshop):
            beside = delivery.bench()
            digest, size = disk.receive(member.blocks, beside)
            unpacked.append((FileDigest(path=member.path, size=size, digest=digest), beside))
    found = tuple(file for file, _ in unpacked)
    chosen = select_members(found, delivery.source)
    verify(delivery.source, chosen)
    wanted = {file.digest for file in chosen}
    for file, beside in unpacked:
        if file.digest in wanted:
            delivery.shelf.blobs.place(beside, file.digest)
            delivery.placed.append(file.digest)
    delivery.remember(_recollection(archive, found))
    return chosen


def _recollection(archive: Listed, found: tuple[FileDigest, ...]) -> Recollection:
    """The members under the archive's fingerprint; nothing if it tells none."""
    if archive.fingerprint is None or archive.size is None:
        return Recollection()
    packed = FileDigest(path=archive.path, size=archive.size, digest=found[0].digest)
    return Recollection(files={archive.path: Seen(fingerprint=archive.fingerprint, file=packed)}, members=found)
