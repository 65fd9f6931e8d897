"""What `reconcile gc` removes: nothing that is active, served, wanted or asked for, whatever is still to be done.

Unlike the pruning at the end of an apply it waits for nothing, so what an apply would first replace stays.
"""

from dataclasses import replace

from reconciler.core.judging.capacity import Sizes
from reconciler.core.judging.verdicts import Request, first_look
from reconciler.core.observed import Observed
from reconciler.core.plan import Plan
from reconciler.core.planning.guards import unknown
from reconciler.core.planning.prune import discarding, prune
from reconciler.core.planning.steps import Ordered
from reconciler.core.settling.units import Scene
from reconciler.core.spec import Desired, Target


def garbage(desired: Desired, observed: Observed, target: Target, request: Request) -> Plan:
    """A plan that prunes; nothing but what is damaged where a server cannot be asked what it serves."""
    verdicts = first_look(desired, observed, target, replace(request, models=frozenset()))
    sizes = Sizes(desired.models, verdicts, observed)
    scene = Scene(verdicts=verdicts, observed=observed, deltas={}, removals={}, sizes=sizes)
    step = None if desired.problems else prune(scene, Ordered(steps=(), finals={}), desired)
    found = () if step is None else (step,)
    return Plan(
        target=target.name,
        revision=desired.revision,
        steps=(*found, *discarding(scene, found)),
        unknown=unknown(scene),
        not_fresh=desired.not_fresh,
    )
