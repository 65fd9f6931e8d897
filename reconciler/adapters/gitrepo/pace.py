"""How many writers of one branch get along: who loses waits, by chance, and the longer the longer an attempt takes.

A wait that did not grow with that would let many writers before a slow server be in each other's way for ever.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

from reconciler.core.errors import Reason, TransientError

_FIRST, _LONGEST, _BUDGET, _DOUBLINGS = 0.05, 8.0, 120.0, 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How long to wait between attempts: `random` gives [0, 1), `sleep` takes seconds, `clock` gives them."""

    random: Callable[[], float]
    sleep: Callable[[float], None]
    clock: Callable[[], float] = time.monotonic

    def wait(self, attempt: int, took: float) -> float:
        """Full jitter on what the attempt took (50 ms at least), doubled four times, up to 8 s."""
        return self.random() * min(_LONGEST, max(_FIRST, took) * (1 << min(attempt, _DOUBLINGS)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Landed:
    """What was to be written is there; the new commit, None if it was there before."""

    commit: str | None


class Raced:
    """Another writer was faster."""


def settle(attempt: Callable[[], Landed | Raced], branch: str, pace: Pace) -> str | None:
    """Tries for two minutes at most, but for the attempt that is under way by then. Raises TransientError then."""
    until, count = pace.clock() + _BUDGET, 0
    while True:
        started = pace.clock()
        match attempt():
            case Landed(commit=commit):
                return commit
            case Raced():
                wait = pace.wait(count, pace.clock() - started)
        if pace.clock() + wait >= until:
            break
        pace.sleep(wait)
        count += 1
    raise TransientError(
        Reason.PUSH_RACED,
        f"other writers were always faster on {branch}",
        "what was applied stays applied; the next pass writes the status",
    )
