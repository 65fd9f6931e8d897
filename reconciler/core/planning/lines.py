"""One line for each model: what becomes of it and why, for people, scripts and the status."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import assert_never

from reconciler.core.errors import Reason
from reconciler.core.judging.removals import ours
from reconciler.core.judging.served import is_up, serving, up_somewhere
from reconciler.core.judging.verdicts import Deferred, Hold, Verdict, Wanted, needs_of
from reconciler.core.observed import Active, ForeignEntry, Serving, Unreachable
from reconciler.core.plan import STAYS, Change, GapKind, ModelPlan, Moves, Prune, Step
from reconciler.core.planning.delta_lines import deferred_line, gap_of, held_line, wanted_line, with_note
from reconciler.core.settling.units import Scene
from reconciler.core.settling.versions import versions


def lines(scene: Scene, held: Mapping[str, Hold], planned: tuple[Step, ...]) -> tuple[ModelPlan, ...]:
    """Every model's line, by name. `held` are removals that must wait."""
    ids = _ids(planned)
    found = (*_model_lines(scene, ids), *_removal_lines(scene, held, ids), *_foreign(scene))
    mine = ours(scene.observed)
    told = (
        replace(
            line,
            foreign_needs=_foreign_needs(line.model, scene, mine),
            versions=versions(line, scene),
            servers=_servers(line.model, scene),
            moves=_moves(line.model, scene),
        )
        for line in found
    )
    return tuple(sorted(told, key=lambda line: line.model))


def _servers(name: str, scene: Scene) -> tuple[str, ...] | None:
    """Where it belongs, None for everywhere."""
    places = scene.placement.servers.get(name)
    return None if places is None else tuple(sorted(places))


def _moves(name: str, scene: Scene) -> Moves:
    """Where it goes from, and which servers it comes to for that."""
    delta = scene.deltas.get(name)
    if delta is None or not delta.leaves:
        return STAYS
    views = serving(scene.observed)
    return Moves(
        leaves=delta.leaves, comes_to=tuple(server for server in sorted(delta.loads) if not is_up(views[server], name))
    )


def _foreign_needs(name: str, scene: Scene, mine: frozenset[str]) -> tuple[str, ...]:
    """What the model needs and neither git nor we have, or what git has and others brought."""
    verdict = scene.verdicts.get(name)
    needed = needs_of(verdict) if isinstance(verdict, (Wanted, Deferred)) else frozenset()
    return tuple(sorted(other for other in needed - mine if _is_foreign(scene.verdicts.get(other))))


def _is_foreign(verdict: Verdict | None) -> bool:
    return verdict is None or (isinstance(verdict, Hold) and verdict.reason is Reason.FOREIGN)


def _ids(planned: tuple[Step, ...]) -> dict[str, tuple[str, ...]]:
    """The steps of each model."""
    found: dict[str, tuple[str, ...]] = {}
    for step in planned:
        if not isinstance(step.action, Prune):
            found[step.action.model] = (*found.get(step.action.model, ()), step.id)
    return found


def _model_lines(scene: Scene, ids: Mapping[str, tuple[str, ...]]) -> Iterator[ModelPlan]:
    for name, verdict in scene.verdicts.items():
        entry = scene.observed.volume.entries.get(name)
        active = entry if isinstance(entry, Active) else None
        match verdict:
            case Hold():
                yield held_line(name, verdict, active)
            case Deferred():
                yield deferred_line(verdict, entry, ids.get(name, ()), up=up_somewhere(name, scene.observed))
            case Wanted() if name in scene.deltas:
                yield wanted_line(scene.deltas[name], ids.get(name, ()), *gap_of(name, scene))
            case Wanted():
                yield held_line(name, _no_server(scene, verdict), active)
            case never:
                assert_never(never)


def _no_server(scene: Scene, verdict: Wanted) -> Hold:
    """Why a wanted model has no delta: there is no server to compare with, or reconciler.yaml is not valid."""
    wanted = verdict.artifact.tree.generation if verdict.kept is None else verdict.kept.wanted
    views = scene.placement.seen_by(verdict.spec.name, scene.observed).servers
    unreachable = {name: view for name, view in sorted(views.items()) if isinstance(view, Unreachable)}
    if not unreachable:
        return Hold(reason=Reason.REJECTED, message="reconciler.yaml is not valid", wanted=wanted)
    reason, names = next(iter(unreachable.values())).reason, ", ".join(unreachable)
    if reason is Reason.NOT_EXPLICIT_MODE:
        return Hold(reason=reason, message=f"{names} does not let others load and unload", wanted=wanted)
    message = f"{names} could not be looked at, so nothing is known of what is served"
    if verdict.kept is not None and verdict.kept.stalled:
        return with_note(verdict.kept, message)
    return Hold(reason=reason, message=message, wanted=wanted)


def _removal_lines(scene: Scene, held: Mapping[str, Hold], ids: Mapping[str, tuple[str, ...]]) -> Iterator[ModelPlan]:
    for name, hold in held.items():
        entry = scene.observed.volume.entries.get(name)
        yield held_line(name, hold, entry if isinstance(entry, Active) else None)
    for name, removal in scene.removals.items():
        yield ModelPlan(
            model=name,
            change=Change.REMOVE,
            reason=Reason.REMOVED,
            message="no longer in the desired state of this target",
            active=removal.generation,
            steps=ids.get(name, ()),
            gap_kind=GapKind.REMOVED if removal.servers else None,
        )


def _foreign(scene: Scene) -> Iterator[ModelPlan]:
    """What is there and not ours: shown, never touched."""
    mine = scene.verdicts.keys() | ours(scene.observed)
    kinds = {
        name: f"{entry.kind} in models/ on the volume"
        for name, entry in scene.observed.volume.entries.items()
        if isinstance(entry, ForeignEntry)
    }
    for server, view in sorted(scene.observed.servers.items()):
        for name, served in sorted(view.models.items()) if isinstance(view, Serving) else ():
            if served.up:
                who = "not loaded by us" if served.generation is None else "loaded by us for another volume or target"
                kinds.setdefault(name, f"served by {server}, {who}")
    for name in sorted(kinds.keys() - mine):
        yield ModelPlan(model=name, change=Change.FOREIGN, reason=Reason.FOREIGN, message=kinds[name])
