"""Executions under way: each carries out what a pass began, while later passes look, plan and begin other things.

Promise: no two steps ever work on one model at a time, and what git no longer wants comes to an end by itself.
"""

import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

from reconciler.core.plan import Outcome, Step
from reconciler.core.planning import inflight
from reconciler.core.progress import Reporter
from reconciler.core.spec import Desired
from reconciler.core.statuses.backoff import Setbacks
from reconciler.executor import Pools
from reconciler.looping.flight import Course, Flight, fly
from reconciler.passes.looking import Look, Pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Landed:
    """What has come of a flight's steps, with what they were planned for."""

    look: Look
    outcomes: tuple[Outcome, ...]


@dataclass(slots=True, kw_only=True)
class Flights:
    """All that is under way. `wake` is called from other threads when a pass would find something new to do.

    `contended`: the last pass has left out what touches models in flight, so the next one waits for any of them.
    """

    pools: Pools
    reporter: Reporter
    wake: Callable[[], None]
    contended: bool = False
    _wanted: Desired | None = None
    _stopped: bool = False
    _flights: list[Flight] = field(default_factory=list)
    _over: list[Flight] = field(default_factory=list)
    _change: threading.Condition = field(default_factory=threading.Condition)

    def begin(self, look: Look, steps: Sequence[Step], one: Pass, leases: ExitStack) -> None:
        """Carries these steps of a pass's plan out; `leases` are closed at the end."""
        flight = Flight(look=look, aboard={step.id: step for step in steps}, leases=leases)
        course = Course(
            world=one.world,
            pools=self.pools,
            reporter=one.options.trace.reporter(self.reporter, one.target.name, one.desired.revision),
            ended=self._ended,
            wanted=lambda step: self._wanted is None or not inflight.unwanted(step, look.desired, self._wanted),
            stopped=lambda: self._stopped,
        )
        with self._change:
            self._flights.append(flight)
        threading.Thread(target=self._fly, args=(flight, course), name="flight", daemon=True).start()

    def free(self, steps: Sequence[Step], held: Setbacks) -> tuple[Step, ...]:
        """Those steps of a plan that may begin beside all that is under way, and are not held back."""
        running = self.running()
        found = inflight.startable(steps, running, held)
        self.contended = bool(running) and len(found) < len(steps)
        return found

    def want(self, desired: Desired) -> None:
        """What git wants now: steps under way that nobody wants any more come to an end."""
        self._wanted = desired

    def running(self) -> tuple[Step, ...]:
        """Every step that has not ended."""
        with self._change:
            return tuple(step for flight in self._flights for step in flight.aboard.values())

    def idle(self) -> bool:
        """Whether nothing is under way, and all that has ended was told."""
        with self._change:
            return not self._flights and not any(flight.untold for flight in self._over)

    def landed(self) -> tuple[Landed, ...]:
        """What has ended since this was asked last."""
        with self._change:
            found = [
                Landed(look=flight.look, outcomes=tuple(flight.untold))
                for flight in (*self._over, *self._flights)
                if flight.untold
            ]
            for flight in self._flights:
                flight.untold.clear()
            self._over.clear()
        return tuple(found)

    def stop(self) -> None:
        """Begins nothing new; what is half-changed is finished."""
        self._stopped = True

    def wait(self, seconds: float) -> bool:
        """Waits for everything under way; whether it has ended in time."""
        with self._change:
            return self._change.wait_for(lambda: not self._flights, seconds)

    def _fly(self, flight: Flight, course: Course) -> None:
        try:
            fly(flight, course)
        finally:
            with self._change:
                self._flights.remove(flight)
                self._over.append(flight)
                self._change.notify_all()
            self.wake()

    def _ended(self, flight: Flight, outcome: Outcome) -> None:
        with self._change:
            flight.aboard.pop(outcome.step.id, None)
            flight.untold.append(outcome)
        if self.contended or flight.tells_more(outcome.step):
            self.wake()
