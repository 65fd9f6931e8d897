"""From deltas and removals to steps in order (spec §6, triton-facts §4).

Order is data: `after` names the steps that must have succeeded. Fetches come before anything else of their model; a
dependency is loaded before what needs it is activated, so that no reload by Triton meets a half-moved graph;
dependents are unloaded first; then unload, unlink, prune.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from reconciler.core import graph
from reconciler.core.assembly import of_tree
from reconciler.core.deltas import Delta, above_on, serving
from reconciler.core.ensembles import misfits
from reconciler.core.errors import Reason
from reconciler.core.observed import Observed
from reconciler.core.plan import Activate, Deactivate, Expected, Fetch, Load, Restore, Step, Unload
from reconciler.core.removals import Removal
from reconciler.core.settle import needs_of
from reconciler.core.verdicts import Deferred, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """All that the steps are made from."""

    verdicts: Mapping[str, Verdict]
    observed: Observed
    deltas: Mapping[str, Delta]
    removals: Mapping[str, Removal]

    def lanes(self) -> dict[str, str]:
        """Models that are connected, as wanted or as served, share a lane: Triton gets one operation at a time."""
        needs: dict[str, frozenset[str]] = {name: needs_of(verdict) for name, verdict in self.verdicts.items()}
        for view in serving(self.observed).values():
            for name, served in view.models.items():
                needs[name] = needs.get(name, frozenset()) | served.members
        return graph.components(needs, {*self.verdicts, *self.removals})


def steps(scene: Scene) -> tuple[Step, ...]:
    """Every step but the prune, in the order of their models' names."""
    lanes = scene.lanes()
    found: list[Step] = []
    for name, verdict in sorted(scene.verdicts.items()):
        if isinstance(verdict, Deferred) and verdict.fetch:
            fetch = Fetch(model=name, sources=verdict.spec.sources(), size=verdict.size)
            found.append(Step(id=f"fetch:{name}", action=fetch, reason=Reason.CONTENT_UNKNOWN))
    for name in sorted(scene.deltas):
        found += _model_steps(name, scene, lanes[name])
    for name in sorted(scene.removals):
        found += _removal_steps(name, scene, lanes[name])
    return tuple(found)


def terminals(name: str, scene: Scene) -> frozenset[str]:
    """The steps after which a model is as it is wanted: its loads, or without any its activation."""
    if name in scene.removals:
        removal = scene.removals[name]
        unloads = frozenset(f"unload:{name}@{server}" for server in removal.servers)
        return unloads or (frozenset({f"deactivate:{name}"}) if removal.generation else frozenset())
    delta = scene.deltas.get(name)
    if delta is None:
        return frozenset()
    loads = frozenset(f"load:{name}@{server}" for server in delta.loads)
    return loads or (frozenset({f"activate:{name}"}) if delta.activation else frozenset())


def _needs_fetch(delta: Delta) -> bool:
    return delta.activation is not None and bool(delta.verdict.missing)


def _fetched(name: str, scene: Scene) -> frozenset[str]:
    """The fetches that must be over before this model may be taken down: its own, and those of what takes it down."""
    names = (name, *scene.deltas[name].taken_down)
    return frozenset(f"fetch:{other}" for other in names if _needs_fetch(scene.deltas[other]))


def _model_steps(name: str, scene: Scene, lane: str) -> Iterator[Step]:
    delta = scene.deltas[name]
    tree = delta.verdict.artifact.tree
    if _needs_fetch(delta) and delta.activation is not None:
        size = sum({file.digest: file.size for file in tree.files if file.digest in delta.verdict.missing}.values())
        fetch = Fetch(model=name, sources=delta.verdict.spec.sources(), size=size)
        yield Step(id=f"fetch:{name}", action=fetch, reason=delta.activation)
    yield from _unloads(name, scene, lane)
    if delta.activation is not None:
        previous = delta.active.generation if delta.active else None
        activate = Activate(model=name, tree=tree, previous=previous)
        after = _fetched(name, scene) | _needs_met(name, scene)
        after |= {f"unload:{name}@{server}" for server in delta.unloads}
        yield Step(id=f"activate:{name}", action=activate, reason=delta.activation, after=after, lane=lane)
    yield from _loads(name, scene, lane)


def _needs_met(name: str, scene: Scene) -> frozenset[str]:
    needs = needs_of(scene.deltas[name].verdict)
    return frozenset().union(*(terminals(other, scene) for other in sorted(needs)))


