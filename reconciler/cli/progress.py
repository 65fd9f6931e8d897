"""Progress as lines, for where no terminal can redraw them."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from time import monotonic

from reconciler.cli.voice import Voice
from reconciler.core.plan import Fetch, Outcome, Step
from reconciler.core.progress import Moved, Reporter
from reconciler.render.sofar import SoFar

STILL_GOING = 10.0
"""Seconds without a word about a step, after which it is said that it is still going."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Running:
    step: Step
    since: float
    told: float
    done: int = 0
    came: int = 0
    file: str = ""

    def so_far(self, now: float) -> SoFar:
        """How far it is."""
        total = self.step.action.size if isinstance(self.step.action, Fetch) else None
        return SoFar(done=self.done, total=total, seconds=now - self.since, file=self.file)


@dataclass(slots=True)
class _All:
    """All fetches of a round together; total in bytes, None where one is not known."""

    count: int = 0
    total: int | None = 0
    done: int = 0
    since: float | None = None

    def so_far(self, now: float, since: float) -> SoFar:
        """How far they are."""
        return SoFar(done=self.done, total=self.total, seconds=now - since, file="")


@dataclass(slots=True)
class Lines:
    """Says each start and end, and every ten seconds what is still going. Any thread may call it."""

    tell: Voice
    clock: Callable[[], float] = monotonic
    _running: dict[str, _Running] = field(default_factory=dict)
    _all: _All = field(default_factory=_All)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def expected(self, steps: Sequence[Step]) -> None:
        """Keeps in mind how much there is to fetch."""
        sizes = [step.action.size for step in steps if isinstance(step.action, Fetch)]
        with self._lock:
            self._all = _All(count=len(sizes), total=None if None in sizes else sum(size or 0 for size in sizes))

    def started(self, step: Step) -> None:
        """Says so."""
        with self._lock:
            now = self.clock()
            if isinstance(step.action, Fetch) and self._all.since is None:
                self._all.since = now
            self._running[step.id] = _Running(step=step, since=now, told=now)
            self.tell.started(step)

    def advanced(self, step: Step, moved: Moved) -> None:
        """Counts, and says nothing."""
        with self._lock:
            self._all.done += moved.count
            if step.id in self._running:
                running = self._running[step.id]
                came = running.came + moved.came
                self._running[step.id] = replace(running, done=running.done + moved.count, came=came, file=moved.file)

    def ended(self, outcome: Outcome) -> None:
        """Says how."""
        with self._lock:
            running = self._running.pop(outcome.step.id, None)
            fetched = running is not None and isinstance(outcome.step.action, Fetch)
            self.tell.ended(outcome, running.came if running is not None and fetched else None)

    def tick(self) -> None:
        """Says what has been going on for ten seconds without a word."""
        with self._lock:
            now = self.clock()
            silent = {id_: running for id_, running in self._running.items() if now - running.told >= STILL_GOING}
            for id_, running in silent.items():
                self._running[id_] = replace(running, told=now)
                self.tell.going(running.step, running.so_far(now))
            fetching = any(isinstance(running.step.action, Fetch) for running in silent.values())
            if fetching and self._all.count > 1 and self._all.since is not None:
                self.tell.all_fetches(self._all.so_far(now, self._all.since))


@contextmanager
def told_in_lines(voice: Voice, every: float = 1.0) -> Iterator[Reporter]:
    """A reporter that writes lines, watched by a thread that ticks until the end."""
    lines, over = Lines(voice), threading.Event()

    def watch() -> None:
        while not over.wait(every):
            lines.tick()

    watcher = threading.Thread(target=watch, name="progress", daemon=True)
    watcher.start()
    try:
        yield lines
    finally:
        over.set()
        watcher.join()
