"""`plan(desired, observed) -> Plan`: pure and total. Whatever the inputs, there is a plan, and it says why.

verdicts (each model by itself) → settle (what one needs of another, what there is room for) → removals → deltas (what
separates it from what is there) → units (what changes together) → schedule (an order in which each finds room) → steps
→ prune → a line for each model, and the guards' word on it all.
"""

from reconciler.core.judging.placing import judged
from reconciler.core.judging.removals import ours, removals
from reconciler.core.judging.verdicts import Request
from reconciler.core.observed import Observed
from reconciler.core.plan import Fetch, Plan, Step
from reconciler.core.planning.guards import refusal, unknown
from reconciler.core.planning.lines import lines
from reconciler.core.planning.prune import pruned
from reconciler.core.scheduling.arranging import arranged
from reconciler.core.scheduling.spans import spans
from reconciler.core.spec import Desired, Target
from reconciler.core.statuses.circumstances import still_stalled


def plan(desired: Desired, observed: Observed, target: Target, request: Request) -> Plan:
    """What would be done to this target, and what is left alone."""
    observed = still_stalled(desired, observed)
    verdicts, gate = judged(desired, observed, target, request)
    found = arranged(
        verdicts,
        observed,
        gate,
        request,
        lambda verdicts: removals(desired, observed, verdicts, request),
    )
    scene = found.scene
    planned = () if desired.problems else pruned(scene, found.schedule.units, desired, request)
    return Plan(
        target=target.name,
        revision=desired.revision,
        models=lines(scene, found.held, planned),
        steps=planned,
        refusal=refusal(
            desired,
            removed=len(scene.removals),
            ours=len(ours(observed)),
            remaining=len(scene.verdicts),
            allowed=request.allow_removals,
        ),
        unknown=unknown(scene),
        totals=_totals(planned, observed),
        spans=spans(scene, found.schedule, planned, target),
        remembered=observed.remembered,
        not_fresh=desired.not_fresh,
    )


def _totals(planned: tuple[Step, ...], observed: Observed) -> dict[str, int]:
    fetches = [step.action for step in planned if isinstance(step.action, Fetch)]
    free = observed.volume.free_bytes
    return ({} if free is None else {"free_bytes": free}) | {
        "fetches": len(fetches),
        "fetch_bytes": sum(fetch.size or 0 for fetch in fetches),
        "fetches_of_unknown_size": sum(fetch.size is None for fetch in fetches),
    }
