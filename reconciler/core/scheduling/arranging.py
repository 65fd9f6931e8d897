"""From settled verdicts to units in an order in which each finds room; what finds none is settled anew.

Ends: each time round a model is recreated that was to be replaced, or one more is held.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from reconciler.core.judging.capacity import Sizes
from reconciler.core.judging.deltas import Delta, deltas
from reconciler.core.judging.gate import Gate, stepped_down
from reconciler.core.judging.places import Departure, departures
from reconciler.core.judging.removals import Removal
from reconciler.core.judging.verdicts import Hold, Request, Verdict, Wanted
from reconciler.core.observed import Observed
from reconciler.core.scheduling.schedule import Schedule, scheduled
from reconciler.core.settling.settle import settle
from reconciler.core.settling.units import Scene, jolted, units

Removals = Callable[[Mapping[str, Verdict]], tuple[dict[str, Removal], dict[str, Hold]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Arranged:
    """What is to be done, in which order; `held` are removals that must wait."""

    scene: Scene
    schedule: Schedule
    held: Mapping[str, Hold]


def arranged(
    verdicts: Mapping[str, Verdict], observed: Observed, gate: Gate, request: Request, removals: Removals
) -> Arranged:
    """The scene of these verdicts, in which every load finds room."""
    settled = settle(verdicts, observed, lambda found: frozenset(removals(found)[0]), gate)
    while True:
        found = _with_room(settled, observed, gate, request, removals)
        if not found.schedule.refused:
            return found
        refused = {name: _refused(settled[name], hold, observed) for name, hold in found.schedule.refused.items()}
        settled = settle({**settled, **refused}, observed, lambda found: frozenset(removals(found)[0]), gate)


def _refused(verdict: Verdict, hold: Hold, observed: Observed) -> Verdict:
    return stepped_down(verdict, hold, observed) if isinstance(verdict, Wanted) else verdict


def _with_room(
    settled: Mapping[str, Verdict], observed: Observed, gate: Gate, request: Request, removals: Removals
) -> Arranged:
    """With as many models recreated as must be; those that do not fit even so are in the schedule."""
    going, held = removals(settled)
    sizes = Sizes(gate.specs, settled, observed)
    leaving = departures(settled, observed, gate.placement, going) if gate.sound and not request.no_server else {}
    apart = frozenset[str]()
    while True:
        found = deltas(settled, observed, request, gate.placement, apart) if gate.sound else {}
        found = _with_leaves(found, leaving)
        scene = Scene(
            verdicts=settled,
            observed=observed,
            deltas=found,
            removals=going,
            departures=leaving,
            placement=gate.placement,
            jolted=jolted(settled, observed, found),
            sizes=sizes,
        )
        schedule = scheduled(scene, units(scene), gate.target)
        if not schedule.apart - apart:
            return Arranged(scene=replace(scene, deltas=_warned(found, schedule)), schedule=schedule, held=held)
        apart |= schedule.apart


def _with_leaves(found: Mapping[str, Delta], leaving: Mapping[str, Departure]) -> dict[str, Delta]:
    places: dict[str, tuple[str, ...]] = {}
    for one in leaving.values():
        places[one.model] = (*places.get(one.model, ()), one.server)
    return {name: replace(delta, leaves=places.get(name, ())) for name, delta in found.items()}


def _warned(found: Mapping[str, Delta], schedule: Schedule) -> dict[str, Delta]:
    """What is mended although there is no room for it twice says so."""
    warning = "both copies do not fit the declared capacity while it is loaded again"
    return {
        name: replace(delta, warnings=(*delta.warnings, warning)) if name in schedule.strained else delta
        for name, delta in found.items()
    }
