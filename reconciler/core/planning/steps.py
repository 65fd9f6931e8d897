"""From deltas and removals to steps in order (spec §6, triton-facts §4).

Order is data: `after` names the steps that must have succeeded. Fetches come before anything else of their unit; a
dependency is loaded before what needs it is activated, so that no reload by Triton meets a half-moved graph;
dependents are unloaded first; then unload, unlink, prune. The steps of a unit are a chain (core/planning/chains.py).
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from reconciler.core import graph
from reconciler.core.errors import Reason
from reconciler.core.judging.served import members_anywhere, serving
from reconciler.core.judging.verdicts import Deferred, Verdict, needs_of
from reconciler.core.observed import Observed
from reconciler.core.plan import Deactivate, Fetch, Step, Unload
from reconciler.core.planning.adoption import adopting, retirements
from reconciler.core.planning.chains import Begin, Ends, Ids, chained
from reconciler.core.settling.units import Scene, Unit

UNLOAD_TIMEOUT = 600.0
"""Seconds for the unload of a model whose spec is gone."""


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
    ends: dict[str, Ends] = {}
    for unit in units:
        before, behind = (_union(finals[name] for name in names) for names in (unit.after, unit.behind))
        fetches = list(_fetches(unit, scene))
        begin = Begin(
            before=before | {step.id for step in fetches},
            behind=behind,
            ends=tuple(ends.get(name) or Ends(otherwise=finals[name]) for name in sorted(unit.after)),
        )
        chain = chained(unit, scene, begin)
        gone = [*_removal_steps(unit, scene, _last(chain.steps) or before), *_departure_steps(unit, scene, before)]
        finals |= dict.fromkeys(unit.names, _last((*chain.steps, *gone)))
        ends |= dict.fromkeys(unit.models, chain.ends) if chain.ends is not None else {}
        found += fetches
        found += [replace(step, lane=lanes[_model(step)]) for step in (*chain.steps, *gone)]
    return Ordered(steps=(*found, *retirements(scene, finals)), finals=finals)


def _last(steps: Iterable[Step]) -> Ids:
    """Those that no other of them waits for."""
    found = list(steps)
    return frozenset(step.id for step in found) - _union(step.after for step in found)


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


def _departure_steps(unit: Unit, scene: Scene, before: Ids) -> Iterator[Step]:
    """Unloads from servers that models do not belong on, when they are up where they do."""
    for name in unit.departures:
        one = scene.departures[name]
        timeout = scene.deltas[one.model].verdict.spec.load.timeout
        unload = Unload(model=one.model, server=one.server, timeout=timeout)
        yield Step(id=f"leave:{name}", action=unload, reason=Reason.NOT_PLACED, after=before, beside=True)


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
