"""The models and what they need as a picture: nodes with a state, edges from a model to what it calls."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from reconciler.core import graph
from reconciler.core.observed import Observed
from reconciler.core.plan import Change, ModelPlan, Plan
from reconciler.core.spec import Desired
from reconciler.core.views.explanation import all_needs


class State(StrEnum):
    """How a model stands, for its colour."""

    SETTLED = "as wanted"
    CHANGING = "changes"
    HELD = "held"
    STALLED = "stalled"
    REMOVED = "removed"
    FOREIGN = "not ours"
    MISSING = "missing"


_STATES: Mapping[Change, State] = {
    Change.UNCHANGED: State.SETTLED,
    Change.HELD: State.HELD,
    Change.REMOVE: State.REMOVED,
    Change.FOREIGN: State.FOREIGN,
    Change.UNKNOWN: State.HELD,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """`layers`: names, those that need nothing first; a ring shares one. `edges`: a model and what it needs."""

    states: Mapping[str, State]
    edges: tuple[tuple[str, str], ...]
    layers: tuple[tuple[str, ...], ...]


def drawn(desired: Desired, observed: Observed, plan: Plan) -> Picture:
    """Every model of the plan, and every name that one of them needs."""
    lines = {line.model: line for line in plan.models}
    needs = {name: more for name, more in all_needs(desired, observed).items() if name in lines}
    names = sorted({*lines, *(other for more in needs.values() for other in more)})
    foreign = {other for line in plan.models for other in line.foreign_needs}
    return Picture(
        states={name: _state(lines.get(name), known=name in foreign) for name in names},
        edges=tuple((name, other) for name in sorted(needs) for other in sorted(needs[name])),
        layers=graph.layers(needs, names),
    )


def _state(line: ModelPlan | None, *, known: bool) -> State:
    """`known`: something relies on its being there without us."""
    if line is None:
        return State.FOREIGN if known else State.MISSING
    return State.STALLED if line.stalled else _STATES.get(line.change, State.CHANGING)
