"""The verdicts of single models brought together: what one needs of another (spec §6).

Each rule can only move a model from wanted to kept to held, but for what has waited for a fetch that will not be; and
fetches only ever become fewer, so repeating them ends.
Promise: after `settle`, every wanted model's needs are met by what will be there, in an order without rings, and
nothing that must be left alone is harmed by what is above or below it.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from reconciler.core import graph
from reconciler.core.configs.assembly import Artifact
from reconciler.core.configs.ensembles import misfits
from reconciler.core.errors import Reason
from reconciler.core.judging.gate import Gate
from reconciler.core.judging.jolts import jolts, movers
from reconciler.core.judging.served import (
    artifacts_on,
    is_up,
    members_anywhere,
    not_up_on,
    serving,
    stamp_on,
    there,
    up_somewhere,
)
from reconciler.core.judging.verdicts import Deferred, Hold, Verdict, Wanted, declared, keep, needs_of
from reconciler.core.observed import Active, Observed, Serving
from reconciler.core.settling.admission import refused

Verdicts = Mapping[str, Verdict]
Changes = Iterator[tuple[str, Verdict]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """The verdicts so far. `going`: models that would be removed in this pass, as far as these verdicts let them.

    `first`: what was thought of each model by itself.
    """

    first: Verdicts
    verdicts: Verdicts
    observed: Observed
    going: frozenset[str]
    gate: Gate

    def seen_by(self, name: str) -> Observed:
        """The world with the servers that this model belongs on."""
        return self.gate.placement.seen_by(name, self.observed)


def settle(
    verdicts: Verdicts, observed: Observed, going: Callable[[Verdicts], frozenset[str]], gate: Gate
) -> dict[str, Verdict]:
    """The verdicts of those that there is room for, after every rule between models has been applied to the end."""
    settled = dict(verdicts)

    def stage() -> Stage:
        return Stage(first=verdicts, verdicts=settled, observed=observed, going=going(settled), gate=gate)

    while changes := _first_changes(stage()):
        settled |= changes
    return settled


def _first_changes(stage: Stage) -> dict[str, Verdict]:
    """What the first rule that applies changes; empty when all is settled."""
    for rule in (_rings, _idle, _missing, _unsure, _waiting, _broken, _jolted, _in_use, _crowded, _in_vain):
        changes = dict(rule(stage))
        if changes:
            return changes
    return {}


def demoted(verdict: Wanted | Deferred, hold: Hold, observed: Observed) -> Verdict:
    """One step down: from what is wanted to what is active, from there to being held."""
    if isinstance(verdict, Deferred) or verdict.kept is not None:
        wanted = verdict.kept.wanted if isinstance(verdict, Wanted) and verdict.kept is not None else None
        return replace(hold, needs=declared(verdict.spec, observed), wanted=wanted)
    return keep(verdict.spec, replace(hold, wanted=verdict.artifact.tree.generation), observed)


def needs(verdicts: Verdicts, observed: Observed) -> dict[str, frozenset[str]]:
    """What each model will need: as wanted, or as served where it stays what it is."""
    served = members_anywhere(observed)
    return {
        name: needs_of(verdicts[name]) if isinstance(verdicts.get(name), Wanted) else _staying(name, verdicts, served)
        for name in sorted({*verdicts, *served})
    }


def _staying(name: str, verdicts: Verdicts, served: Mapping[str, frozenset[str]]) -> frozenset[str]:
    verdict = verdicts.get(name)
    return served.get(name, frozenset()) | (needs_of(verdict) if verdict is not None else frozenset())


def _wanted(stage: Stage) -> Iterator[tuple[str, Wanted]]:
    for name, verdict in sorted(stage.verdicts.items()):
        if isinstance(verdict, Wanted):
            yield name, verdict


def _rings(stage: Stage) -> Changes:
    found = needs(stage.verdicts, stage.observed)
    rings = graph.rings(found)
    for name in sorted(graph.knots(found)):
        ring = next((ring for ring in rings if name in ring), rings[0])
        message = "the models need each other in a ring: " + " → ".join((*ring, ring[0]))
        hold = Hold(reason=Reason.DEPENDENCY_CYCLE, message=message, stalled=True)
        verdict = stage.verdicts.get(name)
        if isinstance(verdict, (Wanted, Deferred)):
            yield name, demoted(verdict, hold, stage.observed)


def _idle(stage: Stage) -> Changes:
    """Models that need one which is not to be loaded."""
    for name, verdict in _wanted(stage):
        for other in sorted(needs_of(verdict)):
            found = stage.verdicts.get(other)
            if isinstance(found, (Wanted, Deferred)) and not found.spec.load.enabled:
                message = f"it needs {other}, whose load.enabled is false"
                yield name, demoted(verdict, Hold(reason=Reason.DEPENDENCY_HELD, message=message), stage.observed)
                break


def _missing(stage: Stage) -> Changes:
    """Models that need what will not be there."""
    for name, verdict in _wanted(stage):
        for other in sorted(needs_of(verdict)):
            hold = _lacking(other, stage.verdicts, stage.seen_by(name))
            if hold is not None:
                yield name, demoted(verdict, hold, stage.observed)
                break


def _lacking(other: str, verdicts: Verdicts, observed: Observed) -> Hold | None:
    """Why a model that another one needs will not be there; `observed` has the servers that it is needed on."""
    found = verdicts.get(other)
    if isinstance(found, (Wanted, Deferred)) or _will_be_loaded_later(found, other, observed):
        return None
    if found is None and observed.remembered:
        return None  # no status tells of models that are not ours
    absent = not_up_on(other, observed)
    if not absent and up_somewhere(other, observed):
        return None
    where = f" by {', '.join(absent)}" if up_somewhere(other, observed) else ""
    if found is None:
        message = f"it needs {other}, which is neither in the desired state nor served{where}"
        return Hold(reason=Reason.MISSING_DEPENDENCY, message=message)
    served = f" and not served{where}" if where else ""
    return Hold(reason=Reason.DEPENDENCY_HELD, message=f"it needs {other}, which is held{served} ({found.reason})")


def _will_be_loaded_later(found: Hold | None, other: str, observed: Observed) -> bool:
    """Without any server there is nobody to ask; what is on the volume, or not ours to bring, is trusted to come."""
    return not observed.servers and (found is None or isinstance(observed.volume.entries.get(other), Active))


def _unsure(stage: Stage) -> Changes:
    """Ensembles over a model that is left alone while its link names what is not served: a load would change it."""
    found = needs(stage.verdicts, stage.observed)
    for name, verdict in _wanted(stage):
        if not verdict.artifact.config.members:
            continue
        seen = stage.seen_by(name)
        for other in sorted(graph.reachable(found, name)):
            if not isinstance(stage.verdicts.get(other), (Wanted, Deferred)) and _repointed(other, seen):
                message = f"it needs {other}, which is left alone, but whose link names another generation than serves"
                hold = Hold(reason=Reason.DEPENDENCY_HELD, message=message)
                yield name, demoted(verdict, hold, stage.observed)
                break


def _repointed(name: str, observed: Observed) -> bool:
    entry = observed.volume.entries.get(name)
    views = serving(observed).values()
    return isinstance(entry, Active) and any(
        is_up(view, name) and stamp_on(view, name) != entry.generation for view in views
    )


def _waiting(stage: Stage) -> Changes:
    """Models that need one whose content is not known yet, and which is not there as it could be used meanwhile."""
    found = needs(stage.verdicts, stage.observed)
    for name, verdict in _wanted(stage):
        for other in sorted(graph.reachable(found, name)):
            if isinstance(stage.verdicts.get(other), Deferred) and not _steady(other, stage.seen_by(name)):
                yield name, _later(verdict, f"known after {other} is fetched", stage.observed)
                break


def _later(verdict: Wanted, message: str, observed: Observed) -> Verdict:
    """To be judged again; what is only kept is held meanwhile, for it was judged as far as it can be."""
    if verdict.kept is not None:
        words = f"{verdict.kept.message}; what is active waits, too: {message}"
        return demoted(verdict, replace(verdict.kept, message=words), observed)
    return Deferred(spec=verdict.spec, message=message, fetch=False, needs=verdict.artifact.config.depends_on)


def _in_vain(stage: Stage) -> Changes:
    """What waits for a fetch that will not be after all is judged as if it had never waited."""
    waiting = {
        name: first
        for name, verdict in sorted(stage.verdicts.items())
        if isinstance(verdict, Deferred) and not verdict.fetch and isinstance(first := stage.first.get(name), Wanted)
    }
    found = needs({**stage.verdicts, **waiting}, stage.observed)
    fetched = {name for name, verdict in stage.verdicts.items() if isinstance(verdict, Deferred) and verdict.fetch}
    return ((name, first) for name, first in waiting.items() if not graph.reachable(found, name) & fetched)


def _steady(name: str, observed: Observed) -> bool:
    """Whether it is there, up on every server where there are any, and as its link says."""
    known = there(name, observed) is not None
    return known and not not_up_on(name, observed) and not _repointed(name, observed)


def _broken(stage: Stage) -> Changes:
    """Ensembles that do not fit their members: the side that would change gives way, what is served stays."""
    for name, artifact in _ensembles(stage):
        faults = next(filter(None, (misfits(artifact.config, found) for found in _members(name, artifact, stage))), ())
        if not faults:
            continue
        moving = [member for member in sorted(artifact.config.members) if _moves(member, stage)]
        if moving and _stays(name, artifact, stage.observed):
            message = f"{name}, which is served, would not fit it any more: {'; '.join(faults)}"
            yield from _give_way(moving, message, stage)
            return
        verdict = stage.verdicts[name]
        if isinstance(verdict, Wanted):
            hold = Hold(reason=Reason.PREFLIGHT_FAILED, message="; ".join(faults), stalled=True)
            yield name, demoted(verdict, hold, stage.observed)
            return


def _members(name: str, artifact: Artifact, stage: Stage) -> Iterator[dict[str, Artifact | None]]:
    """The members as they will be, server by server: what is left alone may be another thing on each."""
    members = sorted(artifact.config.members)
    everywhere = {member: _will_be(member, stage) for member in members}
    yield everywhere
    for view in stage.gate.placement.views(name, stage.observed).values():
        left = frozenset(member for member in members if not isinstance(stage.verdicts.get(member), Wanted))
        yield {**everywhere, **artifacts_on(view, left, stage.observed.volume)}


def _give_way(moving: list[str], message: str, stage: Stage) -> Changes:
    hold = Hold(reason=Reason.BREAKS_DEPENDENT, message=message)
    yield from ((name, demoted(mover, hold, stage.observed)) for name, mover in _wanted(stage) if name in moving)


def _ensembles(stage: Stage) -> Iterator[tuple[str, Artifact]]:
    """Every ensemble that will be there: wanted ones, and held ones that are served from our volume."""
    for name, verdict in sorted(stage.verdicts.items()):
        found = _will_be(name, stage)
        idle = isinstance(verdict, Wanted) and not verdict.spec.load.enabled
        there_to_stay = isinstance(verdict, Wanted) or up_somewhere(name, stage.observed)
        if found is not None and found.config.is_ensemble and there_to_stay and not idle:
            yield name, found


def _will_be(name: str, stage: Stage) -> Artifact | None:
    verdict = stage.verdicts.get(name)
    return verdict.artifact if isinstance(verdict, Wanted) else there(name, stage.observed)


def _moves(name: str, stage: Stage) -> bool:
    """Whether this pass would bring another generation of it, in place of one that is there."""
    verdict = stage.verdicts.get(name)
    if not isinstance(verdict, Wanted):
        return False
    wanted = verdict.artifact.tree.generation
    entry = stage.observed.volume.entries.get(name)
    linked = isinstance(entry, Active) and entry.generation != wanted
    views = stage.gate.placement.views(name, stage.observed).values()
    return linked or any(name in movers(stage.verdicts, view) for view in views)


def _stays(name: str, artifact: Artifact, observed: Observed) -> bool:
    """Whether the ensemble is served now as it is meant to stay."""
    generation = artifact.tree.generation
    return any(stamp_on(view, name) == generation for view in serving(observed).values())


def _jolted(stage: Stage) -> Changes:
    """Models whose change would take down, if only for a moment, what must be left alone."""
    for server, view in serving(stage.observed).items():
        moving = movers(stage.verdicts, view)
        moving = {name: moving[name] for name in moving if stage.gate.placement.has(server, name)}
        for name, hit in jolts(moving, view, stage.observed.volume).items():
            if not isinstance(stage.verdicts.get(name), Wanted) and name not in stage.going:
                message = f"{name} on {server}, which is left alone in this pass, would go down with its change"
                yield from _give_way(sorted(hit), message, stage)
                return


def _in_use(stage: Stage) -> Changes:
    """Models that are not to be loaded any more, while what stays up still needs them."""
    for name, verdict in _wanted(stage):
        if verdict.spec.load.enabled:
            continue
        users = [user for view in serving(stage.observed).values() for user in _users(name, view, stage)]
        if users:
            yield (
                name,
                Hold(
                    reason=Reason.STILL_NEEDED,
                    message=f"load.enabled is false, but {min(users)}, which stays, needs it",
                    wanted=verdict.artifact.tree.generation,
                ),
            )


def _crowded(stage: Stage) -> Changes:
    """Models that there is no room for, once all else is settled."""
    yield from refused(stage.gate, stage.verdicts, stage.observed, stage.going).items()


def _users(name: str, view: Serving, stage: Stage) -> Iterator[str]:
    """What is up beside this model, stays up and needs it."""
    for user, served in sorted(view.models.items()) if is_up(view, name) else ():
        verdict = stage.verdicts.get(user)
        stays = served.up and user not in {name, *stage.going} and not isinstance(verdict, Wanted)
        if stays and (name in served.members or (verdict is not None and name in needs_of(verdict))):
            yield user
