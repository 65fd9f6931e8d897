"""Counts what a run does while it does it."""

import threading
from collections.abc import Sequence
from datetime import datetime

from reconciler.core.plan import Outcome, Plan, Step
from reconciler.core.progress import Moved, Reporter
from reconciler.core.views.tally import Ending, Tally


class Meter:
    """A reporter that counts, and tells the one beside it. The tally may be read from any thread at any time."""

    def __init__(self, told: Reporter) -> None:
        self._told = told
        self._lock = threading.Lock()
        self._tally = Tally()

    @property
    def tally(self) -> Tally:
        """All that was counted so far."""
        return self._tally

    def expected(self, steps: Sequence[Step]) -> None:
        """Told on."""
        self._told.expected(steps)

    def started(self, step: Step) -> None:
        """Told on."""
        self._told.started(step)

    def advanced(self, step: Step, moved: Moved) -> None:
        """Counts what came; what a further try takes back was fetched all the same."""
        if moved.count > 0 and not moved.here:
            with self._lock:
                self._tally = self._tally.with_fetched(moved.count)
        self._told.advanced(step, moved)

    def ended(self, outcome: Outcome) -> None:
        """Counts the outcome."""
        with self._lock:
            self._tally = self._tally.with_outcome(outcome)
        self._told.ended(outcome)

    def planned(self, plan: Plan) -> None:
        """Counts the drift that the first plan of a pass tells of."""
        with self._lock:
            self._tally = self._tally.with_drift(plan)

    def over(self, ending: Ending, seconds: float, ended: datetime) -> None:
        """Counts a run that is over."""
        with self._lock:
            self._tally = self._tally.with_run(ending, seconds, ended)

    def about(self, models: Sequence[str]) -> None:
        """Forgets the models that are gone."""
        with self._lock:
            self._tally = self._tally.about(frozenset(models))
