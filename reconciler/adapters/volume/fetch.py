"""Bringing sources onto the volume: beside, hashed while written, synced, then renamed to what it is.

Whatever has arrived whole stays, under its true name, if the rest fails: the next pass goes on from there. What a
pinned digest contradicts gets no manifest.
"""

from collections.abc import Mapping
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Any

from reconciler.adapters.sources import Listed, Loose, Packed, members, select, select_members
from reconciler.adapters.volume import disk
from reconciler.adapters.volume.delivery import Delivery
from reconciler.adapters.volume.memory import Recollection, Seen
from reconciler.adapters.volume.part import Part
from reconciler.adapters.volume.shelf import Shelf, verify, whole
from reconciler.core.digest import FileDigest, manifest
from reconciler.core.spec import Source

_PARALLEL, _HASHED = 16, 2
"""Files and ranges at once, for many small ones are bound by round trips (download-facts); big files hashed at once."""


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
    """Receives files several at a time, big ones in ranges; the first failure stops the others."""
    with ThreadPoolExecutor(_PARALLEL, "receive") as pool, ThreadPoolExecutor(_HASHED, "hash") as hashers:
        running = _Running(delivery, pool, hashers)
        try:
            return running.results([running.begin(file) for file in todo])
        finally:
            for part in running.parts:
                part.keep()
            delivery.settle()


@dataclass(slots=True)
class _Running:
    """What is on its way: `pieces` are ranges and small files, `parts` the big files that are not whole yet."""

    delivery: Delivery
    pool: ThreadPoolExecutor
    hashers: ThreadPoolExecutor
    pieces: list[Future[None]] = field(default_factory=list)
    parts: list[Part] = field(default_factory=list)

    def begin(self, file: Listed) -> Future[FileDigest]:
        """Starts the file."""
        if not self.delivery.goes_in_ranges(file):
            return self.pool.submit(self.delivery.receive, file)
        part = self.delivery.part(file)
        self.parts.append(part)
        missing = [index for index in range(part.count) if index not in part.done]
        ranges = {index: self.pool.submit(self.delivery.receive_range, file, part, index) for index in missing}
        self.pieces += ranges.values()
        return self.hashers.submit(self._complete, file, part, ranges)

    def _complete(self, file: Listed, part: Part, ranges: Mapping[int, Future[None]]) -> FileDigest:
        found = self.delivery.complete(file, part, lambda index: ranges[index].result() if index in ranges else None)
        self.parts.remove(part)
        return found

    def results(self, files: list[Future[FileDigest]]) -> list[FileDigest]:
        """All of them, or the first failure once everything has stopped."""
        everything: list[Future[Any]] = [*self.pieces, *files]
        done, pending = wait(everything, return_when=FIRST_EXCEPTION)
        failed = [error for future in done if (error := future.exception()) is not None]
        if pending or failed:
            self.delivery.stop.set()
        for future in pending:
            future.cancel()
        wait(pending)
        if failed:
            raise failed[0]
        return [future.result() for future in files]


def _fetch_packed(delivery: Delivery, archive: Listed) -> tuple[FileDigest, ...]:
    delivery.check_space(archive.size or 0)
    unpacked: list[tuple[FileDigest, str]] = []
    with disk.translated(f"unpack {archive.path}"):
        blocks = delivery.watched(whole(delivery.store, archive))
        for member in members(blocks, archive.path, delivery.workshop):
            beside = delivery.bench()
            digest, size = disk.receive(member.blocks, beside, sync=False)
            unpacked.append((FileDigest(path=member.path, size=size, digest=digest), beside))
    found = tuple(file for file, _ in unpacked)
    chosen = select_members(found, delivery.source)
    verify(delivery.source, chosen)
    wanted = {file.digest for file in chosen}
    for file, beside in unpacked:
        if file.digest in wanted:
            delivery.settle_later(beside, None, file)
    delivery.settle()
    delivery.remember(_recollection(archive, found))
    return chosen


def _recollection(archive: Listed, found: tuple[FileDigest, ...]) -> Recollection:
    """The members under the archive's fingerprint; nothing if it tells none."""
    if archive.fingerprint is None or archive.size is None:
        return Recollection()
    packed = FileDigest(path=archive.path, size=archive.size, digest=found[0].digest)
    return Recollection(files={archive.path: Seen(fingerprint=archive.fingerprint, file=packed)}, members=found)
