"""What `reconcile run` says of its passes: a line when there is something new, JSON lines where they were asked for."""

from dataclasses import dataclass, field

import click

from reconciler.bell import Wake
from reconciler.cli import out
from reconciler.core.errors import ReconcileError
from reconciler.core.jsonvalue import JsonObject
from reconciler.render import json_text, outcome_text, problems, turn_text, words
from reconciler.render.line import Line
from reconciler.turn import Turn

_WHY = {Wake.ASKED: "a pass was asked for", Wake.MOVED: "git has changed"}


@dataclass(slots=True)
class Spoken:
    """A journal that talks. What would only be said again is not."""

    as_json: bool
    _last: list[Line] = field(default_factory=list)

    def turning(self, why: Wake) -> None:
        """Says why, where that is news."""
        if why in _WHY:
            self._last = []  # who asks gets an answer
            self._say([Line(f"Looking: {_WHY[why]}.")], {"event": "turning", "why": why.value})

    def turned(self, turn: Turn) -> None:
        """Says what was begun, and how all stands once nothing is under way."""
        report, plan = turn.report, turn.look.plan
        lines = turn_text.turned(plan, report.statuses, len(turn.begun), len(turn.running))
        lines += problems.lines(problems.of(turn.look.desired))
        lines += outcome_text.pushed(None, report.publish_error, report.unpublished)
        lines += outcome_text.untold(report.untold)
        news = lines != self._last or bool(turn.begun)
        self._last = lines
        if news:
            self._say(lines, _event(turn))

    def failed(self, error: ReconcileError, seconds: float) -> None:
        """Says what went wrong, and when it is tried again."""
        self._last = []
        out.complain_of(error, as_json=self.as_json)
        self._say([Line(f"Trying again in {words.duration(seconds)}.")] if seconds else [], {})

    def stopping(self, running: int) -> None:
        """Says so."""
        finishing = f"; {words.count(running, 'step')} under way" if running else ""
        self._say([Line(f"Asked to stop{finishing}.")], {"event": "stopping", "running": running})

    def _say(self, lines: list[Line], event: JsonObject) -> None:
        if not self.as_json:
            out.show(lines)
        elif event:
            click.echo(json_text.compact(event), nl=False, err=True)


def _event(turn: Turn) -> JsonObject:
    plan, report = turn.look.plan, turn.report
    return {
        "event": "turned",
        "target": words.line(plan.target),
        "revision": plan.revision,
        "began": turn.began.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "seconds": round(turn.seconds, 3),
        "begun": len(turn.begun),
        "running": len(turn.running),
        "converged": turn.converged,
        "ready": sum(status.ready for status in report.statuses.values()),
        "models": len(report.statuses),
        "refused": plan.refusal.reason.value if plan.refusal is not None else None,
        "unknown": [words.line(fact) for fact in plan.unknown],
    }
