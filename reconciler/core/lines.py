"""One line for each model: what becomes of it and why, for people, scripts and the status."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import assert_never

from reconciler.core import adoption
from reconciler.core.deltas import Delta
from reconciler.core.errors import Reason
from reconciler.core.observed import Active, Entry, ForeignEntry, Serving, Unreachable
from reconciler.core.plan import Change, GapKind, ModelPlan, Prune, Step
from reconciler.core.removals import ours
from reconciler.core.served import up_somewhere
from reconciler.core.spec import Update
from reconciler.core.units import Scene
from reconciler.core.verdicts import Deferred, Hold, Verdict, Wanted, needs_of

_NOT_KNOWN = (Reason.NOT_COMPARED, Reason.NO_STATUS)


def lines(scene: Scene, held: Mapping[str, Hold], planned: tuple[Step, ...]) -> tuple[ModelPlan, ...]:
    """Every model's line, by name. `held` are removals that must wait."""
    ids = _ids(planned)
    found = (*_model_lines(scene, ids), *_removal_lines(scene, held, ids), *_foreign(scene))
    mine = ours(scene.observed)
    told = (replace(line, foreign_needs=_foreign_needs(line.model, scene, mine)) for line in found)
    return tuple(sorted(told, key=lambda line: line.model))


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
                yield _held_line(name, verdict, active)
            case Deferred():
                yield _deferred_line(verdict, entry, ids.get(name, ()), up=up_somewhere(name, scene.observed))
            case Wanted() if name in scene.deltas:
                yield _wanted_line(scene.deltas[name], ids.get(name, ()), *_gap(name, scene))
            case Wanted():
                yield _held_line(name, _no_server(scene, verdict), active)
            case never:
                assert_never(never)


def _no_server(scene: Scene, verdict: Wanted) -> Hold:
    """Why a wanted model has no delta: there is no server to compare with, or reconciler.yaml is not valid."""
    wanted = verdict.artifact.tree.generation if verdict.kept is None else verdict.kept.wanted
    unreachable = {name: view for name, view in sorted(scene.observed.servers.items()) if isinstance(view, Unreachable)}
    if not unreachable:
        return Hold(reason=Reason.REJECTED, message="reconciler.yaml is not valid", wanted=wanted)
    reason, names = next(iter(unreachable.values())).reason, ", ".join(unreachable)
    if reason is Reason.NOT_EXPLICIT_MODE:
        return Hold(reason=reason, message=f"{names} does not let others load and unload", wanted=wanted)
    message = f"{names} could not be looked at, so nothing is known of what is served"
    if verdict.kept is not None and verdict.kept.stalled:
        return _with_note(verdict.kept, message)
    return Hold(reason=reason, message=message, wanted=wanted)


def _held_line(name: str, hold: Hold, active: Active | None) -> ModelPlan:
    return ModelPlan(
        model=name,
        change=Change.UNKNOWN if hold.reason in _NOT_KNOWN else Change.HELD,
        reason=hold.reason,
        message=hold.message,
        active=active.generation if active else None,
        wanted=hold.wanted,
        stalled=hold.stalled,
    )


def _deferred_line(verdict: Deferred, entry: Entry | None, ids: tuple[str, ...], *, up: bool) -> ModelPlan:
    active = entry if isinstance(entry, Active) else None
    recreated = up and verdict.spec.update is Update.RECREATE
    return ModelPlan(
        model=verdict.spec.name,
        change=Change.UPDATE if entry else Change.CREATE,
        reason=_why_deferred(entry),
        message=verdict.message,
        active=active.generation if active else None,
        steps=ids,
        deferred=True,
        gap="unloaded before the new generation is loaded, if it has changed" if recreated else "",
        gap_kind=GapKind.RECREATED if recreated else None,
    )


def _why_deferred(entry: Entry | None) -> Reason:
    if isinstance(entry, ForeignEntry):
        return Reason.ADOPTED
    return Reason.CONTENT_UNKNOWN if entry else Reason.NOT_ON_VOLUME


