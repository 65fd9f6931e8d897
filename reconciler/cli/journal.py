"""What `reconcile run` says of its passes when there is something new: sentences, or JSON lines (docs/logs.md)."""

import gc
import time
from dataclasses import dataclass, field

from reconciler.cli import logs, out
from reconciler.cli.voice import Voice
from reconciler.core.errors import ReconcileError
from reconciler.core.jsonvalue import JsonObject
from reconciler.looping.bell import Wake
from reconciler.looping.turn import Turn
from reconciler.render import events, outcome_text, problems, turn_text, words
from reconciler.render.line import Line

_WHY = {Wake.ASKED: "a pass was asked for", Wake.MOVED: "git has changed"}


_SWEEP = 30.0
"""Seconds at least between two looks for garbage."""


@dataclass(slots=True)
class Spoken:
    """A journal that talks. What would only be said again is not."""

    voice: Voice
    _last: list[Line] = field(default_factory=list)
    _swept: float = field(default_factory=time.monotonic)

    def turning(self, why: Wake) -> None:
        """Says why, where that is news."""
        if why in _WHY:
            self._last = []  # who asks gets an answer
            self._say([Line(f"Looking: {_WHY[why]}.")], "turning", {"why": why.value})

    def turned(self, turn: Turn) -> None:
        """Says what was begun, and how all stands once nothing is under way."""
        report, plan = turn.report, turn.look.plan
        self.voice.about(plan)
        lines = turn_text.turned(plan, report.statuses, len(turn.begun), len(turn.running))
        lines += problems.lines(found := problems.of(turn.look.desired))
        lines += outcome_text.pushed(None, report.publish_error, report.unpublished)
        lines += outcome_text.untold(report.untold)
        if lines != self._last or turn.begun:
            self._say(lines, "turn", events.of_pass(self.voice.subject) | _counted(turn))
            if self.voice.as_json:
                out.faults(found, as_json=True)
                for error in (report.publish_error, *report.untold):
                    self._complain(error)
        self._last = lines
        self._sweep()

    def failed(self, error: ReconcileError, seconds: float) -> None:
        """Says what went wrong, and when it is tried again."""
        self._last = []
        self._complain(error)
        if seconds and not self.voice.as_json:
            out.show([Line(f"Trying again in {words.duration(seconds)}.")])

    def stopping(self, running: int) -> None:
        """Says so."""
        finishing = f"; {words.count(running, 'step')} under way" if running else ""
        self._say([Line(f"Asked to stop{finishing}.")], "stopping", {"running": running})

    def _sweep(self) -> None:
        """Python itself looks for rings of garbage so seldom (cli/__init__.py) that a loop would grow for days."""
        if time.monotonic() - self._swept >= _SWEEP:
            gc.collect()
            self._swept = time.monotonic()

    def _complain(self, error: ReconcileError | None) -> None:
        if error is not None:
            out.complain_of(error, as_json=self.voice.as_json)

    def _say(self, lines: list[Line], event: str, fields: JsonObject) -> None:
        if self.voice.as_json:
            logs.tell("info", event, fields)
        else:
            out.show(lines)


def _counted(turn: Turn) -> JsonObject:
    report = turn.report
    return {
        "outcome": report.result.value,
        "reason": report.reason or None,
        "seconds": round(turn.seconds, 3),
        "begun": len(turn.begun),
        "running": len(turn.running),
        "ready": sum(status.ready for status in report.statuses.values()),
        "models": len(report.statuses),
        "converged": turn.converged,
    }
