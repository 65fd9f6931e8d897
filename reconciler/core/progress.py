"""What a run tells while it works: a reporter is handed in, and the default says nothing."""

from typing import Protocol

from reconciler.core.plan import Outcome, Step


class Reporter(Protocol):
    """Is told of each step as it happens, from any thread, and raises nothing."""

    def started(self, step: Step) -> None:
        """The step begins."""

    def advanced(self, step: Step, n: int) -> None:
        """The step has moved n more bytes; below zero where a try began again."""

    def ended(self, outcome: Outcome) -> None:
        """The step is over; also told of steps that never started because something before them failed."""


class Silent:
    """The reporter that says nothing."""

    def started(self, step: Step) -> None:
        """Nothing."""

    def advanced(self, step: Step, n: int) -> None:
        """Nothing."""

    def ended(self, outcome: Outcome) -> None:
        """Nothing."""
