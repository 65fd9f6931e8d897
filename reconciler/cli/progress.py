"""Progress as lines: text for logs that people read, JSON for logs that machines read."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from time import monotonic

import click

from reconciler.cli import out
from reconciler.core.jsonvalue import JsonObject
from reconciler.core.plan import Outcome, Step
from reconciler.core.progress import Reporter
from reconciler.render import json_text, outcome_text, plan_json, report_json
from reconciler.render.line import Line

STILL_GOING = 10.0
"""Seconds without a word about a step, after which it is said that it is still going."""


@dataclass(frozen=True, slots=True)
class Voice:
    """How a line is said: as text or as JSON, on stdout or stderr."""

    as_json: bool
    err: bool

    def started(self, step: Step) -> None:
        """One line for the start of a step."""
        self._say(outcome_text.started(step), {"event": "started", **plan_json.step(step)})

    def going(self, step: Step, done: int, seconds: float) -> None:
        """One line for a step that takes its time."""
        amount: JsonObject = {"event": "going", "done": done, "seconds": round(seconds)}
        self._say(outcome_text.going(step, done, seconds), amount | plan_json.step(step))

    def ended(self, outcome: Outcome) -> None:
        """One line for the end of a step."""
        self._say(outcome_text.ended(outcome), {"event": "ended", **report_json.outcome(outcome)})

    def _say(self, line: Line, event: JsonObject) -> None:
        if self.as_json:
            click.echo(json_text.compact(event), nl=False, err=True)
        else:
            out.show([line], err=self.err)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Running:
    step: Step
    since: float
    told: float
    done: int = 0


@dataclass(slots=True)
class Lines:
    """Says each start and end, and every ten seconds what is still going. Any thread may call it."""

    tell: Voice
    clock: Callable[[], float] = monotonic
    _running: dict[str, _Running] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def started(self, step: Step) -> None:
        """Says so."""
        with self._lock:
            now = self.clock()
            self._running[step.id] = _Running(step=step, since=now, told=now)
            self.tell.started(step)

    def advanced(self, step: Step, n: int) -> None:
        """Counts, and says nothing."""
        with self._lock:
            if step.id in self._running:
                running = self._running[step.id]
                self._running[step.id] = replace(running, done=running.done + n)

    def ended(self, outcome: Outcome) -> None:
        """Says how."""
        with self._lock:
            self._running.pop(outcome.step.id, None)
            self.tell.ended(outcome)

    def tick(self) -> None:
        """Says what has been going on for ten seconds without a word."""
        with self._lock:
            now = self.clock()
            for id_, running in self._running.items():
                if now - running.told >= STILL_GOING:
                    self._running[id_] = replace(running, told=now)
                    self.tell.going(running.step, running.done, now - running.since)


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
