"""How much of each resource is taken before a plan, at most while it is carried out, and after it (spec §6)."""

from collections.abc import Iterator

from reconciler.core.amounts import Amount, Kind, Span, limit, most, total
from reconciler.core.digest import Digest
from reconciler.core.judging.served import serving
from reconciler.core.judging.verdicts import Deferred
from reconciler.core.plan import Prune, Step
from reconciler.core.scheduling.turns import Schedule
from reconciler.core.settling.room import to_come, used
from reconciler.core.settling.units import Scene
from reconciler.core.spec import Target


def spans(scene: Scene, schedule: Schedule, planned: tuple[Step, ...], target: Target) -> tuple[Span, ...]:
    """Both memories of the server that has most of it taken, and the volume."""
    return (*_memories(scene, schedule, target), _disk(scene, planned, target))


def _memories(scene: Scene, schedule: Schedule, target: Target) -> Iterator[Span]:
    if scene.observed.servers and not serving(scene.observed):
        for kind in Kind:
            yield Span(name=kind.value, before=None, peak=None, after=None, capacity=limit(target.capacity, kind))
        return
    before, after = list[Amount](), list[Amount]()
    for server, view in serving(scene.observed).items():
        up = {name: scene.sizes.served(view, name) for name in view.models}
        gone = {name: Amount() for name, delta in scene.deltas.items() if server in (*delta.unloads, *delta.leaves)}
        loaded = {name: scene.sizes.wanted(name) for name, delta in scene.deltas.items() if server in delta.loads}
        before.append(total(up.values()))
        after.append(total({**up, **dict.fromkeys(scene.removals, Amount()), **gone, **loaded}.values()))
    silent = sorted(scene.observed.servers.keys() - serving(scene.observed).keys())
    uncounted = (*scene.sizes.uncounted(), *(f"what is up on {server}" for server in silent))
    for kind in Kind:
        yield Span(
            name=kind.value,
            before=most(before).of(kind),
            peak=most([schedule.peak, *before]).of(kind),
            after=most(after).of(kind),
            capacity=limit(target.capacity, kind),
            uncounted=uncounted,
        )


def _disk(scene: Scene, planned: tuple[Step, ...], target: Target) -> Span:
    """All files are fetched before anything is pruned."""
    before = used(scene.observed.volume)
    coming: dict[Digest, int] = {}
    deferred = [verdict for verdict in scene.verdicts.values() if isinstance(verdict, Deferred) and verdict.fetch]
    for delta in scene.deltas.values():
        coming |= to_come(delta.verdict, scene.observed)
    peak = before + sum(coming.values()) + sum(verdict.size or 0 for verdict in deferred)
    pruned = sum(step.action.size for step in planned if isinstance(step.action, Prune))
    return Span(
        name="disk",
        before=before,
        peak=peak,
        after=peak - pruned,
        capacity=target.capacity.disk,
        uncounted=tuple(f"{verdict.spec.name} (known after fetch)" for verdict in deferred if verdict.size is None),
    )
