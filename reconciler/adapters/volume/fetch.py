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
from reconciler.core.digest import FileDigest, manifest
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
    found = _fetch_listed(delivery) if source.locked is None else fetch_locked(delivery, source.locked)
    _keep_manifest(shelf, source, found, workshop)


def _keep_manifest(shelf: Shelf, source: Source, found: tuple[FileDigest, ...], workshop: str) -> None:
    tree = verify(source, found)
    shelf.memory.keep_sizes(tree, found, workshop)
    shelf.blobs.keep(manifest(found), workshop)


def _fetch_listed(delivery: Delivery) -> tuple[FileDigest, ...]:
    match select(delivery.store.listing(), delivery.source):
        case Loose(files=files):
            return fetch_loose(delivery, files)
        case Packed(archive=archive):
            return fetch_packed(delivery, archive)
