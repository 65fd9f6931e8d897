"""Which models there is room for, where not all fit: in the servers' memories and on the volume (docs/capacity.md).

Promise: what is served, or our link names, keeps its place; a newcomer gets what is left, the highest priority first,
then what is there already and only changes, then by name, each with all that it needs. The order in which anything is
listed changes nothing.
"""

from collections.abc import Mapping

from reconciler.core import graph
from reconciler.core.amounts import NOTHING, Amount, Kind, Taken, excesses, shortage, total
from reconciler.core.errors import Reason
from reconciler.core.judging.capacity import Sizes
from reconciler.core.judging.gate import Gate, stepped_down
from reconciler.core.judging.places import departures
from reconciler.core.judging.served import is_up, serving, stamp_on
from reconciler.core.judging.verdicts import Deferred, Hold, Verdict, Wanted, needs_of
from reconciler.core.observed import Active, Observed, Serving
from reconciler.core.parsing.priority import priority
from reconciler.core.settling.room import Disk

Verdicts = Mapping[str, Verdict]


def refused(gate: Gate, verdicts: Verdicts, observed: Observed, going: frozenset[str]) -> dict[str, Verdict]:
    """Those that there is no room for, one step down: to what is active, or left alone."""
    ledger = _Ledger(gate, verdicts, observed, going)
    found = {name: hold for name in ledger.in_order() if (hold := ledger.consider(name))}
    return {name: stepped_down(ledger.coming[name], hold, observed) for name, hold in found.items()}


class _Ledger:
    """What is taken, server by server and model by model, while one after the other is considered."""

    def __init__(self, gate: Gate, verdicts: Verdicts, observed: Observed, going: frozenset[str]) -> None:
        self._capacity, self._observed = gate.target.capacity, observed
        self._placement = gate.places
        self._disk = Disk(observed, gate.target)
        self._views = {"": Serving()} if gate.no_server else serving(observed)
        self._let_in: set[str] = set()
        self.coming = {name: one for name, one in sorted(verdicts.items()) if isinstance(one, (Wanted, Deferred))}
        self._needs = {name: needs_of(verdict) for name, verdict in self.coming.items()}
        self._sizes = Sizes(gate.specs, verdicts, observed)
        idle = frozenset(name for name, verdict in self.coming.items() if not verdict.spec.load.enabled)
        self._wanted = {name: NOTHING if name in idle else self._sizes.wanted(name) for name in self.coming}
        leaving = departures(verdicts, observed, self._placement, going).values()
        gone = {url: going | idle | {one.model for one in leaving if one.server == url} for url in self._views}
        self._taken = {server: Taken(self._staying(view, gone[server])) for server, view in self._views.items()}

    def _staying(self, view: Serving, leaving: frozenset[str]) -> dict[str, Amount]:
        """What takes its room there, and goes on doing so."""
        stays = sorted(view.models.keys() - leaving)
        return {name: self._sizes.served(view, name) for name in stays if is_up(view, name)}

    def in_order(self) -> list[str]:
        """What stays as it is, what gives something back, then by priority, what is there already, and name."""
        for name in sorted(self.coming, key=lambda name: (-priority(self.coming[name].spec), name)):
            self._reserve(name)
        return sorted(self.coming, key=self._rank)

    def _rank(self, name: str) -> tuple[bool, int, bool, str]:
        return (self._grows(name), -priority(self.coming[name].spec), not self._is_there(name), name)

    def _grows(self, name: str) -> bool:
        """Whether it takes more than is booked for it."""
        more = self._more(name).values()
        return not self._is_there(name) or any(amount.memory > 0 or amount.gpu_memory > 0 for amount in more)

    def _reserve(self, name: str) -> None:
        """A place for what our link names, where it is to be loaded again."""
        if not self._is_there(name) or not self.coming[name].spec.load.enabled:
            return
        size = self._sizes.active(name)
        absent = [server for server in self._placement.of(name, self._taken) if name not in self._taken[server]]
        if not any([*excesses(self._taken[server].total, size, self._capacity)] for server in absent):
            self._book(name, dict.fromkeys(absent, size))

    def consider(self, name: str) -> Hold | None:
        """Lets it in with all that it needs, or says why there is no room for that."""
        needed = sorted((graph.reachable(self._needs, name) - {name}) & self.coming.keys())
        asking = [name, *(needed if self._grows(name) else ())]
        asking = [other for other in asking if other not in self._let_in]
        among = [self.coming[other] for other in asking]
        if message := self._disk.shortage(among):
            return Hold(reason=Reason.NO_SPACE, message=message)
        for server, taken in self._taken.items():
            more = total(self._more(other).get(server, NOTHING) for other in asking)
            for kind in excesses(taken.total, more, self._capacity):
                return Hold(reason=Reason.NO_CAPACITY, message=self._words(kind, server, asking))
        self._disk.take(among)
        for other in asking:
            self._book(other, self._more(other))
        self._let_in |= {*asking}
        return None

    def _more(self, name: str) -> dict[str, Amount]:
        """What it takes beyond what is booked for it."""
        places = self._placement.of(name, self._taken)
        return {server: self._wanted[name] - self._taken[server][name] for server in places}

    def _book(self, name: str, more: Mapping[str, Amount]) -> None:
        for server, amount in more.items():
            self._taken[server][name] += amount

    def _is_there(self, name: str) -> bool:
        ours = any(stamp_on(view, name) is not None for view in self._views.values())
        return ours or isinstance(self._observed.volume.entries.get(name), Active)

    def _words(self, kind: Kind, server: str, asking: list[str]) -> str:
        others = self._taken[server].by_others(kind, asking)
        needed = total(self._wanted[name] for name in asking).of(kind)
        where = f"on {server} it" if len(self._views) > 1 else "it"
        more = f" (with {', '.join(asking[1:])}, which it needs)" if len(asking) > 1 else ""
        return f"{where} {shortage(kind, needed, others, self._capacity)}{more}"
