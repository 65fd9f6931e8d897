"""Which servers get which model, where not all get all: rendezvous (highest random weight) hashing (docs/servers.md).

Each pair of a model and a server has a weight that depends on their two names and nothing else; a model with
`replicas: k` goes to the k servers that weigh most for it and have room for it and all that it needs there. Whoever
knows git and the names of the servers comes to the same answer, and a server that comes or goes changes the order of
no others.

What needs others is placed first, with all that it needs; a model that is needed is then on as many servers as that
already, and gets more only where its own replicas ask for more.
"""

import hashlib
from collections.abc import Collection, Mapping
from itertools import islice

from reconciler.core import graph
from reconciler.core.amounts import NOTHING, Amount, amount_of, excesses, total
from reconciler.core.judging.places import EVERYWHERE, Placement
from reconciler.core.parsing.priority import priority
from reconciler.core.servers import is_name
from reconciler.core.spec import ModelSpec, Resources


def placed(
    specs: Mapping[str, ModelSpec], needs: graph.Needs, servers: Collection[str], capacity: Resources
) -> Placement:
    """The servers of these models, which are all that there is room for; `capacity` is that of each server."""
    if not servers or all(spec.replicas is None for spec in specs.values()):
        return EVERYWHERE
    if unknown := frozenset(filter(is_name, servers)):
        return _nowhere(specs, needs, unknown)
    floor = _Floor(specs, needs, tuple(sorted(servers)), capacity)
    for name in graph.from_above(needs, floor.ranks()):
        floor.place(name)
    return floor.placement()


def _nowhere(specs: Mapping[str, ModelSpec], needs: graph.Needs, unknown: frozenset[str]) -> Placement:
    """While nobody knows all of the servers, what does not belong on each of them waits for those that are unknown."""
    everywhere = {name for name, spec in specs.items() if spec.replicas is None}
    everywhere |= {other for name in everywhere for other in graph.reachable(needs, name)}
    return Placement(servers=dict.fromkeys(sorted(specs.keys() - everywhere), unknown))


def ranking(model: str, servers: Collection[str]) -> list[str]:
    """The servers by their weight for the model, the heaviest first."""
    return sorted(servers, key=lambda server: (_weight(model, server), server), reverse=True)


def _weight(model: str, server: str) -> bytes:
    return hashlib.sha256(f"{model}\n{server}".encode()).digest()


class _Floor:
    """The servers while one model after the other is put on them, with all that it needs."""

    def __init__(
        self, specs: Mapping[str, ModelSpec], needs: graph.Needs, servers: tuple[str, ...], capacity: Resources
    ) -> None:
        self._specs, self._servers, self._capacity = specs, servers, capacity
        self._closures = {name: (graph.reachable(needs, name) | {name}) & specs.keys() for name in specs}
        self._sizes = {name: amount_of(one.resources) if one.load.enabled else NOTHING for name, one in specs.items()}
        self._on: dict[str, set[str]] = {name: set() for name in specs}
        self._taken = dict.fromkeys(servers, NOTHING)
        self._notes: dict[str, str] = {}

    def ranks(self) -> dict[str, tuple[int, bool, str]]:
        """Who chooses first: the highest priority of a model and all that it needs, and who has no choice."""
        return {
            name: (
                -max(priority(self._specs[other]) for other in self._closures[name]),
                spec.replicas is not None,
                name,
            )
            for name, spec in self._specs.items()
        }

    def place(self, name: str) -> None:
        """Where it has to be, and on as many more as it asks for."""
        replicas, here = self._specs[name].replicas, self._on[name]
        if replicas is None:
            self._put(name, self._servers)
            return
        asked = min(replicas, len(self._servers))
        order = [server for server in ranking(name, self._servers) if server not in here]
        roomy = list(islice((server for server in order if self._fits(name, server)), max(0, asked - len(here))))
        if replicas > len(self._servers):
            self._notes[name] = f"replicas is {replicas}, but there {_are(len(self._servers))}: it belongs on all"
        elif len(here) + len(roomy) < asked and (here or roomy):
            few = f"only {len(here) + len(roomy)} of {len(self._servers)} servers have room for it"
            self._notes[name] = f"replicas is {replicas}, but {few}"
        # Where no server has room it is put where it would be, so that the plan says what is short there.
        self._put(name, roomy if here or roomy else order[:asked])

    def _more(self, name: str, server: str) -> Amount:
        return total(self._sizes[other] for other in self._closures[name] if server not in self._on[other])

    def _fits(self, name: str, server: str) -> bool:
        return not any(excesses(self._taken[server], self._more(name, server), self._capacity))

    def _put(self, name: str, servers: Collection[str]) -> None:
        for server in servers:
            self._taken[server] += self._more(name, server)
            for other in self._closures[name]:
                self._on[other].add(server)

    def placement(self) -> Placement:
        """Those that are not everywhere, and what is to be said."""
        found = {name: frozenset(on) for name, on in sorted(self._on.items()) if len(on) < len(self._servers)}
        return Placement(servers=found, notes=self._notes)


def _are(count: int) -> str:
    return "is one server" if count == 1 else f"are {count} servers"
