"""The dry half of a pass: everything is read afresh, and planned; nothing is changed."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from reconciler.core.content import Unavailable
from reconciler.core.observed import Observed, StalledAt
from reconciler.core.plan import Plan
from reconciler.core.planning import planner
from reconciler.core.spec import Desired, Target
from reconciler.core.statuses import remembered, status
from reconciler.passes import asking, choosing
from reconciler.passes.options import Options
from reconciler.passes.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Everything that one pass has read, and the plan that follows from it.

    `folder`: what git calls the folder that the statuses are from, empty where there is none.
    """

    desired: Desired
    target: Target
    observed: Observed
    plan: Plan
    statuses: Mapping[str, status.ModelStatus]
    folder: str = ""


def standing(seen: Look) -> Mapping[str, status.ModelStatus]:
    """How the models stand by this look alone; the times of their conditions mean nothing."""
    done = status.Pass(plan=seen.plan, outcomes=(), observed=seen.observed, desired=seen.desired)
    return status.summarise(done, seen.statuses, now="")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """What stays the same throughout one pass."""

    options: Options
    desired: Desired
    target: Target
    world: World
    statuses: Mapping[str, status.ModelStatus]
    now: datetime
    folder: str = ""

    def observe(self, stalled: Mapping[str, StalledAt]) -> Observed:
        """The world afresh, with the sources of those models only that this pass is about."""
        asked = choosing.asked_of(self.desired, self.target, self.options)
        with self.options.trace.observing():
            return self.world.observe(asked, stalled, frozenset(self.options.adopt))

    def first_look(self) -> Look:
        """The same as `look`. Raises UsageError for a MODEL that is nowhere, which it may well be later in a run."""
        seen = self.look({})
        choosing.check_models(self.desired, seen.observed, self.options)
        return seen

    def look(self, failed: Mapping[str, Unavailable]) -> Look:
        """Observes and plans. `failed`: models whose failure in this run shall not be tried again in it."""
        return self.planned(self.observed(), failed)

    def observed(self) -> Observed:
        """The world afresh, with what the last status remembers."""
        found = self.observe(status.stalled(self.statuses))
        return replace(found, before=remembered.active_before(self.statuses))

    def planned(self, observed: Observed, failed: Mapping[str, Unavailable]) -> Look:
        """The plan that follows from a look at the world."""
        request = asking.request_of(self.options, self.desired, self.now, failed, self.world.memo)
        with self.options.trace.planning():
            planned = planner.plan(self.desired, observed, self.target, request)
        return Look(
            desired=self.desired,
            target=self.target,
            observed=observed,
            plan=planned,
            statuses=self.statuses,
            folder=self.folder,
        )
