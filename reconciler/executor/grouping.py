"""Loads that are carried out together: which steps wait for company, which go along, and who had to come back.

A group is no step and no action: it is how several Load steps of one server that are ready at once are carried out.
Each keeps its own outcome. What a group did not bring up is loaded by itself, with retries and the way back, and so is
everything where there is no crowd: a group pays only where each load pays for many models. A server gets one group at a
time.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from reconciler.core.plan import Load, Step

LEAST, MOST = 10, 100
"""How many loads go together, measured (docs/adr/0013)."""


@dataclass(slots=True, kw_only=True)
class Crowd:
    """The loads of one execution that may go together; touched by the scheduling thread only.

    `servers`: where there are many of them. `alone`: steps that go by themselves after all. `up`: steps whose model a
    group has brought up, and that have golden requests still. `begun`: those of both that were in a group.
    `under_way`: servers that are loading a group.
    """

    servers: set[str]
    alone: set[str] = field(default_factory=set)
    up: set[str] = field(default_factory=set)
    begun: set[str] = field(default_factory=set)
    under_way: set[str] = field(default_factory=set)
    _gathered: dict[str, list[Step]] = field(default_factory=dict)

    def gather(self, step: Step, free: Callable[[Step], bool]) -> Sequence[Step]:
        """Who goes now that this step is ready: it, or the group that it completes, or nobody yet."""
        action = step.action
        if not isinstance(action, Load) or not self._waits(step, action):
            return (step,)
        if action.server in self.under_way:
            return ()
        # What was free when it was gathered may not be any more: a step of its lane has begun since.
        gathered = [*filter(free, self._gathered.get(action.server, ())), step]
        self._gathered[action.server] = gathered
        return self._begun(action.server) if len(gathered) == MOST else ()

    def last_call(self, *, more_may_come: bool) -> Iterator[Sequence[Step]]:
        """The groups that go when nothing else can begin; who has too little company goes alone next time."""
        for server, steps in [*self._gathered.items()]:
            if len(steps) >= LEAST:
                yield self._begun(server)
            elif not more_may_come:
                self.alone.update(step.id for step in steps)
                yield ()

    def _begun(self, server: str) -> Sequence[Step]:
        self.under_way.add(server)
        return self._gathered.pop(server)

    def scatter(self) -> None:
        """Forgets who is gathered, for another look at all that are ready."""
        self._gathered.clear()

    def part(self, steps: Sequence[Step], came: frozenset[str]) -> Iterator[Step]:
        """Those of a group that are done: up, and nobody asks anything of them. The others are noted."""
        server = server_of(steps)
        self.under_way.discard(server)
        if not came:  # such a server is not asked again
            self.servers.discard(server)
        for step, load in loads(steps):
            if load.model in came and not load.probes:
                yield step
            else:
                self.begun.add(step.id)
                (self.up if load.model in came else self.alone).add(step.id)

    def _waits(self, step: Step, action: Load) -> bool:
        known = step.id in self.alone or step.id in self.up
        return action.together and action.server in self.servers and not known


def crowd(steps: Iterable[Step]) -> Crowd:
    """The crowd of a plan."""
    counts = Counter(load.server for _, load in loads(steps) if load.together)
    return Crowd(servers={server for server, count in counts.items() if count >= LEAST})


def loads(steps: Iterable[Step]) -> Iterator[tuple[Step, Load]]:
    """Those of them that load something."""
    for step in steps:
        if isinstance(step.action, Load):
            yield step, step.action


def server_of(group: Iterable[Step]) -> str:
    """Where a group is loaded."""
    return next(load.server for _, load in loads(group))
