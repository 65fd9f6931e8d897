"""From deltas and removals to steps in order (spec §6, triton-facts §4).

Order is data: `after` names the steps that must have succeeded. Fetches come before anything else of their unit; a
dependency is loaded before what needs it is activated, so that no reload by Triton meets a half-moved graph;
dependents are unloaded first; then unload, unlink, prune. The steps of a unit are a chain, and each knows the way back.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from reconciler.core import graph
from reconciler.core.adoption import adopting, retirements
from reconciler.core.errors import Reason
from reconciler.core.observed import Observed
from reconciler.core.plan import NOTHING_DECLARED, Activate, Deactivate, Expected, Fetch, Load, Step, Unload
from reconciler.core.restores import restores
from reconciler.core.served import above_on, members_anywhere, serving, stamp_on
from reconciler.core.together import may_be_together
from reconciler.core.units import Scene, Unit
from reconciler.core.verdicts import Deferred, Verdict, needs_of

UNLOAD_TIMEOUT = 600.0
"""Seconds for the unload of a model whose spec is gone."""

Ids = frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ordered:
    """The steps but the prune; `finals`: by model, those after which all of its unit is as it is wanted."""

    steps: tuple[Step, ...]
    finals: Mapping[str, Ids]


def steps(scene: Scene, units: Iterable[Unit]) -> Ordered:
    """Every step but the prune: fetches whose result decides the rest, then unit by unit, in this order."""
    found = list(_deferred_fetches(scene))
    finals: dict[str, Ids] = {}
    lanes = _lanes(scene.verdicts, scene.observed)
    for unit in units:
        before, behind = (_union(finals[name] for name in names) for names in (unit.after, unit.behind))
        fetches = list(_fetches(unit, scene))
        chain = list(_chain(unit, scene, before | {step.id for step in fetches}))
        gone = list(_removal_steps(unit, scene, frozenset({chain[-1].id}) if chain else before))
        waited_for = _union(step.after for step in gone)
        ended = frozenset(step.id for step in (*chain[-1:], *gone)) - waited_for
        finals |= dict.fromkeys((*unit.models, *unit.removals), ended)
        found += fetches
        first = replace(chain[0], behind=behind) if chain else None
        found += [replace(step, lane=lanes[_model(step)]) for step in (*filter(None, [first]), *chain[1:], *gone)]
    return Ordered(steps=(*found, *retirements(scene, finals)), finals=finals)


def _union(ids: Iterator[Ids]) -> Ids:
    return frozenset[str]().union(*ids)


def _model(step: Step) -> str:
    return str(getattr(step.action, "model", ""))


def _lanes(verdicts: Mapping[str, Verdict], observed: Observed) -> dict[str, str]:
    """Models that are connected, as wanted or as served, share a lane: Triton gets one operation at a time."""
    needs = {name: needs_of(verdict) for name, verdict in verdicts.items()}
    served = members_anywhere(observed)
    both = {name: needs.get(name, frozenset()) | served.get(name, frozenset()) for name in {*needs, *served}}
    return graph.components(both, {*observed.volume.entries, *_known(observed)})


def _known(observed: Observed) -> set[str]:
    return {name for view in serving(observed).values() for name in view.models}


def _deferred_fetches(scene: Scene) -> Iterator[Step]:
    for name, verdict in sorted(scene.verdicts.items()):
        if isinstance(verdict, Deferred) and verdict.fetch:
            fetch = Fetch(model=name, sources=verdict.spec.sources(), size=verdict.size)
            yield Step(id=f"fetch:{name}", action=fetch, reason=Reason.CONTENT_UNKNOWN)


def _fetches(unit: Unit, scene: Scene) -> Iterator[Step]:
    for name in unit.models:
        delta = scene.deltas[name]
        missing = delta.verdict.missing
        if delta.activation is Reason.ADOPTED and (step := adopting(name, scene)) is not None:
            yield step
        if delta.activation is not None and missing:
            files = delta.verdict.artifact.tree.files
            size = sum({file.digest: file.size for file in files if file.digest in missing}.values())
            fetch = Fetch(model=name, sources=delta.verdict.spec.sources(), size=size)
            yield Step(id=f"fetch:{name}", action=fetch, reason=delta.activation)


def _chain(unit: Unit, scene: Scene, before: Ids) -> Iterator[Step]:
    """Unloads, then model by model link and loads: each step after the one before it."""
    way_back = tuple(restores(unit, scene))
    after = before
    for step in (*_unloads(unit, scene), *_ups(unit, scene)):
        begun = after != before
        untouched = not begun and isinstance(step.action, Activate)
        yield replace(step, after=after, restores=() if untouched else way_back, continues=begun)
        after = frozenset({step.id})


def _unloads(unit: Unit, scene: Scene) -> Iterator[Step]:
    for server, view in serving(scene.observed).items():
        names = [name for name in unit.models if server in scene.deltas[name].unloads]
        for name in reversed(graph.order(view.needs, names)):
            delta = scene.deltas[name]
            unload = Unload(model=name, server=server, timeout=delta.verdict.spec.load.timeout)
            yield Step(id=f"unload:{name}@{server}", action=unload, reason=delta.unloads[server])


def _ups(unit: Unit, scene: Scene) -> Iterator[Step]:
    """Links and loads; the next server only when this one is well."""
    last = {server: name for name in unit.models for server in scene.deltas[name].loads}
    for name in unit.models:
        delta = scene.deltas[name]
        if delta.activation is not None:
            previous = delta.active.generation if delta.active else None
            activate = Activate(
                model=name,
                tree=delta.verdict.artifact.tree,
                previous=previous,
                mends=delta.mends,
                adopts=delta.activation is Reason.ADOPTED,
            )
            yield Step(id=f"activate:{name}", action=activate, reason=delta.activation)
        for server, reason in sorted(delta.loads.items()):
            load = _load(name, server, scene, whole=last[server] == name)
            yield Step(id=f"load:{name}@{server}", action=load, reason=reason)


def _load(name: str, server: str, scene: Scene, *, whole: bool) -> Load:
    delta = scene.deltas[name]
    down = scene.jolted.get(server, {})
    alone = Load(
        model=name,
        server=server,
        tree=delta.verdict.artifact.tree,
        timeout=delta.verdict.spec.load.timeout,
        retries=delta.verdict.spec.load.retries,
        dependents=_expected(name, server, scene, whole=whole),
        probes=delta.verdict.spec.probes if delta.verdict.kept is None else (),
        mends=delta.mends,
        resources=scene.sizes.declared(name, delta.verdict.artifact.tree.generation) or NOTHING_DECLARED,
        takes_down=tuple(other for other in sorted(down) if name in down[other]),
    )
    served = serving(scene.observed)[server].models.get(name)
    return replace(alone, together=may_be_together(alone, delta.verdict.artifact.config.framework, served))


def _expected(name: str, server: str, scene: Scene, *, whole: bool) -> tuple[Expected, ...]:
    """The ensembles above that are up and that this plan does not load or take down: they must stay as they are.

    Those that a half-changed unit takes down are looked at when it is `whole`.
    """
    view = serving(scene.observed)[server]
    down = frozenset[str]() if whole else scene.jolted.get(server, {}).keys()
    return tuple(
        Expected(model=other, generation=stamp_on(view, other))
        for other in above_on(view, name)
        if other not in down and other not in scene.removals and not _has_own(other, server, scene)
    )


def _has_own(name: str, server: str, scene: Scene) -> bool:
    return name in scene.deltas and server in {**scene.deltas[name].loads, **scene.deltas[name].unloads}


def _removal_steps(unit: Unit, scene: Scene, before: Ids) -> Iterator[Step]:
    for name in unit.removals:
        removal = scene.removals[name]
        for server in removal.servers:
            unload = Unload(model=name, server=server, timeout=UNLOAD_TIMEOUT)
            yield Step(id=f"unload:{name}@{server}", action=unload, reason=Reason.REMOVED, after=before)
        unloads = frozenset(f"unload:{name}@{server}" for server in removal.servers)
        if removal.generation is not None:
            deactivate = Deactivate(model=name, generation=removal.generation)
            yield Step(
                id=f"deactivate:{name}",
                action=deactivate,
                reason=Reason.REMOVED,
                after=unloads or before,
                continues=bool(unloads),
            )
        before = unloads or before
