"""Units in turn, where not all fits at once.

What only gives memory back goes first, then whatever fits as things stand then, the highest priority first. A unit
that needs what another one gives back waits until that has succeeded. A model whose two copies do not fit is recreated,
if it may be; what does not fit even so is refused, unless it is only mended.
"""

from bisect import insort
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from reconciler.core.amounts import Amount, Kind, Taken, excesses, limit, most, shortage
from reconciler.core.errors import Reason
from reconciler.core.judging.deltas import may_be_recreated
from reconciler.core.judging.served import serving, stamp_on
from reconciler.core.judging.verdicts import Hold
from reconciler.core.parsing.priority import priority
from reconciler.core.scheduling.profiles import Profile, profiles
from reconciler.core.settling.units import Scene, Unit
from reconciler.core.spec import Resources, Update


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """The units in order, and the most that is taken meanwhile. `apart`: models that must be unloaded first after all.

    `refused`: models that do not fit at their turn. `strained`: what is mended although both copies do not fit.
    """

    units: tuple[Unit, ...]
    peak: Amount
    apart: frozenset[str] = frozenset()
    refused: Mapping[str, Hold] = field(default_factory=dict)
    strained: frozenset[str] = frozenset()


Rank = Callable[[Unit], tuple[bool, int, tuple[str, ...]]]


class _Queue:
    """Units whose time may have come. What did not fit is not looked at again until something was given back."""

    def __init__(self, units: Iterable[Unit], rank: Rank) -> None:
        self._ranks = {unit: rank(unit) for unit in units}
        owner = {name: unit for unit in self._ranks for name in unit.names}
        self._waits = {unit: {owner[name] for name in unit.after} for unit in self._ranks}
        self._users: dict[Unit, list[Unit]] = {}
        for unit, others in self._waits.items():
            for other in others:
                self._users.setdefault(other, []).append(unit)
        self._stuck: list[Unit] = []
        self._ready = sorted((unit for unit, others in self._waits.items() if not others), key=self._ranks.__getitem__)

    def __bool__(self) -> bool:
        return bool(self._ready or self._stuck)

    def next(self, short: Callable[[Unit], object]) -> Unit:
        """The first that fits; where none does, the first."""
        while self._ready:
            unit = self._ready.pop(0)
            if not short(unit):
                return unit
            insort(self._stuck, unit, key=self._ranks.__getitem__)
        return self._stuck.pop(0)

    def done(self, unit: Unit, *, again: bool) -> None:
        """What waited for it may go on; `again`: all that did not fit may fit now."""
        if again:
            self._ready, self._stuck = sorted((*self._ready, *self._stuck), key=self._ranks.__getitem__), []
        for user in self._users.get(unit, ()):
            self._waits[user].discard(unit)
            if not self._waits[user]:
                insort(self._ready, user, key=self._ranks.__getitem__)


