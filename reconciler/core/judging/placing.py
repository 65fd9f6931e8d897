"""The beginning of a plan: what each model may become by itself, and which servers it belongs on.

Promise: where models belong follows from git, from what it names, and from the list of servers alone, so every run
comes to the same answer; what is loaded, and who answers, decides nothing.
"""

from collections.abc import Mapping
from dataclasses import replace

from reconciler.core.configs.modelfacts import facts
from reconciler.core.judging.gate import Gate
from reconciler.core.judging.placement import asked_for
from reconciler.core.judging.rendezvous import placed
from reconciler.core.judging.served import active_tree
from reconciler.core.judging.verdicts import Request, Verdict, Wanted, first_look
from reconciler.core.observed import Observed
from reconciler.core.spec import Desired, ModelSpec, Target


def judged(desired: Desired, observed: Observed, target: Target, request: Request) -> tuple[dict[str, Verdict], Gate]:
    """The first verdicts, and what decides further; in a freeze window nothing leaves its server."""
    verdicts, specs = first_look(desired, observed, target, request), asked_for(desired, target, ())
    placement = placed(specs, _all_needs(specs, verdicts, observed), observed.servers, target.capacity)
    gate = Gate(
        target=target,
        specs=desired.models,
        sound=not desired.problems,
        no_server=request.no_server,
        placement=replace(placement, still=bool(request.frozen)),
    )
    return verdicts, gate


def _all_needs(
    specs: Mapping[str, ModelSpec], verdicts: Mapping[str, Verdict], observed: Observed
) -> dict[str, frozenset[str]]:
    """What each model needs, by git, by what its source holds, or else by what our link names; no server is asked."""
    return {name: _needs(specs[name], verdicts.get(name), observed) for name in sorted(specs)}


def _needs(spec: ModelSpec, verdict: Verdict | None, observed: Observed) -> frozenset[str]:
    if isinstance(verdict, Wanted):
        return verdict.artifact.config.needs | frozenset(spec.depends_on)
    tree = active_tree(observed.volume, spec.name)
    found = facts(tree.config).needs if tree is not None else frozenset[str]()
    written = facts({key: spec.config[key] for key in ("ensemble_scheduling",) if key in spec.config})
    return found | written.needs | frozenset(spec.depends_on)
