"""What one execution knows of its steps: who waits, who runs and where, and what came of them."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

from reconciler.core.plan import AT_ONCE, Activate, Adopt, Fetch, Load, Outcome, Step, Unload
from reconciler.executor.grouping import Crowd

OPERATIONS = AT_ONCE
"""Operations at once on each server, where a group is one, and as many on the volume."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """What came of a job: outcomes, or what a group has brought up since `began`."""

    outcomes: tuple[Outcome, ...] = ()
    came: frozenset[str] = frozenset()
    began: float = 0.0


@dataclass(slots=True, kw_only=True)
class State:
    """The state of one execution; touched by the scheduling thread only."""

    waiting: dict[str, Step]
    crowd: Crowd
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    running: dict[Future[Ended], Sequence[Step]] = field(default_factory=dict)
    _lanes: defaultdict[str, list[Step]] = field(default_factory=lambda: defaultdict(list))
    _jobs: Counter[str | None] = field(default_factory=Counter)

    def free(self, step: Step) -> bool:
        """Whether nothing of its lane runs that it must not overlap with, and there is room where it goes."""
        place = _place(step)
        roomy = place is None or self._jobs[place] < OPERATIONS
        return roomy and (step.lane is None or all(_apart(step, other) for other in self._lanes.get(step.lane, ())))

    def started(self, steps: Sequence[Step], future: Future[Ended]) -> None:
        """One job for these steps, which all go to the same place."""
        for step in steps:
            del self.waiting[step.id]
            if step.lane is not None:
                self._lanes[step.lane].append(step)
        self.running[future] = steps
        self._jobs[_place(steps[0])] += 1

    def ended(self, future: Future[Ended]) -> Sequence[Step]:
        """The steps of a job that is over."""
        steps = self.running.pop(future)
        for step in steps:
            if step.lane is not None:
                self._lanes[step.lane].remove(step)
        self._jobs[_place(steps[0])] -= 1
        return steps

    def activating(self) -> bool:
        """Whether a step is running that a load may follow at once."""
        return any(isinstance(steps[0].action, Activate) for steps in self.running.values())


def _place(step: Step) -> str | None:
    """The server that a step is for; empty for the volume, None for what has a pool of its own."""
    match step.action:
        case Load(server=server) | Unload(server=server):
            return server
        case Fetch() | Adopt():
            return None
        case _:
            return ""


def _apart(step: Step, other: Step) -> bool:
    return step.beside and other.beside and _place(step) != _place(other)
