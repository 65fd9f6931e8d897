"""What one turn of the loop saw and did."""

from dataclasses import dataclass
from datetime import datetime

from reconciler.core.plan import Step
from reconciler.passes.committing import Report
from reconciler.passes.looking import Look


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """`begun` are the steps that it began, `running` all that are under way after it.

    `report` has what came of earlier steps since the last turn; `began` in UTC.
    """

    look: Look
    report: Report
    begun: tuple[Step, ...]
    running: tuple[Step, ...]
    began: datetime
    seconds: float

    @property
    def converged(self) -> bool:
        """Whether there is nothing that could be done now."""
        plan = self.look.plan
        return not self.begun and not self.running and plan.refusal is None and not plan.unknown
