"""Trying again: backoff with full jitter between tries, deadlines, and what an exception means for a step.

Clock, sleep and randomness are handed in.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from reconciler.core.errors import Reason, ReconcileError, TerminalError, TransientError
from reconciler.core.plan import Outcome, Result, Step

FIRST_WAIT, LONGEST_WAIT = 0.75, 30.0
"""Seconds before the second try, doubling up to the longest; the actual wait is between half of it and all of it."""

_ANOTHER_PASS = frozenset({Reason.CANCELLED, Reason.TREE_DAMAGED, Reason.LINK_REPOINTED})
"""What no second try mends before somebody has looked again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempts:
    """How to wait: `clock` in seconds, `random` in [0, 1), `cancelled` asked between tries and while waiting."""

    clock: Callable[[], float]
    sleep: Callable[[float], None]
    random: Callable[[], float]
    cancelled: Callable[[], bool]

    def retrying(self, effect: Callable[[], None], *, retries: int) -> None:
        """Runs the effect, again after each TransientError up to `retries` times. Raises the last error."""
        waits = iter(self._waits(retries))
        while True:
            try:
                return effect()
            except TransientError as error:
                wait = next(waits, None)
                if wait is None or error.reason in _ANOTHER_PASS or not self._pause(wait):
                    raise

    def _waits(self, retries: int) -> Iterator[float]:
        longest = FIRST_WAIT
        for _ in range(retries):
            yield longest * (0.5 + 0.5 * self.random())
            longest = min(LONGEST_WAIT, longest * 2)

    def _pause(self, seconds: float) -> bool:
        """Waits in small slices; False if the run was cancelled meanwhile."""
        end = self.clock() + seconds
        while not self.cancelled() and (left := end - self.clock()) > 0:
            self.sleep(min(left, 0.2))
        return not self.cancelled()

    def outcome(self, step: Step, effect: Callable[[], None]) -> Outcome:
        """What came of running the effect, as a value."""
        started = self.clock()
        try:
            effect()
        except ReconcileError as error:
            cancelled = error.reason is Reason.CANCELLED
            return Outcome(
                step=step,
                result=Result.CANCELLED if cancelled else Result.FAILED,
                reason=error.reason,
                message=str(error),
                terminal=isinstance(error, TerminalError),
                began=started,
                seconds=self.clock() - started,
            )
        return Outcome(step=step, result=Result.DONE, began=started, seconds=self.clock() - started)
