"""Receiving side by side: many small files, and the ranges of big ones, each big file hashed while it arrives."""

import functools
import threading
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

_AHEAD = 8
"""Ranges of a big file that may be whole and not hashed yet, beside those on their way, before more of it come.

Else, where hashing is slower, it goes on alone when all has come, and the kernel may have dropped what it reads.
"""

_SLICE = 0.2
"""Seconds after which somebody who waits looks whether to stop."""


def together(delivery: Delivery, todo: list[Listed]) -> list[FileDigest]:
    """Receives files several at a time, big ones in ranges; the first failure stops the others."""
    running, little = _Running(delivery), {file.path: file for file in delivery.small_of(todo)}
    try:
        for file in todo:
            if file.path not in little:
                running.begin(file)
        running.run(*([functools.partial(running.receive_small, [*little.values()])] if little else []))
        for file in [little[path] for path in little.keys() - running.found.keys()]:
            running.begin(file)
        running.run()
        return [running.found[file.path] for file in todo]
    finally:
        for part in running.parts:
            part.keep()
        delivery.arrivals.settle()


@dataclass(slots=True)
class _Range:
    """A range that is still to come, but not until hashing has reached the one `before`."""

    index: int
    before: "_Range | None" = None
    arrived: Future[None] = field(default_factory=Future)
    reached: threading.Event = field(default_factory=threading.Event)

    def wait(self) -> None:
        """Waits until it has arrived, for it is to be hashed now. Raises what receiving it raised."""
        self.reached.set()
        self.arrived.result()


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
        ranges = {index: _Range(index) for index in range(part.count) if part.lacks(index)}
        self.ranges += [each.arrived for each in ranges.values()]
        ahead = self.delivery.watch.pace.limits.transfers + _AHEAD if not part.here else len(ranges)
        for before, each in zip(ranges.values(), [*ranges.values()][ahead:], strict=False):
            each.before = before
        self.pieces += [functools.partial(self._receive_range, file, part, each) for each in ranges.values()]
        self.hashing.append(functools.partial(self._complete, file, part, ranges))

    def receive_small(self, files: list[Listed]) -> None:
        """Receives those of them that come by a way of the store's own."""
        for found in self.delivery.receive_small(files):
            self.found[found.path] = found

    def run(self, *beside: Callable[[], None]) -> None:
        """Receives everything, and does this beside it. Raises the first failure once all has stopped."""
        workers = min(self.delivery.watch.pace.limits.transfers, len(self.pieces)) or 1
        with (
            ThreadPoolExecutor(workers, "receive") as pool,
            ThreadPoolExecutor(_HASHED + len(beside), "hash") as hashers,
        ):
            started = [pool.submit(self._work) for _ in range(workers)]
            started += [hashers.submit(each) for each in (*beside, *self.hashing)]
            self.hashing.clear()
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

    def _receive_range(self, file: Listed, part: Part, which: "_Range") -> None:
        while which.before is not None and not which.before.reached.wait(_SLICE):
            self.delivery.go_on()
        self.delivery.receive_range(file, part, which.index)
        if which.arrived.set_running_or_notify_cancel():
            which.arrived.set_result(None)

    def _complete(self, file: Listed, part: Part, ranges: Mapping[int, "_Range"]) -> None:
        found = self.delivery.complete(file, part, lambda index: ranges[index].wait() if index in ranges else None)
        self.parts.remove(part)
        self.found[file.path] = found
