"""The dry half of a pass: everything is read afresh, and planned; nothing is changed."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from reconciler.core import planner, status
from reconciler.core.content import Unavailable
from reconciler.core.observed import Observed, StalledAt
from reconciler.core.plan import Plan
from reconciler.core.spec import Desired, Target
from reconciler.core.verdicts import Request
from reconciler.reading import (
    Options,
    asked_of,
    check_models,
    chosen_target,
    read_desired,
    read_statuses,
    with_models,
)
from reconciler.world import World, opened


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Everything that one pass has read, and the plan that follows from it."""

    desired: Desired
    target: Target
    observed: Observed
    plan: Plan
    statuses: Mapping[str, status.ModelStatus]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """What stays the same throughout one pass."""

    options: Options
    desired: Desired
    target: Target
    world: World
    statuses: Mapping[str, status.ModelStatus]
    now: datetime

    def observe(self, stalled: Mapping[str, StalledAt]) -> Observed:
        """The world afresh, with the sources of those models only that this pass is about."""
        return self.world.observe(asked_of(self.desired, self.target, self.options), stalled)

    def first_look(self) -> Look:
        """The same as `look`. Raises UsageError for a MODEL that is nowhere, which it may well be later in a run."""
        seen = self.look({})
        check_models(self.desired, seen.observed, self.options)
        return seen

    def look(self, failed: Mapping[str, Unavailable]) -> Look:
        """Observes and plans. `failed`: models whose failure in this run shall not be tried again in it."""
        observed = self.observe(status.stalled(self.statuses))
        planned = planner.plan(self.desired, observed, self.target, self.request(failed))
        return Look(desired=self.desired, target=self.target, observed=observed, plan=planned, statuses=self.statuses)

    def request(self, failed: Mapping[str, Unavailable]) -> Request:
        """What the options ask of the planner; `failed` as for `look`."""
        return Request(
            today=self.now.date(),
            models=frozenset(self.options.models),
            failed=failed,
            allow_removals=self.options.allow_removals,
            no_server=self.options.no_server,
        )


@contextmanager
def begun(options: Options, now: datetime) -> Iterator[Pass]:
    """A pass with git read and connections open. Raises ReconcileError where that cannot be done at all."""
    desired = read_desired(options, None)
    target = chosen_target(desired, options)
    options = with_models(desired, target, options)
    statuses = read_statuses(desired, target, options, None)
    with opened(target, desired, options.environment, options.limits) as world:
        yield Pass(options=options, desired=desired, target=target, world=world, statuses=statuses, now=now)
