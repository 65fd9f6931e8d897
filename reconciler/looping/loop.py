"""Passes again and again: every interval, at once when git's ref moves or somebody asks, and when work ends.

The thread of the loop turns and rests; others only wake it. A pass that cannot be done is told, and tried again.
"""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from reconciler.core.errors import ReconcileError, UsageError
from reconciler.core.progress import Reporter
from reconciler.looping.bell import Bell, Wake
from reconciler.looping.flights import Flights
from reconciler.looping.turn import Turn
from reconciler.looping.turning import Turning

FIRST_RETRY = 5.0
"""Seconds after a pass that could not be done, doubling up to the interval."""

_BREATH = 1.0
"""Seconds at least between the end of a pass and one that is only for what has ended since."""


class Journal(Protocol):
    """Is told what the loop does, by its own thread, and raises nothing."""

    def turning(self, why: Wake) -> None:
        """A pass begins."""

    def turned(self, turn: Turn) -> None:
        """A pass is over."""

    def failed(self, error: ReconcileError, seconds: float) -> None:
        """A pass could not be done; it is tried again after so many seconds."""

    def stopping(self, running: int) -> None:
        """Nothing new is begun; so many steps are under way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How often, in seconds: a pass each `interval`, give or take a tenth; a look at git's ref each `poll`.

    `grace` for what is under way when it is to stop. `passes`: the end after so many, None for never.
    """

    interval: float
    poll: float
    grace: float
    passes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What is around the loop: who is told of passes and of steps, what wakes it, and the clock."""

    journal: Journal
    reporter: Reporter
    bell: Bell
    now: Callable[[], datetime]


@dataclass(slots=True, kw_only=True)
class Loop:
    """One target, kept as git says until it is to stop."""

    turning: Turning
    flights: Flights
    around: Surroundings
    pace: Pace
    _failures: int = 0
    _ended: float = field(default_factory=time.monotonic)

    def run(self) -> bool:
        """Turns until `Wake.STOP`, or for as many passes as it may; whether all that was under way ended in time.

        Raises UsageError where the very first pass shows that none will ever succeed.
        """
        why, turned = Wake.BEGIN, 0
        while why is not Wake.STOP and (self.pace.passes is None or turned < self.pace.passes):
            self.around.journal.turning(why)
            rest = self._turn(first=turned == 0)
            turned += 1
            why = self._rested(rest)
        return self._stopped()

    def _turn(self, *, first: bool) -> float:
        """One pass; seconds until the next."""
        try:
            turn = self.turning.turn()
        except UsageError as error:
            if first:
                raise
            return self._failed(error)
        except ReconcileError as error:
            return self._failed(error)
        finally:
            self._ended = time.monotonic()
        self._failures = 0
        self.around.journal.turned(turn)
        rest = self.pace.interval * random.uniform(0.9, 1.1)  # noqa: S311 - jitter, no secret
        again = self.turning.patience.due()
        return rest if again is None else min(rest, max(again, _BREATH))

    def _failed(self, error: ReconcileError) -> float:
        rest = min(FIRST_RETRY * 2.0 ** min(self._failures, 16), max(self.pace.interval, FIRST_RETRY))
        rest *= random.uniform(0.5, 1.0)  # noqa: S311 - jitter, no secret
        self._failures += 1
        self.around.journal.failed(error, rest)
        return rest

    def _rested(self, seconds: float) -> Wake:
        """Why the next pass begins, once it is time."""
        until = self._ended + seconds
        landed = False
        while (left := until - time.monotonic()) > 0:
            match self.around.bell.wait(left):
                case None:
                    break
                case Wake.LANDED:
                    landed, until = True, min(until, self._ended + _BREATH)
                case why:
                    return why
        return Wake.LANDED if landed else Wake.INTERVAL

    def _stopped(self) -> bool:
        """Lets what is half-changed be finished, and writes how all stands."""
        until = time.monotonic() + self.pace.grace
        self.flights.stop()
        self.around.journal.stopping(len(self.flights.running()))
        ended = self.flights.wait(self.pace.grace)
        if ended and time.monotonic() < until:
            try:
                self.around.journal.turned(self.turning.turn(last=True))
            except ReconcileError as error:
                self.around.journal.failed(error, 0.0)
        return ended
