"""Many small objects over some connections that one thread looks after, whichever answers first.

A thread for each would spend more on waiting for the others than on its objects, and files that several threads make in
one directory take ext4 several times as long (download-facts).
"""

import selectors
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field

from reconciler.adapters.sources.direct import Bucket
from reconciler.adapters.sources.line import STALL, Line, UnfitError, Wanted
from reconciler.adapters.sources.listing import Listed

SMALL = 128 << 10
"""Bytes of the largest object that goes this way: each connection has room for one."""

MANY = 64
"""Fewer are not worth connections of their own."""

_LONGEST = SMALL / 1000
"""Seconds in which an object must have come; slower ones are for who is more patient."""

_FAULTS = 64
"""Answers in a row that did not come as they should, after which no more are asked for."""

_SLICE = 0.2
"""Seconds after which somebody who waits asks whether to stop."""


@dataclass(frozen=True, slots=True)
class Turns:
    """Who may have a request under way: so many at once as all fetches together may have; `stop` ends it."""

    at_once: int
    semaphore: threading.Semaphore
    stop: Callable[[], bool]


def small(files: Iterable[Listed]) -> list[Listed]:
    """Those that may go this way; none if they are too few."""
    found = [file for file in files if file.size is not None and 0 < file.size <= SMALL and file.identified]
    return found if len(found) >= MANY else []


def contents(bucket: Bucket, files: Sequence[Listed], turns: Turns) -> Generator[tuple[Listed, memoryview], None, None]:
    """The objects as they come, each in the place of one before; what is not given is to be asked for otherwise."""
    with closing(_Flock(bucket, deque(files), turns)) as flock:
        yield from flock.run()


@dataclass(slots=True)
class _Asked:
    """What is to come, and when it was asked for and last heard of, in seconds of waiting."""

    file: Listed
    since: float
    heard: float


@dataclass(slots=True)
class _Flock:
    """`waited`: seconds, in all. `asked`: what each connection is to give, since when; `free` were asked for nothing.

    `ended`: how many connections are no more that had been good. `faults`: answers in a row that did not come.
    """

    bucket: Bucket
    waiting: deque[Listed]
    turns: Turns
    asked: dict[Line, _Asked] = field(default_factory=dict)
    free: set[Line] = field(default_factory=set)
    selector: selectors.BaseSelector = field(default_factory=selectors.DefaultSelector)
    waited: float = 0.0
    ended: int = 0
    faults: int = 0

    def run(self) -> Iterator[tuple[Listed, memoryview]]:
        """Ends early where a server does not answer as it should, or not at all."""
        if self._turn():  # else connections would grow old before they are used
            self.turns.semaphore.release()
            self._open(self.turns.at_once)
        while self._ask() and self.faults < _FAULTS:
            for line in self._heard():
                body = self._more(line)
                if body is not None:
                    file = self.asked.pop(line).file
                    self.turns.semaphore.release()
                    yield file, body
                    self._done(line)
            self._drop_silent()
            if self.ended:
                self._open(self.ended)
                self.ended = 0

    def _open(self, count: int) -> None:
        """Side by side: over TLS each takes three round trips."""
        count = min(count, len(self.waiting))
        if not count:
            return
        with ThreadPoolExecutor(count) as pool:
            opened = [pool.submit(Line, self.bucket.address, SMALL) for _ in range(count)]
        for each in opened:
            if each.exception() is None:
                line = each.result()
                line.socket.setblocking(False)
                self.selector.register(line.socket, selectors.EVENT_READ, line)
                self.free.add(line)

    def _heard(self) -> list[Line]:
        """Those of which something has come, after a moment at most."""
        before = time.monotonic()
        found = self.selector.select(_SLICE)
        self.waited += time.monotonic() - before
        return [key.data for key, _ in found]

    def _more(self, line: Line) -> memoryview | None:
        try:
            body = line.more()
        except (UnfitError, OSError):
            self._drop(line)
            return None
        if line not in self.asked:  # over TLS it may have been about the connection itself
            if body is not None or not self.bucket.address.encrypted:
                self._drop(line)
            return None
        self.asked[line].heard = self.waited
        return body

    def _drop_silent(self) -> None:
        """Whatever others do with what they are given is not counted."""
        for line, asked in [*self.asked.items()]:
            if self.waited - asked.heard > STALL or self.waited - asked.since > _LONGEST:
                self._drop(line)

    def _ask(self) -> bool:
        """Lets all ask that may. Returns whether anything is under way, and is to be."""
        while self.free and self.waiting and self._turn():
            line, file = self.free.pop(), self.waiting.popleft()
            self.asked[line] = _Asked(file, self.waited, self.waited)
            wanted = Wanted(size=file.size or 0, etag=file.fingerprint)
            try:
                line.ask(self.bucket.request(file, wanted), wanted)
            except (UnfitError, OSError, ValueError):
                self._drop(line)
        return bool(self.asked) and not self.turns.stop()

    def _turn(self) -> bool:
        """Waits for one only where nothing else is to be waited for."""
        while not self.turns.stop():
            if self.turns.semaphore.acquire(timeout=0 if self.asked else _SLICE):
                return True
            if self.asked:
                return False
        return False

    def _done(self, line: Line) -> None:
        if line.last:
            self._drop(line)
            return
        self.free.add(line)
        self.faults = 0

    def _drop(self, line: Line) -> None:
        """The connection is no good any more; servers end those of which they have had enough."""
        self.ended += line.answers > 0
        if self.asked.pop(line, None) is not None:
            self.turns.semaphore.release()
            self.faults += 1
        self.free.discard(line)
        self.selector.unregister(line.socket)
        line.close()

    def close(self) -> None:
        """Ends all connections, and gives the turns back."""
        for _ in self.asked:
            self.turns.semaphore.release()
        for key in [*self.selector.get_map().values()]:
            key.data.close()
        self.selector.close()
