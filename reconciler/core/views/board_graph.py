"""Which models of a board are drawn, and which of them needs which: all that need each other, as far as one can see it.

A drawing of thousands shows nothing. So where there are many, those that need the same, are needed by the same and
stand the same are one box; where there are too many still, only what is around those that are not ready is drawn.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from reconciler.core import graph
from reconciler.core.views.board import Board, Light

FEW, MOST, COLUMN = 40, 120, 12
"""Models that are each drawn by themselves; boxes at most; boxes above each other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """`layers`: names, what is needed before what needs it. `lights`: None for what is not ours, or not there at all.

    `alike`: by name, the others that its box stands for, too. `left_out`: how many that need others, or are needed, are
    not drawn; `alone`: how many have to do with no other.
    """

    layers: tuple[tuple[str, ...], ...]
    edges: tuple[tuple[str, str], ...]
    lights: Mapping[str, Light | None]
    alike: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    left_out: int = 0
    alone: int = 0


def drawing(board: Board) -> Drawing:
    """What of the board is drawn."""
    lights, needs = board.lights(), _needs(board)
    linked = {*needs, *(other for more in needs.values() for other in more)}
    alike = _alike(needs, lights, linked) if len(linked) > FEW else {}
    boxes = linked.difference(*alike.values())
    shown = boxes if len(boxes) <= MOST else _around(needs, lights, boxes)
    told = {name: others for name, others in alike.items() if name in shown}
    kept = {name: more & shown for name, more in needs.items() if name in shown}
    return Drawing(
        layers=tuple(_columns(graph.layers(kept, sorted(shown)))),
        edges=tuple((name, other) for name in sorted(kept) for other in sorted(kept[name])),
        lights={name: lights.get(name) for name in sorted(shown)},
        alike=told,
        left_out=len(linked) - len(shown) - sum(map(len, told.values())),
        alone=len(board.models.keys() - linked),
    )


def _needs(board: Board) -> graph.Needs:
    """Of the models that need any."""
    return {name: more for name, more in board.needs.items() if more and name in board.models}


def _alike(needs: graph.Needs, lights: Mapping[str, Light], linked: set[str]) -> Mapping[str, tuple[str, ...]]:
    """By the first of each kind, the others that are drawn as it is, and with it."""
    users: dict[str, set[str]] = {}
    for name, more in needs.items():
        for other in more:
            users.setdefault(other, set()).add(name)
    kinds: dict[tuple[object, ...], list[str]] = {}
    for name in sorted(linked):
        kind = (needs.get(name, frozenset()), frozenset(users.get(name, ())), lights.get(name))
        kinds.setdefault(kind, []).append(name)
    return {first: tuple(others) for first, *others in kinds.values() if others}


def needed_by(board: Board) -> Mapping[str, tuple[str, ...]]:
    """The models that need each, by name."""
    found: dict[str, list[str]] = {}
    for name in sorted(board.models.keys() & board.needs.keys()):
        for other in board.needs[name]:
            found.setdefault(other, []).append(name)
    return {name: tuple(users) for name, users in found.items()}


def _columns(layers: Iterable[tuple[str, ...]]) -> Iterator[tuple[str, ...]]:
    """A layer that is too high for a screen becomes several."""
    for layer in layers:
        for start in range(0, len(layer), COLUMN):
            yield layer[start : start + COLUMN]


def _around(needs: graph.Needs, lights: Mapping[str, Light], linked: set[str]) -> set[str]:
    """Those that are not ready with what they need, and with what needs them, as long as there is room."""
    unwell = [name for name in sorted(linked) if lights.get(name) is not Light.READY]
    near = [(name, *sorted(needs.get(name, frozenset()))) for name in unwell]
    near += [(name, other) for name, more in sorted(needs.items()) for other in sorted(more & {*unwell})]
    found: set[str] = set()
    for group in near:
        if len(found | {*group}) <= MOST:
            found |= {*group}
    return found