class Turns:
    """One unit after the other; what is taken is followed as if all went well, and as if nothing was given back."""

    def __init__(self, scene: Scene, found: Mapping[Unit, Mapping[str, Profile]], capacity: Resources) -> None:
        self._scene, self._found, self._capacity = scene, dict(found), capacity
        self._taken = {
            server: Taken({name: scene.sizes.served(view, name) for name in view.models})
            for server, view in serving(scene.observed).items()
        }
        self._now = {server: taken.total for server, taken in self._taken.items()}
        self._worst, self._peaks = dict(self._now), [*self._now.values()]
        self._placed: list[Unit] = []
        self._givers: dict[tuple[str, Kind], list[Unit]] = {}
        self._last_taker: tuple[str, ...] = ()
        self._apart, self._strained = set[str](), set[str]()
        self._refused: dict[str, Hold] = {}

    def schedule(self) -> Schedule:
        """All units placed, those that do not fit with the reason."""
        queue = _Queue(self._found, self._rank)
        while queue:
            unit = queue.next(self._short)
            given_back = self._let_in(unit) and self._place(unit)
            queue.done(unit, again=given_back)
        return Schedule(
            units=tuple(self._placed),
            peak=most(self._peaks),
            apart=frozenset(self._apart),
            refused=self._refused,
            strained=frozenset(self._strained),
        )

    def _rank(self, unit: Unit) -> tuple[bool, int, tuple[str, ...]]:
        """What only gives back comes first."""
        specs = [self._scene.deltas[name].verdict.spec for name in unit.models]
        return self._takes(unit), -max(map(priority, specs), default=0), unit.names

    def _takes(self, unit: Unit) -> bool:
        return any(one.peak.memory > 0 or one.peak.gpu_memory > 0 for one in self._found[unit].values())

    def _short(self, unit: Unit) -> list[tuple[str, Kind]]:
        """Where there is no room for it now, if all has gone well so far."""
        return [
            (server, kind)
            for server, one in self._found[unit].items()
            for kind in excesses(self._now[server], one.peak, self._capacity)
        ]

    def _place(self, unit: Unit) -> bool:
        """Whether there is more room afterwards anywhere."""
        self._placed.append(self._in_turn(unit))
        self._book(unit)
        gives = [(server, kind) for server, one in self._found[unit].items() for kind in Kind if one.net.of(kind) < 0]
        for server, kind in gives:
            self._note_giver(unit, server, kind)
        return bool(gives)

    def _note_giver(self, unit: Unit, server: str, kind: Kind) -> None:
        """Among those that give this back there, who gives most first."""
        givers = self._givers.setdefault((server, kind), [])
        insort(givers, unit, key=lambda one: (self._found[one][server].net.of(kind), one.names))

    def _let_in(self, unit: Unit) -> bool:
        """As it is, or recreated, or not at all, unless it is only mended."""
        if short := self._short(unit):
            hold = self._hold(unit, *short[0])
            new = [name for name in unit.models if self._is_new(name)]
            apart = frozenset(name for name in unit.models if self._may_be_apart(name))
            self._found[unit] = profiles(unit, self._scene, apart)
            if apart and not self._short(unit):
                self._apart |= apart
            elif new:
                self._refused |= dict.fromkeys(new, hold)
                return False
            else:
                self._strained |= {*unit.models}
        return True

    def _in_turn(self, unit: Unit) -> Unit:
        """Behind the one before it, and after those whose memory it needs, as they may fail."""
        if not self._takes(unit):
            return unit
        awaited = {
            name
            for server, one in self._found[unit].items()
            for kind in Kind
            for other in self._needed(server, kind, one.peak.of(kind))
            for name in other.names
        }
        behind, self._last_taker = self._last_taker, unit.models
        return replace(unit, after=unit.after | awaited, behind=frozenset(behind))

    def _needed(self, server: str, kind: Kind, peak: int) -> list[Unit]:
        """Those that must have given their memory back before there is room."""
        room = limit(self._capacity, kind)
        over = self._worst[server].of(kind) + peak - room if room is not None and peak > 0 else 0
        if over <= 0:
            return []
        found = list[Unit]()
        for unit in self._givers.get((server, kind), ()):
            if over <= 0:
                break
            found.append(unit)
            over += self._found[unit][server].net.of(kind)
        return found

    def _book(self, unit: Unit) -> None:
        for server, one in self._found[unit].items():
            self._peaks.append(self._now[server] + one.peak)
            self._now[server] += one.net
            self._worst[server] += most([one.net])
            taken = self._taken[server]
            for name in unit.models:
                delta = self._scene.deltas[name]
                if server in {**delta.loads, **delta.unloads}:
                    taken[name] = self._scene.sizes.wanted(name) if server in delta.loads else Amount()
            going = [self._scene.departures[name] for name in unit.departures]
            for name in (*unit.removals, *(one.model for one in going if one.server == server)):
                taken[name] = Amount()

    def _is_new(self, name: str) -> bool:
        """Whether anything but what is up already is to be loaded."""
        delta, views = self._scene.deltas[name], serving(self._scene.observed)
        wanted = delta.verdict.artifact.tree.generation
        return any(stamp_on(views[server], name) != wanted for server in delta.loads)

    def _may_be_apart(self, name: str) -> bool:
        delta = self._scene.deltas[name]
        auto = delta.verdict.spec.update is Update.AUTO and not delta.unloads
        return auto and may_be_recreated(name, self._scene.deltas, self._scene.observed)

    def _hold(self, unit: Unit, server: str, kind: Kind) -> Hold:
        """The arithmetic at its turn."""
        own = {*unit.models, *unit.removals}
        others = self._taken[server].by_others(kind, own)
        taken = others.amount
        needed = self._now[server].of(kind) + self._found[unit][server].peak.of(kind) - taken
        where = f"on {server} it" if len(self._taken) > 1 else "it"
        once = "to take over from what serves" if self._now[server].of(kind) > taken else "at its turn"
        message = f"{once} {where} {shortage(kind, needed, others, self._capacity)}"
        return Hold(reason=Reason.NO_CAPACITY, message=message + self._advice(unit))

    def _advice(self, unit: Unit) -> str:
        specs = [self._scene.deltas[name].verdict.spec for name in unit.models]
        fixed = [spec.name for spec in specs if spec.update is Update.REPLACE]
        return f"; `update` of {', '.join(fixed)} is replace, and auto might do without both copies" if fixed else ""
