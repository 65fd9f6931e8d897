"""The steps of one unit's models, in order, each with its way back.

Promise: where a failure puts back what was there before, nothing runs ahead of it; where there is nothing to put back,
a server that fails or hangs keeps no other waiting.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from reconciler.core import graph
from reconciler.core.errors import Reason
from reconciler.core.judging.served import above_on, serving, stamp_on
from reconciler.core.plan import NOTHING_DECLARED, Activate, Expected, Load, Restore, Step, Unload
from reconciler.core.planning.restores import restores
from reconciler.core.planning.together import may_be_together
from reconciler.core.settling.units import Scene, Unit

Ids = frozenset[str]
"""Of steps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ends:
    """What has to have succeeded before a model is as it is wanted on a server; `otherwise`: on any other."""

    otherwise: Ids
    servers: Mapping[str, Ids] = field(default_factory=dict)

    def on(self, server: str) -> Ids:
        """The ids of steps."""
        return self.servers.get(server, self.otherwise)


@dataclass(frozen=True, slots=True, kw_only=True)
class Begin:
    """What the unit waits for: `ends` are those of `before` that were other units, by server."""

    before: Ids
    behind: Ids
    ends: tuple[Ends, ...]

    def on(self, server: str) -> Ids:
        """What loads on this server wait for."""
        return frozenset[str]().union(*(end.on(server) for end in self.ends))


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """The steps of a unit's models. `ends`: where its servers do not wait for each other."""

    steps: tuple[Step, ...]
    ends: Ends | None = None


def chained(unit: Unit, scene: Scene, begin: Begin) -> Chain:
    """Links, loads and unloads: one after the other where a failure of any puts all back, else server by server."""
    way_back = tuple(restores(unit, scene))
    if not way_back and not any(scene.deltas[name].unloads for name in unit.models):
        return _side_by_side(unit, scene, begin)
    found = list(_in_turn(unit, scene, begin, way_back))
    return Chain(steps=tuple([replace(step, behind=begin.behind) for step in found[:1]] + found[1:]))


def _in_turn(unit: Unit, scene: Scene, begin: Begin, way_back: tuple[Restore, ...]) -> Iterator[Step]:
    """Unloads, then model by model link and loads: each step after the one before it."""
    after = begin.before
    for step in (*_unloads(unit, scene), *_ups(unit, scene)):
        begun = after != begin.before
        untouched = not begun and isinstance(step.action, Activate)
        yield replace(step, after=after, restores=() if untouched else way_back, continues=begun)
        after = frozenset({step.id})


def _side_by_side(unit: Unit, scene: Scene, begin: Begin) -> Chain:
    """Links one after the other, then the loads on each server: what fails on one keeps none of another waiting."""
    ups = list(_ups(unit, scene))
    found, link = list[Step](), begin.before
    for step in ups:
        if isinstance(step.action, Activate):
            found.append(replace(step, after=link, behind=begin.behind, continues=bool(found)))
            link = frozenset({step.id})
    linked = bool(found)
    ends = {server: link if linked else begin.on(server) for server in serving(scene.observed)}
    for step in ups:
        if isinstance(step.action, Load):
            after = ends[step.action.server]
            found.append(replace(step, after=after, behind=begin.behind, beside=True, continues=linked))
            ends[step.action.server] = frozenset({step.id})
    return Chain(steps=tuple(found), ends=Ends(otherwise=link, servers=ends))


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
