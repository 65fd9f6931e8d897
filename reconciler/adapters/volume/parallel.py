"""Receiving side by side: many small files, and the ranges of big ones, each big file hashed while it arrives."""

import functools
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field

from reconciler.adapters.sources import Listed
from reconciler.adapters.volume.delivery import Delivery
from reconciler.adapters.volume.part import Part
from reconciler.core.digest import FileDigest

_HASHED = 2
"""Big files hashed at once."""


def together(delivery: Delivery, todo: list[Listed]) -> list[FileDigest]:
    """Receives files several at a time, big ones in ranges; the first failure stops the others."""
    running = _Running(delivery)
    try:
        for file in todo:
            running.begin(file)
        running.run()
        return [running.found[file.path] for file in todo]
    finally:
        for part in running.parts:
            part.keep()
        delivery.arrivals.settle()


@dataclass(slots=True)
class _Running:
    """What is on its way: `pieces` are ranges and small files that nobody has begun, `parts` big files not whole yet.

    Each worker takes piece after piece, for a task of its own costs more than all else that Python does for a small
    file. `ranges` tell the hashing of a big file what is there.
    """

    delivery: Delivery
    pieces: deque[Callable[[], None]] = field(default_factory=deque)
    ranges: list[Future[None]] = field(default_factory=list)
    hashing: list[Callable[[], None]] = field(default_factory=list)
    parts: list[Part] = field(default_factory=list)
    found: dict[str, FileDigest] = field(default_factory=dict)

    def begin(self, file: Listed) -> None:
        """Notes what is to be received of the file."""
        if not self.delivery.goes_in_ranges(file):
            self.pieces.append(functools.partial(self._receive, file))
            return
        part = self.delivery.part(file)
        self.parts.append(part)
        ranges: dict[int, Future[None]] = {index: Future() for index in range(part.count) if part.lacks(index)}
        self.ranges += ranges.values()
        self.pieces += [functools.partial(self._receive_range, file, part, each) for each in ranges.items()]
        self.hashing.append(functools.partial(self._complete, file, part, ranges))

    def run(self) -> None:
        """Receives everything. Raises the first failure once all has stopped."""
        workers = min(self.delivery.watch.pace.limits.transfers, len(self.pieces)) or 1
        with ThreadPoolExecutor(workers, "receive") as pool, ThreadPoolExecutor(_HASHED, "hash") as hashers:
            started = [pool.submit(self._work) for _ in range(workers)]
            started += [hashers.submit(each) for each in self.hashing]
            try:
                done, _ = wait(started, return_when=FIRST_EXCEPTION)
                for future in done:
                    future.result()
            except BaseException:
                self.delivery.stop.set()
                self.pieces.clear()
                for future in [*self.ranges, *started]:
                    future.cancel()
                raise

    def _work(self) -> None:
        while self.pieces:
            try:
                piece = self.pieces.popleft()
            except IndexError:
                return  # another worker was faster
            piece()

    def _receive(self, file: Listed) -> None:
        self.found[file.path] = self.delivery.receive(file)

    def _receive_range(self, file: Listed, part: Part, which: tuple[int, Future[None]]) -> None:
        index, arrived = which
        self.delivery.receive_range(file, part, index)
        if arrived.set_running_or_notify_cancel():
            arrived.set_result(None)

    def _complete(self, file: Listed, part: Part, ranges: Mapping[int, Future[None]]) -> None:
        found = self.delivery.complete(file, part, lambda index: ranges[index].result() if index in ranges else None)
        self.parts.remove(part)
        self.found[file.path] = found
