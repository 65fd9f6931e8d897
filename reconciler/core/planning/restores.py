"""The way back of a unit: what was there before, for a failure anywhere in it (spec §6: nothing is worse afterwards).

Triton keeps the old version of a plain model through a failed reload, but not of an ensemble, nor of the ensembles
above it (triton-facts §0.3); an unloaded model is gone; and old instances read through the link (§0.8).
"""

from collections.abc import Iterator, Mapping

from reconciler.core import graph
from reconciler.core.artifact import Tree
from reconciler.core.judging.deltas import Delta, way_back
from reconciler.core.judging.served import active_tree, is_up, serving, stamp_on, tree_on
from reconciler.core.observed import Observed
from reconciler.core.plan import Restore
from reconciler.core.planning.adoption import strangers
from reconciler.core.settling.units import Scene, Unit
from reconciler.core.spec import Resources

TIMEOUT = 600.0
"""Seconds for loading again an ensemble that went down beside what changed."""


def restores(unit: Unit, scene: Scene) -> Iterator[Restore]:
    """What is put back, in this order: the unit's models, then the ensembles that their change takes down."""
    for name in unit.models:
        delta = scene.deltas[name]
        if delta.verdict.spec.load.enabled and _changes(delta, scene.observed):
            yield from _restore(name, delta, scene)
    for server in scene.jolted:
        yield from _bystanders(server, unit, scene)


def _bystanders(server: str, unit: Unit, scene: Scene) -> Iterator[Restore]:
    """Ensembles that this unit takes down and that have no part in it."""
    view, volume = serving(scene.observed)[server], scene.observed.volume
    down = [name for name, hit in scene.jolted[server].items() if hit & set(unit.models)]
    for name in graph.order(view.needs, set(down) - {*unit.models, *scene.removals}):
        linked, served = active_tree(volume, name), tree_on(view, name, volume)
        if linked is not None and served is not None:
            generation = linked.generation
            yield Restore(
                model=name,
                tree=linked,
                instead=generation,
                served={server: served},
                timeout=TIMEOUT,
                mends=volume.mends,
                resources=_noted(name, scene),
            )


def _changes(delta: Delta, observed: Observed) -> bool:
    """Whether the link moves, or something that is up becomes another generation or goes down."""
    name, wanted = delta.verdict.spec.name, delta.verdict.artifact.tree.generation
    views = serving(observed)
    return (
        delta.moves
        or bool(delta.unloads)
        or any(is_up(views[server], name) and stamp_on(views[server], name) != wanted for server in delta.loads)
    )


def _restore(name: str, delta: Delta, scene: Scene) -> Iterator[Restore]:
    observed = scene.observed
    linked = delta.active.tree if delta.active is not None else None
    if delta.active is not None and linked is None:
        return  # its document is lost: nobody knows what to put back
    adopted = strangers(delta, observed)
    served = dict(_served(name, delta, observed))
    yield Restore(
        model=name,
        tree=_left_behind(name, delta, served, observed) or linked if adopted is None else None,
        instead=delta.verdict.artifact.tree.generation,
        served={server: before for server, before in served.items() if server not in (adopted or ())},
        timeout=delta.verdict.spec.load.timeout,
        mends=observed.volume.mends,
        adopted=adopted,
        resources=_noted(name, scene),
        apart=bool(delta.unloads),
    )


def _left_behind(name: str, delta: Delta, served: Mapping[str, Tree | None], observed: Observed) -> Tree | None:
    """What serves although the link names what is wanted: a run that was killed has moved it, and loaded nothing."""
    wanted = delta.verdict.artifact.tree.generation
    if delta.moves or any(stamp_on(view, name) == wanted for view in serving(observed).values()):
        return None
    return next((tree for tree in served.values() if tree is not None and tree.generation != wanted), None)


def _noted(name: str, scene: Scene) -> Resources:
    """What is declared for what is up."""
    stamps = (stamp_on(view, name) for view in serving(scene.observed).values())
    stamp = next((stamp for stamp in stamps if stamp is not None), None)
    return (scene.sizes.declared(name, stamp) if stamp is not None else None) or Resources()


def _served(name: str, delta: Delta, observed: Observed) -> Iterator[tuple[str, Tree | None]]:
    for server, view in serving(observed).items():
        if server in {**delta.loads, **delta.unloads}:
            before = way_back(server, name, observed) if is_up(view, name) else None
            if before is not None or not is_up(view, name):
                yield server, before
