"""`reconcile gc`: reads and observes as a pass does, and removes what nothing refers to."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from reconciler.core.plan import Outcome, Plan
from reconciler.core.planning.garbage import garbage
from reconciler.core.progress import Reporter
from reconciler.core.spec import Desired
from reconciler.executor import execute
from reconciler.passes.asking import request_of
from reconciler.passes.beginning import begun
from reconciler.passes.hands import hands
from reconciler.passes.options import Options


@dataclass(frozen=True, slots=True, kw_only=True)
class Swept:
    """What a gc found and did."""

    desired: Desired
    plan: Plan
    outcomes: tuple[Outcome, ...]


def gc(
    options: Options,
    *,
    reporter: Reporter,
    confirm: Callable[[Plan], bool],
    cancelled: Callable[[], bool],
    now: datetime,
) -> Swept:
    """Removes what nothing refers to, if that is confirmed. Raises ReconcileError where a run cannot begin."""
    with begun(options, now) as one, one.world.volume.lock("reconcile gc"):
        plan = garbage(one.desired, one.observe({}), one.target, request_of(one.options, one.desired, one.now, {}))
        agreed = confirm(plan)
        outcomes = execute(plan, hands(one.world, reporter, cancelled)) if agreed else ()
        return Swept(desired=one.desired, plan=plan, outcomes=outcomes)
