"""Which models change together or not at all, and which of these units waits for which.

A model waits for what it needs, an unload for whoever uses the model as it is served. Models that cannot change one by
one without a gap that a failure would make permanent (a recreated model and what is above it, an ensemble and members
that its old graph does not fit) wait for each other, and so become one unit: it is carried out as a chain, and a
failure anywhere in it puts all of it back. What waits in a ring is one unit, so the order of a plan has no rings.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from reconciler.core import graph
from reconciler.core.judging.capacity import Sizes
from reconciler.core.judging.deltas import Delta
from reconciler.core.judging.jolts import jolts, movers
from reconciler.core.judging.places import EVERYWHERE, Departure, Placement
from reconciler.core.judging.removals import Removal
from reconciler.core.judging.served import serving
from reconciler.core.judging.verdicts import Verdict, needs_of
from reconciler.core.observed import Observed
from reconciler.core.settling.settle import needs


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """All that the steps are made from. `jolted`: by server, ensembles that go down for a moment and through whom.

    `departures`: copies that leave their server, by name.
    """

    verdicts: Mapping[str, Verdict]
    observed: Observed
    deltas: Mapping[str, Delta]
    removals: Mapping[str, Removal]
    sizes: Sizes
    departures: Mapping[str, Departure] = field(default_factory=dict)
    placement: Placement = EVERYWHERE
    jolted: Mapping[str, Mapping[str, frozenset[str]]] = field(default_factory=dict)

    def changing(self) -> frozenset[str]:
        """The models and departures that get steps beyond a fetch."""
        here = frozenset(name for name, delta in self.deltas.items() if not delta.at_home)
        return here | self.removals.keys() | self.departures.keys()


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """Models in the order in which they are loaded, removals in the order in which they go, and departures.

    `after`: others whose units must have succeeded; `behind`: whose units must have ended.
    """

    models: tuple[str, ...]
    removals: tuple[str, ...]
    after: frozenset[str]
    behind: frozenset[str] = frozenset()
    departures: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """All that is in it."""
        return (*self.models, *self.removals, *self.departures)


def jolted(
    verdicts: Mapping[str, Verdict], observed: Observed, deltas: Mapping[str, Delta]
) -> dict[str, dict[str, frozenset[str]]]:
    """By server, the ensembles that the loads of these deltas take down for a moment."""
    found = {}
    for server, view in serving(observed).items():
        moving = {
            name: artifact
            for name, artifact in movers(verdicts, view).items()
            if name in deltas and server in deltas[name].loads and server not in deltas[name].unloads
        }
        loaded = frozenset(name for name, delta in deltas.items() if server in delta.loads)
        down = jolts(moving, view, observed.volume, doubtful=loaded)
        found[server] = {
            name: hit for name, hit in down.items() if name not in deltas or server not in deltas[name].unloads
        }
    return found


def units(scene: Scene) -> tuple[Unit, ...]:
    """Every unit, what is waited for first."""
    changing = scene.changing()
    waits = _waits(scene, changing)
    wanted = {name: needs_of(scene.deltas[name].verdict) for name in changing & scene.deltas.keys()}
    served: dict[str, frozenset[str]] = {}
    for view in serving(scene.observed).values():
        served = {**served, **{name: served.get(name, frozenset()) | more for name, more in view.needs.items()}}
    return tuple(
        Unit(
            models=graph.order(wanted, set(group) - scene.removals.keys() - scene.departures.keys()),
            removals=graph.order(served, set(group) & scene.removals.keys())[::-1],
            departures=tuple(sorted(set(group) & scene.departures.keys())),
            after=frozenset().union(*(waits[name] for name in group)) - set(group),
        )
        for group in graph.groups(waits, changing)
    )


def _waits(scene: Scene, changing: frozenset[str]) -> dict[str, frozenset[str]]:
    waits: dict[str, set[str]] = {name: set() for name in changing}
    needed = needs(scene.verdicts, scene.observed)
    for name in changing & scene.deltas.keys():
        waits[name] |= _through(name, needed, changing)
    for name, one in scene.departures.items():
        waits[name] |= {one.model, *_through(one.model, needed, changing)} & changing
        waits[name] |= {*one.users, *(f"{user}@{one.server}" for user in one.users)} & changing
    pairs = {pair for pair in (*_users(scene), *_together(scene)) if changing.issuperset(pair)}
    for name, other in pairs:
        waits[name].add(other)
    return {name: frozenset(others) - {name} for name, others in waits.items()}


def _through(name: str, needed: Mapping[str, frozenset[str]], changing: frozenset[str]) -> set[str]:
    """The nearest changing models that this one needs, through those that do not change."""
    found: set[str] = set()
    seen: set[str] = set()
    ahead = set(needed.get(name, frozenset()))
    while ahead:
        other = ahead.pop()
        seen.add(other)
        if other in changing:
            found.add(other)
        else:
            ahead |= needed.get(other, frozenset()) - seen
    return found


def _users(scene: Scene) -> Iterator[tuple[str, str]]:
    """Whoever is unloaded waits for what uses it as served."""
    for server, view in serving(scene.observed).items():
        unloaded = {name for name, delta in scene.deltas.items() if server in delta.unloads}
        unloaded |= {name for name, removal in scene.removals.items() if server in removal.servers}
        pairs = [(name, user) for name in sorted(unloaded) for user in sorted(view.users.get(name, ()))]
        yield from (pair for name, user in pairs for pair in ((name, user), (name, f"{user}@{server}")))


def _together(scene: Scene) -> Iterator[tuple[str, str]]:
    """Pairs that wait for each other; and movers that wait until an ensemble is gone which they would take down."""
    for name, delta in sorted(scene.deltas.items()):
        for cause in delta.taken_down:
            yield from ((name, cause), (cause, name))
    for server, down in scene.jolted.items():
        for name, hit in sorted(down.items()):
            loaded = name in scene.deltas and server in scene.deltas[name].loads
            yield from _pairs(hit | {name} if loaded else hit)
            if name in scene.removals:
                yield from ((mover, name) for mover in sorted(hit))


def _pairs(names: frozenset[str]) -> Iterator[tuple[str, str]]:
    yield from ((one, other) for one in sorted(names) for other in sorted(names) if one != other)
