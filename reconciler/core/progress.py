"""What a run tells while it works: a reporter is handed in, and the default says nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from reconciler.core.plan import Outcome, Step


@dataclass(frozen=True, slots=True)
class Moved:
    """Bytes of a file that came, or were `here` from an earlier try; `size` of all of it, None if not known."""

    count: int
    file: str = ""
    size: int | None = None
    here: bool = False

    @property
    def came(self) -> int:
        """Bytes that came over the network: what a try brought has come, also if it failed and is taken back."""
        return 0 if self.here else max(0, self.count)


class Reporter(Protocol):
    """Is told of each step as it happens, from any thread, and raises nothing."""

    def expected(self, steps: Sequence[Step]) -> None:
        """These steps are about to be carried out."""

    def started(self, step: Step) -> None:
        """The step begins."""

    def advanced(self, step: Step, moved: Moved) -> None:
        """The step has moved so much more; below zero where a try began again."""

    def ended(self, outcome: Outcome) -> None:
        """The step is over; also told of steps that never started because something before them failed."""


class Silent:
    """The reporter that says nothing."""

    def expected(self, steps: Sequence[Step]) -> None:
        """Nothing."""

    def started(self, step: Step) -> None:
        """Nothing."""

    def advanced(self, step: Step, moved: Moved) -> None:
        """Nothing."""

    def ended(self, outcome: Outcome) -> None:
        """Nothing."""
