"""One pass: read, observe, plan, execute, summarise, commit.

`look` is the dry half and changes nothing; `apply` holds the volume's lock from its look to its status commit. What a
source holds may be known only once it is fetched: then a second round plans and carries out the rest, once.
"""

import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime

from reconciler.adapters import gitrepo
from reconciler.core import status
from reconciler.core.content import Unavailable
from reconciler.core.errors import Reason, ReconcileError, RefusedError
from reconciler.core.observed import Observed
from reconciler.core.plan import Outcome, Plan, Result
from reconciler.core.planner import plan
from reconciler.core.progress import Reporter
from reconciler.core.spec import Desired, Target
from reconciler.core.status import ModelStatus
from reconciler.core.verdicts import Request
from reconciler.executor import Hands, execute
from reconciler.executor.attempts import Attempts
from reconciler.reading import Options, chosen_target, read_desired, read_statuses
from reconciler.world import World, opened


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Everything that one pass has read, and the plan that follows from it."""

    desired: Desired
    target: Target
    observed: Observed
    plan: Plan
    statuses: Mapping[str, ModelStatus]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What an apply did. `look` is what was planned first; `published` is the status commit, None if there is none."""

    look: Look
    outcomes: tuple[Outcome, ...]
    statuses: Mapping[str, ModelStatus]
    published: str | None = None
    publish_error: ReconcileError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pass:
    """What stays the same throughout one pass."""

    options: Options
    desired: Desired
    target: Target
    world: World
    statuses: Mapping[str, ModelStatus]
    now: datetime

    def look(self, failed: Mapping[str, Unavailable]) -> Look:
        observed = self.world.observe(self.desired, status.stalled(self.statuses))
        request = Request(
            today=self.now.date(),
            models=frozenset(self.options.models),
            failed=failed,
            allow_removals=self.options.allow_removals,
            no_server=self.options.no_server,
        )
        planned = plan(self.desired, observed, self.target, request)
        return Look(desired=self.desired, target=self.target, observed=observed, plan=planned, statuses=self.statuses)


@contextmanager
def _begun(options: Options, now: datetime) -> Iterator[_Pass]:
    desired = read_desired(options, None)
    target = chosen_target(desired, options)
    statuses = read_statuses(desired, target, options, None)
    with opened(target, desired) as world:
        yield _Pass(options=options, desired=desired, target=target, world=world, statuses=statuses, now=now)


def look(options: Options, *, now: datetime) -> Look:
    """Reads git, volume and servers, and plans. Raises ReconcileError where that cannot be done at all."""
    with _begun(options, now) as begun:
        return begun.look({})


def apply(
    options: Options,
    *,
    reporter: Reporter,
    confirm: Callable[[Plan], bool],
    cancelled: Callable[[], bool],
    now: datetime,
) -> Report:
    """Plans and carries out. Raises ReconcileError where a run cannot begin; what fails later is in the report."""
    with _begun(options, now) as begun, begun.world.volume.lock("reconcile apply"):
        seen = begun.look({})
        if seen.plan.refusal is not None:
            return Report(look=seen, outcomes=(), statuses=seen.statuses)
        if not confirm(seen.plan):
            raise RefusedError(Reason.NOT_CONFIRMED, "Nothing was done: the plan was not confirmed.")
        attempts = Attempts(clock=time.monotonic, sleep=time.sleep, random=random.random, cancelled=cancelled)
        hands = Hands(volume=begun.world.volume, servers=begun.world.servers, attempts=attempts, reporter=reporter)
        outcomes, last = execute(seen.plan, hands), seen
        if any(line.deferred for line in seen.plan.models) and not cancelled():
            last = begun.look(_failed(outcomes))
            outcomes += execute(last.plan, hands)
        return _committed(begun, seen, last, outcomes)


def _failed(outcomes: tuple[Outcome, ...]) -> dict[str, Unavailable]:
    """Models that failed in this run, which shall not be tried again in it."""
    failures: dict[str, Unavailable] = {}
    for outcome in outcomes:
        model = getattr(outcome.step.action, "model", None)
        if isinstance(model, str) and outcome.result is not Result.DONE:
            failure = Unavailable(reason=outcome.reason, message=outcome.message, terminal=outcome.terminal)
            failures.setdefault(model, failure)
    return failures


def _committed(begun: _Pass, first: Look, last: Look, outcomes: tuple[Outcome, ...]) -> Report:
    """Looks at what is there now, and writes that to the status branch."""
    after = begun.world.observe(begun.desired, {})
    done = status.Pass(plan=last.plan, outcomes=outcomes, observed=after, desired=begun.desired)
    statuses = status.summarise(done, begun.statuses, now=begun.now.strftime("%Y-%m-%dT%H:%M:%SZ"))
    report = Report(look=first, outcomes=outcomes, statuses=statuses)
    try:
        return replace(report, published=_publish(begun, statuses))
    except ReconcileError as error:
        return replace(report, publish_error=error)


def _publish(begun: _Pass, statuses: Mapping[str, ModelStatus]) -> str | None:
    change = gitrepo.StatusCommit(
        branch=begun.desired.repository.status_branch,
        prefix=begun.target.name,
        files=status.to_files(statuses, target=begun.target.name),
        message=f"status of {begun.target.name} at {begun.desired.revision[:12]}\n",
        now=int(begun.now.timestamp()),
    )
    pace = gitrepo.Pace(random=random.random, sleep=time.sleep)
    return gitrepo.publish(begun.options.repo, change, pace, access=begun.options.access())
