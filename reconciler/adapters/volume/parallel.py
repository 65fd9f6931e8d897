"""Receiving side by side: many small files, and the ranges of big ones, each big file hashed while it arrives."""

from collections.abc import Mapping
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Any

from reconciler.adapters.sources import Listed
from reconciler.adapters.volume.delivery import Delivery
from reconciler.adapters.volume.part import Part
from reconciler.core.digest import FileDigest

_PARALLEL, _HASHED = 16, 2
"""Files and ranges at once, for many small ones are bound by round trips (download-facts); big files hashed at once."""


def together(delivery: Delivery, todo: list[Listed]) -> list[FileDigest]:
    """Receives files several at a time, big ones in ranges; the first failure stops the others."""
    parts: list[Part] = []
    try:
        with ThreadPoolExecutor(_PARALLEL, "receive") as pool, ThreadPoolExecutor(_HASHED, "hash") as hashers:
            return _received(_Running(delivery, pool, hashers, parts), todo)
    finally:
        for part in parts:
            part.keep()
        delivery.arrivals.settle()


def _received(running: "_Running", todo: list[Listed]) -> list[FileDigest]:
    try:
        return running.results([running.begin(file) for file in todo])
    except BaseException:
        running.delivery.stop.set()
        raise


@dataclass(slots=True)
class _Running:
    """What is on its way: `pieces` are ranges and small files, `parts` the big files that are not whole yet."""

    delivery: Delivery
    pool: ThreadPoolExecutor
    hashers: ThreadPoolExecutor
    parts: list[Part]
    pieces: list[Future[None]] = field(default_factory=list)

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
