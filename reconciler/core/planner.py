"""`plan(desired, observed) -> Plan`: pure and total. Whatever the inputs, there is a plan, and it says why.

verdicts (each model by itself) → settle (what there is room for, what one needs of another) → removals → deltas (what
separates it from what is there) → units (what changes together) → steps in order → prune → a line for each model, and
the guards' word on it all.
"""

from reconciler.core.circumstances import still_stalled
from reconciler.core.deltas import deltas
from reconciler.core.guards import refusal
from reconciler.core.lines import lines, unknown
from reconciler.core.observed import Observed
from reconciler.core.plan import Fetch, Plan, Step
from reconciler.core.prune import pruned
from reconciler.core.removals import leaving, ours, removals
from reconciler.core.settle import settle
from reconciler.core.spec import Desired, Target
from reconciler.core.units import Scene, jolted
from reconciler.core.verdicts import Request, first_look


def plan(desired: Desired, observed: Observed, target: Target, request: Request) -> Plan:
    """What would be done to this target, and what is left alone."""
    observed = still_stalled(desired, observed)
    verdicts = settle(first_look(desired, observed, target, request), observed, leaving(desired, observed, request))
    going, held = removals(desired, observed, verdicts, request)
    found = {} if desired.problems else deltas(verdicts, observed, target, desired.models, request)
    down = jolted(verdicts, observed, found)
    scene = Scene(verdicts=verdicts, observed=observed, deltas=found, removals=going, jolted=down)
    planned = () if desired.problems else pruned(scene, desired, request)
    return Plan(
        target=target.name,
        revision=desired.revision,
        models=lines(scene, held, planned),
        steps=planned,
        refusal=refusal(
            desired,
            removed=len(going),
            ours=len(ours(observed)),
            remaining=len(verdicts),
            allowed=request.allow_removals,
        ),
        unknown=unknown(scene),
        totals=_totals(planned, observed),
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
