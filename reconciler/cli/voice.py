"""How a line of progress is said: text for logs that people read, JSON for logs that machines read (docs/logs.md)."""

from dataclasses import dataclass, field
from time import monotonic

from reconciler.cli import logs, out
from reconciler.core.jsonvalue import JsonObject
from reconciler.core.plan import Outcome, Plan, Result, Step
from reconciler.core.recording import PassResult
from reconciler.render import events, outcome_text
from reconciler.render.events import Subject
from reconciler.render.line import Line
from reconciler.render.sofar import SoFar

_LEVELS = {Result.DONE: "info", Result.FAILED: "error", Result.BLOCKED: "warning", Result.CANCELLED: "warning"}


@dataclass(slots=True)
class Voice:
    """How a line is said: as text or as JSON, on stdout or stderr. `began`: when the pass did."""

    as_json: bool
    err: bool
    subject: Subject = field(default_factory=Subject)
    began: float = field(default_factory=monotonic)

    def about(self, plan: Plan) -> None:
        """From now on every line of JSON says which target and revision it is about."""
        self.subject = Subject(target=plan.target, revision=plan.revision)

    def started(self, step: Step) -> None:
        """One line for the start of a step."""
        self._say(outcome_text.started(step), "info", "started", events.of_step(step))

    def going(self, step: Step, so_far: SoFar) -> None:
        """One line for a step that takes its time."""
        amount: JsonObject = {
            "done": so_far.done,
            "seconds": round(so_far.seconds),
            "bytes_per_second": round(so_far.rate),
            "seconds_left": None if so_far.left is None else round(so_far.left),
            "file": so_far.file or None,
        }
        self._say(outcome_text.going(step, so_far), "info", "going", events.of_step(step) | amount)

    def all_fetches(self, so_far: SoFar) -> None:
        """One line for all fetches together, as text only: a machine can add up."""
        if not self.as_json:
            out.show([outcome_text.all_fetches(so_far)], err=self.err)

    def ended(self, outcome: Outcome, came: int | None = None) -> None:
        """One line for the end of a step; `came`: the bytes that came for it, if that was counted."""
        fields = events.of_outcome(outcome, came)
        self._say(outcome_text.ended(outcome), _LEVELS[outcome.result], "ended", fields)

    def passed(self, result: PassResult, reason: str, outcomes: tuple[Outcome, ...]) -> None:
        """One line for the whole pass, in JSON only: as text its end is told in sentences."""
        if self.as_json:
            told: JsonObject = {
                "outcome": result.value,
                "reason": reason or None,
                "seconds": round(monotonic() - self.began, 3),
            }
            level = "info" if result is PassResult.DONE else "error"
            logs.tell(level, "pass", events.of_pass(self.subject) | told | events.counts(outcomes))

    def _say(self, line: Line, level: str, event: str, fields: JsonObject) -> None:
        if self.as_json:
            logs.tell(level, event, events.of_pass(self.subject) | fields)
        else:
            out.show([line], err=self.err)
