"""One pass: read, observe, plan, execute, summarise, commit.

`look` is the dry half and changes nothing; `apply` holds the volume's lock from its look to its status commit. What
follows may be known only once the plan is carried out: then further rounds plan and carry out the rest.
"""

from collections.abc import Callable
from datetime import datetime

from reconciler import executor
from reconciler.core.errors import Reason, RefusedError
from reconciler.core.judging.failures import damaged, failures, with_later
from reconciler.core.plan import Load, Prune
from reconciler.core.progress import Reporter
from reconciler.passes import beginning, notifying
from reconciler.passes.committing import Report, committed
from reconciler.passes.hands import hands
from reconciler.passes.looking import Look
from reconciler.passes.options import Options

_FURTHER_LOOKS = 3
"""The second is for what a source holds; a third is due where that changed meanwhile."""


def look(options: Options, *, now: datetime) -> Look:
    """Reads git, volume and servers, and plans. Raises ReconcileError where that cannot be done at all."""
    with beginning.begun(options, now) as one:
        return one.first_look()


def apply(
    options: Options,
    *,
    reporter: Reporter,
    confirm: Callable[[Look], bool],
    cancelled: Callable[[], bool],
    now: datetime,
) -> Report:
    """Plans and carries out. Raises ReconcileError where a run cannot begin; what fails later is in the report."""
    with options.trace.a_pass() as trace:
        traced = options.traced(trace)
        report = notifying.telling(traced, now, lambda: _applied(traced, reporter, confirm, cancelled, now))
        trace.ended(report.result, report.reason)
        return report


def _applied(
    options: Options,
    reporter: Reporter,
    confirm: Callable[[Look], bool],
    cancelled: Callable[[], bool],
    now: datetime,
) -> Report:
    with beginning.begun_for_good(options, now, beginning.locking("reconcile apply")) as one:
        seen = one.first_look()
        if seen.plan.refusal is not None:
            return Report(look=seen, last=seen.plan, outcomes=(), statuses=seen.statuses)
        if not confirm(seen):
            raise RefusedError(Reason.NOT_CONFIRMED, "Nothing was done: the plan was not confirmed.")
        reporter = options.trace.reporter(reporter, one.target.name, one.desired.revision)
        with_hands = hands(one.world, reporter, cancelled)
        outcomes, last, plans = executor.execute(seen.plan, with_hands), seen, [seen.plan]
        for _ in range(_FURTHER_LOOKS):
            if not (_more_may_follow(last) or damaged(outcomes)) or cancelled():
                break
            last = one.look(failures(outcomes))
            plans.append(last.plan)
            later = executor.execute(last.plan, with_hands) if last.plan.refusal is None else ()
            outcomes = with_later(outcomes, later)
        return committed(one, seen, plans, outcomes)


def _more_may_follow(seen: Look) -> bool:
    """Whether this look cannot have seen all there is to do.

    A source may tell only now what it holds; Triton may have loaded a once mended tree by itself (ADR 0006); and what
    had no room may have some after pruning.
    """
    actions = [step.action for step in seen.plan.steps]
    loads = any(isinstance(action, Load) for action in actions)
    freed = any(isinstance(action, Prune) for action in actions)
    short = any(Reason.NO_SPACE in (line.reason, line.kept) for line in seen.plan.models)
    deferred = any(line.deferred for line in seen.plan.models)
    return deferred or (loads and bool(seen.observed.volume.mends)) or (freed and short)
