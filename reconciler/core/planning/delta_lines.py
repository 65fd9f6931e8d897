"""The line of one model that is wanted or left alone: its change, why, and the gap that it makes."""

from collections.abc import Iterator

from reconciler.core.errors import Reason
from reconciler.core.judging.deltas import Delta
from reconciler.core.judging.verdicts import Deferred, Hold
from reconciler.core.observed import Active, Entry, ForeignEntry
from reconciler.core.plan import Change, GapKind, ModelPlan
from reconciler.core.planning import adoption
from reconciler.core.settling.units import Scene
from reconciler.core.spec import Update

_NOT_KNOWN = (Reason.NOT_COMPARED, Reason.NO_STATUS)


def held_line(name: str, hold: Hold, active: Active | None) -> ModelPlan:
    """A model that is left alone, or cannot be helped."""
    return ModelPlan(
        model=name,
        change=Change.UNKNOWN if hold.reason in _NOT_KNOWN else Change.HELD,
        reason=hold.reason,
        message=hold.message,
        active=active.generation if active else None,
        wanted=hold.wanted,
        stalled=hold.stalled,
    )


def deferred_line(verdict: Deferred, entry: Entry | None, ids: tuple[str, ...], *, up: bool) -> ModelPlan:
    """A model of which it is known only after a fetch what it will be; `up`: whether anything answers for it now."""
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


def wanted_line(delta: Delta, ids: tuple[str, ...], gap: str, kind: GapKind | None) -> ModelPlan:
    """What separates a wanted model from what is there, or that nothing does."""
    kept = delta.verdict.kept
    if delta.empty and ids:
        return _left_over_line(delta, ids)
    if kept is not None and delta.empty and not gap:
        told = kept if kept.reason in _NOT_KNOWN else with_note(kept, "what is active goes on serving")
        return held_line(delta.verdict.spec.name, told, delta.active)
    return ModelPlan(
        model=delta.verdict.spec.name,
        change=_change(delta),
        reason=_reason(delta),
        active=delta.active.generation if delta.active else None,
        wanted=delta.verdict.artifact.tree.generation,
        steps=ids,
        stalled=kept is not None and kept.stalled,
        kept=kept.reason if kept is not None else None,
        gap=gap,
        gap_kind=kind,
        warnings=tuple(_warnings(delta)),
        message=_damage(delta),
    )


def _warnings(delta: Delta) -> Iterator[str]:
    kept = delta.verdict.kept
    yield from () if delta.empty else delta.verdict.warnings
    yield from delta.warnings
    if kept is not None:
        yield f"{kept.reason}: {kept.message}"


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


def gap_of(name: str, scene: Scene) -> tuple[str, GapKind | None]:
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


def _change(delta: Delta) -> Change:
    if delta.empty:
        return Change.UNCHANGED
    if delta.active is None and delta.activation is Reason.NOT_ON_VOLUME:
        return Change.CREATE
    if delta.unloads and delta.loads:
        return Change.RECREATE
    if delta.activation is None and delta.leaves:
        return Change.MOVE
    return Change.UPDATE if delta.moves and delta.activation is not Reason.LINK_REPOINTED else Change.MEND


def _reason(delta: Delta) -> Reason:
    if delta.empty:
        return Reason.SUCCEEDED
    if delta.activation is not None:
        return delta.activation
    return Reason.NOT_PLACED if delta.leaves else min({**delta.unloads, **delta.loads}.values())


def _damage(delta: Delta) -> str:
    if delta.activation is Reason.ADOPTED:
        return adoption.told(delta)
    if delta.active is None or delta.activation is not Reason.TREE_DAMAGED:
        return ""
    return "; ".join(delta.active.damage)


def with_note(hold: Hold, note: str) -> Hold:
    """The same with more words."""
    return Hold(reason=hold.reason, message=f"{hold.message}; {note}", stalled=hold.stalled, wanted=hold.wanted)