def _unloads(name: str, scene: Scene, lane: str) -> Iterator[Step]:
    delta = scene.deltas[name]
    views = serving(scene.observed)
    for server, reason in sorted(delta.unloads.items()):
        first = frozenset(
            f"unload:{other}@{server}"
            for other in above_on(views[server], name)
            if other in scene.deltas and server in scene.deltas[other].unloads
        )
        after = first | _fetched(name, scene) | _steady_needs(name, scene)
        unload = Unload(model=name, server=server, timeout=delta.verdict.spec.load.timeout)
        yield Step(id=f"unload:{name}@{server}", action=unload, reason=reason, after=after, lane=lane)


def _steady_needs(name: str, scene: Scene) -> frozenset[str]:
    """What must be well before a model is taken down; what is taken down with it can only follow."""
    needs = needs_of(scene.deltas[name].verdict)
    steady = [other for other in sorted(needs) if other in scene.deltas and not scene.deltas[other].unloads]
    if scene.deltas[name].taken_down:
        return frozenset()
    return frozenset().union(*(terminals(other, scene) for other in steady))


def _loads(name: str, scene: Scene, lane: str) -> Iterator[Step]:
    delta = scene.deltas[name]
    after = _needs_met(name, scene) | (frozenset({f"activate:{name}"}) if delta.activation else frozenset())
    for server, reason in sorted(delta.loads.items()):
        own = after | (frozenset({f"unload:{name}@{server}"}) if server in delta.unloads else frozenset())
        load = Load(
            model=name,
            server=server,
            tree=delta.verdict.artifact.tree,
            timeout=delta.verdict.spec.load.timeout,
            retries=delta.verdict.spec.load.retries,
            dependents=_expected(name, server, scene),
            probes=delta.verdict.spec.probes if delta.verdict.kept is None else (),
            restores=tuple(_restores(name, server, scene)),
        )
        yield Step(id=f"load:{name}@{server}", action=load, reason=reason, after=own, lane=lane)
        after |= {f"load:{name}@{server}"}  # the next server only when this one is well


def _expected(name: str, server: str, scene: Scene) -> tuple[Expected, ...]:
    """The ensembles above that are up and that this plan does not load or take down: they must stay as they are."""
    view = serving(scene.observed)[server]
    found = []
    for other in above_on(view, name):
        generation = view.models[other].generation
        own = other in scene.deltas and server in {**scene.deltas[other].loads, **scene.deltas[other].unloads}
        if generation is not None and not own and other not in scene.removals:
            found.append(Expected(model=other, generation=generation))
    return tuple(found)


def _restores(name: str, server: str, scene: Scene) -> Iterator[Restore]:
    """What a failed load puts back: members whose move took this one's old graph away, itself, what it took down."""
    delta = scene.deltas[name]
    if delta.moves:
        for member in _members_in_the_way(delta, scene):
            yield from _restore(member, server, scene)
        yield from _restore(name, server, scene)
    for other, above in sorted(scene.deltas.items()):
        if name in above.taken_down and server in above.unloads:
            yield from _restore(other, server, scene)


def _restore(name: str, server: str, scene: Scene) -> Iterator[Restore]:
    active = scene.deltas[name].active
    served = serving(scene.observed)[server].models.get(name)
    if active is None:
        yield Restore(model=name, tree=None, reload=False)
    elif active.tree is not None:
        yield Restore(model=name, tree=active.tree, reload=served is not None and served.up)


def _members_in_the_way(delta: Delta, scene: Scene) -> list[str]:
    """Members that move in this plan to where the old graph of this ensemble does not fit them."""
    if delta.active is None or delta.active.tree is None:
        return []
    old = of_tree(delta.active.tree)
    moving = sorted(name for name in old.config.members if name in scene.deltas and scene.deltas[name].moves)
    members = {name: scene.deltas[name].verdict.artifact for name in moving}
    return moving if misfits(old.config, {**dict.fromkeys(old.config.members), **members}) else []


def _removal_steps(name: str, scene: Scene, lane: str) -> Iterator[Step]:
    removal = scene.removals[name]
    unloads = frozenset(f"unload:{name}@{server}" for server in removal.servers)
    for server in removal.servers:
        unload = Unload(model=name, server=server, timeout=600.0)
        after = _gone_before(name, server, scene)
        yield Step(id=f"unload:{name}@{server}", action=unload, reason=Reason.REMOVED, after=after, lane=lane)
    if removal.generation is not None:
        deactivate = Deactivate(model=name, generation=removal.generation)
        yield Step(id=f"deactivate:{name}", action=deactivate, reason=Reason.REMOVED, after=unloads, lane=lane)


def _gone_before(name: str, server: str, scene: Scene) -> frozenset[str]:
    """What as served needs this one: it must be unloaded, or served without it, before."""
    view = serving(scene.observed)[server]
    users = [other for other, served in sorted(view.models.items()) if served.up and name in served.members]
    return frozenset().union(*(terminals(other, scene) for other in users))