def _wanted_line(delta: Delta, ids: tuple[str, ...], gap: str, kind: GapKind | None) -> ModelPlan:
    kept = delta.verdict.kept
    if delta.empty and ids:
        return _left_over_line(delta, ids)
    if kept is not None and delta.empty and not gap:
        told = kept if kept.reason in _NOT_KNOWN else _with_note(kept, "what is active goes on serving")
        return _held_line(delta.verdict.spec.name, told, delta.active)
    change = _change(delta)
    notes = (f"{kept.reason}: {kept.message}",) if kept is not None else ()
    return ModelPlan(
        model=delta.verdict.spec.name,
        change=change,
        reason=_reason(delta),
        active=delta.active.generation if delta.active else None,
        wanted=delta.verdict.artifact.tree.generation,
        steps=ids,
        stalled=kept is not None and kept.stalled,
        kept=kept.reason if kept is not None else None,
        gap=gap,
        gap_kind=kind,
        warnings=(*(() if delta.empty else delta.verdict.warnings), *delta.warnings, *notes),
        message=_damage(delta),
    )


def _left_over_line(delta: Delta, ids: tuple[str, ...]) -> ModelPlan:
    """All is as it should be, but for what an adoption that was cut short has left."""
    return ModelPlan(
        model=delta.verdict.spec.name,
        change=Change.MEND,
        reason=Reason.ADOPTED,
        message=adoption.LEFT_OVER,
        active=delta.active.generation if delta.active else None,
        wanted=delta.verdict.artifact.tree.generation,
        steps=ids,
    )


def _damage(delta: Delta) -> str:
    if delta.activation is Reason.ADOPTED:
        return adoption.told(delta)
    if delta.active is None or delta.activation is not Reason.TREE_DAMAGED:
        return ""
    return "; ".join(delta.active.damage)


def _with_note(hold: Hold, note: str) -> Hold:
    return Hold(reason=hold.reason, message=f"{hold.message}; {note}", stalled=hold.stalled, wanted=hold.wanted)


def _change(delta: Delta) -> Change:
    if delta.empty:
        return Change.UNCHANGED
    if delta.active is None and delta.activation is Reason.NOT_ON_VOLUME:
        return Change.CREATE
    if delta.unloads and delta.loads:
        return Change.RECREATE
    return Change.UPDATE if delta.moves and delta.activation is not Reason.LINK_REPOINTED else Change.MEND


def _reason(delta: Delta) -> Reason:
    if delta.empty:
        return Reason.SUCCEEDED
    if delta.activation is not None:
        return delta.activation
    return min({**delta.unloads, **delta.loads}.values())


def _gap(name: str, scene: Scene) -> tuple[str, GapKind | None]:
    """Why requests will fail for a while, in words and in one; nothing of both if they will not."""
    delta = scene.deltas[name]
    through = frozenset[str]().union(*(down.get(name, frozenset()) for down in scene.jolted.values()))
    if delta.unloads and not delta.loads:
        return "it is unloaded and stays so: load.enabled is false", GapKind.UNLOADED
    if delta.taken_down:
        words = f"unloaded while {', '.join(sorted(set(delta.taken_down)))} is recreated"
        return words, GapKind.NEEDS_RECREATED
    if delta.unloads:
        return "unloaded before the new generation is loaded", GapKind.RECREATED
    if through:
        words = f"down until all has followed the change of {', '.join(sorted(through))}, which it does not fit"
        return words, GapKind.NEEDS_CHANGED
    return "", None


def _removal_lines(scene: Scene, held: Mapping[str, Hold], ids: Mapping[str, tuple[str, ...]]) -> Iterator[ModelPlan]:
    for name, hold in held.items():
        entry = scene.observed.volume.entries.get(name)
        yield _held_line(name, hold, entry if isinstance(entry, Active) else None)
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
                kinds.setdefault(name, f"served by {server}, not loaded by us")
    for name in sorted(kinds.keys() - mine):
        yield ModelPlan(model=name, change=Change.FOREIGN, reason=Reason.FOREIGN, message=kinds[name])
