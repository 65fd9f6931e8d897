"""How a line of progress is said: text for logs that people read, JSON for logs that machines read."""

from dataclasses import dataclass

import click

from reconciler.cli import out
from reconciler.core.jsonvalue import JsonObject
from reconciler.core.plan import Outcome, Step
from reconciler.render import json_text, outcome_text, plan_json, report_json
from reconciler.render.line import Line
from reconciler.render.sofar import SoFar


@dataclass(frozen=True, slots=True)
class Voice:
    """How a line is said: as text or as JSON, on stdout or stderr."""

    as_json: bool
    err: bool

    def started(self, step: Step) -> None:
        """One line for the start of a step."""
        self._say(outcome_text.started(step), {"event": "started", **plan_json.step(step)})

    def going(self, step: Step, so_far: SoFar) -> None:
        """One line for a step that takes its time."""
        amount: JsonObject = {
            "event": "going",
            "done": so_far.done,
            "seconds": round(so_far.seconds),
            "bytes_per_second": round(so_far.rate),
            "seconds_left": None if so_far.left is None else round(so_far.left),
            "file": so_far.file or None,
        }
        self._say(outcome_text.going(step, so_far), amount | plan_json.step(step))

    def all_fetches(self, so_far: SoFar) -> None:
        """One line for all fetches together, as text only: a machine can add up."""
        if not self.as_json:
            self._say(outcome_text.all_fetches(so_far), {})

    def ended(self, outcome: Outcome) -> None:
        """One line for the end of a step."""
        self._say(outcome_text.ended(outcome), {"event": "ended", **report_json.outcome(outcome)})

    def _say(self, line: Line, event: JsonObject) -> None:
        if self.as_json:
            click.echo(json_text.compact(event), nl=False, err=True)
        else:
            out.show([line], err=self.err)
