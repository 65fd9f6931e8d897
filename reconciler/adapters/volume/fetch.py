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
from reconciler.core.digest import FileDigest, manifest
from reconciler.core.spec import Source


def fetch(shelf: Shelf, source: Source, workshop: str, watch: disk.Watch) -> None:
    """Makes every file of the source a blob. Raises TransientError or TerminalError."""
    pinned = shelf.by_manifest(source.digest) if source.digest is not None else None
    if pinned is not None and not shelf.lacking(pinned):
        return
    delivery = Delivery(shelf, source, shelf.sources.store(source), watch, Arrivals(shelf.blobs, workshop))
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
        arrived = {file.path: file for file in together(delivery, todo)}
    finally:
        prints = {file.path: file.fingerprint or "" for file in files}
        seen = {path: Seen(fingerprint=prints[path], file=file) for path, file in known.items()}
        delivery.remember(seen)
    everything = known | arrived
    return tuple(everything[file.path] for file in files)


def _already_here(delivery: Delivery, files: tuple[Listed, ...]) -> dict[str, FileDigest]:
    """Files whose digest is remembered and whose content is a blob."""
    recollection = delivery.recall()
    seen = {file.path: recollection.digest_of(file) for file in files}
    return {path: file for path, file in seen.items() if file and not delivery.shelf.lacking((file,))}


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
    verify(delivery.source, chosen)
    wanted = {file.digest for file in chosen}
    for file, beside in unpacked:
        if file.digest in wanted:
            delivery.arrivals.add(beside, file, None)
    delivery.arrivals.settle()
    if archive.fingerprint is not None and archive.size is not None:
        packed = FileDigest(path=archive.path, size=archive.size, digest=found[0].digest)
        seen = {archive.path: Seen(fingerprint=archive.fingerprint, file=packed)}
        delivery.remember(seen, found)
    else:
        delivery.remember({})
    return chosen
