"""The verdicts of single models brought together: what one needs of another (spec §6).

Each rule can only move a model from wanted to kept to held, so repeating them ends.
Promise: after `settle`, every wanted model's needs are met by what will be there, in an order without rings.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from reconciler.core import graph
from reconciler.core.assembly import Artifact, of_tree
from reconciler.core.ensembles import misfits
from reconciler.core.errors import Reason
from reconciler.core.observed import Active, Observed, Serving
from reconciler.core.verdicts import Deferred, Hold, Verdict, Wanted, keep


def needs_of(verdict: Verdict) -> frozenset[str]:
    """The models that this one calls: an ensemble's members, and what its spec declares."""
    match verdict:
        case Wanted():
            return verdict.artifact.config.members | frozenset(verdict.spec.depends_on)
        case Deferred():
            return frozenset(verdict.spec.depends_on)
        case Hold():
            return frozenset()


def served_up(name: str, observed: Observed) -> bool:
    """Whether any reachable server answers for this model now."""
    views = (view for view in observed.servers.values() if isinstance(view, Serving))
    return any(name in view.models and view.models[name].up for view in views)


def settle(verdicts: Mapping[str, Verdict], observed: Observed) -> dict[str, Verdict]:
    """The verdicts after every rule between models has been applied until none changes anything."""
    settled = dict(verdicts)
    while changes := _first_changes(settled, observed):
        settled |= changes
    return settled


def _first_changes(verdicts: Mapping[str, Verdict], observed: Observed) -> dict[str, Verdict]:
    """What the first rule that applies changes; empty when all is settled."""
    for rule in (_rings, _missing, _waiting, _broken):
        changes = dict(rule(verdicts, observed))
        if changes:
            return changes
    return {}


def demoted(verdict: Wanted, hold: Hold, observed: Observed) -> Verdict:
    """One step down: from what is wanted to what is active, from there to being held."""
    if verdict.kept is not None:
        return hold
    return keep(verdict.spec, replace(hold, wanted=verdict.artifact.tree.generation), observed)


def _wanted(verdicts: Mapping[str, Verdict]) -> Iterator[tuple[str, Wanted]]:
    yield from ((name, verdict) for name, verdict in sorted(verdicts.items()) if isinstance(verdict, Wanted))


def _rings(verdicts: Mapping[str, Verdict], observed: Observed) -> Iterator[tuple[str, Verdict]]:
    needs = {name: needs_of(verdict) for name, verdict in verdicts.items()}
    rings = graph.rings(needs)
    for name in sorted(graph.knots(needs)):
        ring = next((ring for ring in rings if name in ring), rings[0])
        message = "the models need each other in a ring: " + " → ".join((*ring, ring[0]))
        hold = Hold(reason=Reason.DEPENDENCY_CYCLE, message=message, stalled=True)
        verdict = verdicts[name]
        yield name, demoted(verdict, hold, observed) if isinstance(verdict, Wanted) else hold


def _missing(verdicts: Mapping[str, Verdict], observed: Observed) -> Iterator[tuple[str, Verdict]]:
    """Models that need what will not be there."""
    for name, verdict in _wanted(verdicts):
        for other in sorted(needs_of(verdict)):
            found = verdicts.get(other)
            if isinstance(found, (Wanted, Deferred)) or served_up(other, observed):
                continue
            if found is None:
                message = f"it needs {other}, which is neither in the desired state nor served"
                hold = Hold(reason=Reason.MISSING_DEPENDENCY, message=message, stalled=False)
            else:
                message = f"it needs {other}, which is held: {found.message}"
                hold = Hold(reason=Reason.DEPENDENCY_HELD, message=message)
            yield name, demoted(verdict, hold, observed)
            break


def _waiting(verdicts: Mapping[str, Verdict], observed: Observed) -> Iterator[tuple[str, Verdict]]:
    """Models that need one whose content is not known yet, and of which nothing is active."""
    for name, verdict in _wanted(verdicts):
        for other in sorted(needs_of(verdict)):
            if isinstance(verdicts.get(other), Deferred) and _active_artifact(other, observed) is None:
                yield name, Deferred(spec=verdict.spec, message=f"known after {other} is fetched", fetch=False)
                break


def _broken(verdicts: Mapping[str, Verdict], observed: Observed) -> Iterator[tuple[str, Verdict]]:
    """Ensembles that do not fit their members: the side that would change gives way, what is served stays."""
    for name, artifact in _ensembles(verdicts, observed):
        members = {member: _will_be(member, verdicts, observed) for member in artifact.config.members}
        faults = misfits(artifact.config, members)
        if not faults:
            continue
        movers = [member for member in sorted(members) if _moves(member, verdicts, observed)]
        if _stays(name, artifact, observed) and movers:
            for member in movers:
                message = f"{name}, which is served, would not fit it any more: {'; '.join(faults)}"
                hold = Hold(reason=Reason.BREAKS_DEPENDENT, message=message, stalled=False)
                mover = verdicts[member]
                if isinstance(mover, Wanted):
                    yield member, demoted(mover, hold, observed)
            return
        verdict = verdicts.get(name)
        if isinstance(verdict, Wanted):
            hold = Hold(reason=Reason.PREFLIGHT_FAILED, message="; ".join(faults), stalled=True)
            yield name, demoted(verdict, hold, observed)
            return


def _ensembles(verdicts: Mapping[str, Verdict], observed: Observed) -> Iterator[tuple[str, Artifact]]:
    """Every ensemble that will be there: wanted ones, and held ones that are served from our volume."""
    for name in sorted(verdicts):
        found = _will_be(name, verdicts, observed)
        if found is not None and found.config.is_ensemble:
            verdict = verdicts[name]
            if isinstance(verdict, Wanted) or served_up(name, observed):
                yield name, found


def _will_be(name: str, verdicts: Mapping[str, Verdict], observed: Observed) -> Artifact | None:
    verdict = verdicts.get(name)
    return verdict.artifact if isinstance(verdict, Wanted) else _active_artifact(name, observed)


def _active_artifact(name: str, observed: Observed) -> Artifact | None:
    active = observed.volume.entries.get(name)
    return of_tree(active.tree) if isinstance(active, Active) and active.tree is not None else None


def _moves(name: str, verdicts: Mapping[str, Verdict], observed: Observed) -> bool:
    """Whether this pass would bring another generation of it, in place of one that is there."""
    verdict = verdicts.get(name)
    active = observed.volume.entries.get(name)
    if not isinstance(active, Active) or not isinstance(verdict, Wanted):
        return False
    return verdict.kept is None and verdict.artifact.tree.generation != active.generation


def _stays(name: str, artifact: Artifact, observed: Observed) -> bool:
    """Whether the ensemble is served now as it is meant to stay."""
    active = observed.volume.entries.get(name)
    same = isinstance(active, Active) and active.generation == artifact.tree.generation
    return same and served_up(name, observed)
