"""One pass: read, observe, plan, execute, summarise, commit.

`look` is the dry half and changes nothing; `apply` holds the volume's lock from its look to its status commit. What
follows may be known only once the plan is carried out: then a second round plans and carries out the rest, once.
"""

import random
import time
from collections.abc import Callable
from datetime import datetime

from reconciler.committing import Report, committed
from reconciler.core.errors import Reason, RefusedError
from reconciler.core.failures import failures
from reconciler.core.plan import Load, Plan
from reconciler.core.progress import Reporter
from reconciler.executor import Attempts, Hands, execute
from reconciler.looking import Look, begun
from reconciler.reading import Options


def look(options: Options, *, now: datetime) -> Look:
    """Reads git, volume and servers, and plans. Raises ReconcileError where that cannot be done at all."""
    with begun(options, now) as one:
        return one.first_look()


def apply(
    options: Options,
    *,
    reporter: Reporter,
    confirm: Callable[[Plan], bool],
    cancelled: Callable[[], bool],
    now: datetime,
) -> Report:
    """Plans and carries out. Raises ReconcileError where a run cannot begin; what fails later is in the report."""
    with begun(options, now) as one, one.world.volume.lock("reconcile apply"):
        seen = one.first_look()
        if seen.plan.refusal is not None:
            return Report(look=seen, last=seen.plan, outcomes=(), statuses=seen.statuses)
        if not confirm(seen.plan):
            raise RefusedError(Reason.NOT_CONFIRMED, "Nothing was done: the plan was not confirmed.")
        attempts = Attempts(clock=time.monotonic, sleep=time.sleep, random=random.random, cancelled=cancelled)
        hands = Hands(volume=one.world.volume, servers=one.world.servers, attempts=attempts, reporter=reporter)
        outcomes, last = execute(seen.plan, hands), seen
        if _more_may_follow(seen) and not cancelled():
            last = one.look(failures(outcomes))
            outcomes += execute(last.plan, hands) if last.plan.refusal is None else ()
        return committed(one, seen, last.plan, outcomes)


def _more_may_follow(seen: Look) -> bool:
    """A source may tell only now what it holds; and Triton may have loaded a once mended tree by itself (ADR 0006)."""
    loads = any(isinstance(step.action, Load) for step in seen.plan.steps)
    return any(line.deferred for line in seen.plan.models) or (loads and bool(seen.observed.volume.mends))
