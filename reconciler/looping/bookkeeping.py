"""The statuses of a loop: what is not written yet is kept, for what is stalled must not be forgotten with it."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from reconciler.adapters import gitrepo
from reconciler.core.plan import Outcome
from reconciler.core.statuses import status
from reconciler.passes.audience import Audience
from reconciler.passes.committing import Report, published, summarised
from reconciler.passes.looking import Look, Pass
from reconciler.passes.notifying import told

WRITTEN_EVERY = 15.0
"""Seconds at least between status commits while anything is under way."""


@dataclass(slots=True, kw_only=True)
class Books:
    """What was last said of all models, whether or not it could be written; `audience` hears of each change."""

    audience: Audience
    _written: float = -WRITTEN_EVERY
    _base: Mapping[str, status.ModelStatus] = field(default_factory=dict)
    _unwritten: Mapping[str, status.ModelStatus] | None = None

    @property
    def open(self) -> bool:
        """Whether something is still to be written."""
        return self._unwritten is not None

    def opened(self, one: Pass) -> Pass:
        """With our own last statuses where they could not be written, and nobody else has written since."""
        ours = self._unwritten if one.statuses == self._base else None
        self._base = one.statuses
        return one if ours is None else replace(one, statuses=ours)

    def closed(self, one: Pass, look: Look, outcomes: tuple[Outcome, ...], *, at_once: bool) -> Report:
        """How every model stands: written `at_once` or after a while; where the plan is refused, as it was."""
        done = status.Pass(plan=look.plan, outcomes=outcomes, observed=look.observed, desired=one.desired)
        statuses = summarised(one, done)
        report = Report(look=look, last=look.plan, outcomes=outcomes, statuses=statuses)
        if look.plan.refusal is not None:
            return replace(report, statuses=one.statuses)
        self._unwritten = statuses
        if at_once or time.monotonic() - self._written >= WRITTEN_EVERY:
            report = self._publish(one, report)
        changed = statuses != one.statuses
        return replace(report, untold=told(self.audience, report, one.now)) if changed else report

    def _publish(self, one: Pass, report: Report) -> Report:
        found = published(one, report)
        self._written = time.monotonic()
        if found.publish_error is None and not found.unpublished and gitrepo.can_publish(one.options.repo):
            self._unwritten = None
        return found
