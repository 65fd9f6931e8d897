"""One execution of what a pass began: its steps are told of as they end, and a bug in one of them ends no loop."""

import logging
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace

from reconciler import executor
from reconciler.core.errors import Reason
from reconciler.core.plan import Fetch, Outcome, Result, Step
from reconciler.core.progress import Moved, Reporter
from reconciler.passes.hands import hands
from reconciler.passes.looking import Look
from reconciler.passes.world import World

_log = logging.getLogger(__name__)


@dataclass(slots=True, kw_only=True, eq=False)
class Flight:
    """What is carried out of a look's plan; `aboard` are the steps that have not ended, by id.

    `untold`: outcomes that nobody has asked for yet. `leases` are closed at the end. Who changes it holds the lock of
    all flights.
    """

    look: Look
    aboard: dict[str, Step]
    leases: ExitStack
    untold: list[Outcome] = field(default_factory=list)

    def tells_more(self, step: Step) -> bool:
        """Whether it is known only after this step what its model is."""
        fetches = isinstance(step.action, Fetch)
        return fetches and any(line.deferred for line in self.look.plan.models if step.id in line.steps)


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """How a flight goes: where, in which threads, and who is told; `wanted` and `stopped` may call it off."""

    world: World
    pools: executor.Pools
    reporter: Reporter
    ended: Callable[[Flight, Outcome], None]
    wanted: Callable[[Step], bool]
    stopped: Callable[[], bool]


def fly(flight: Flight, course: Course) -> None:
    """Carries it out to the end; raises nothing."""
    plan = replace(flight.look.plan, steps=tuple(flight.aboard.values()))
    try:
        with flight.leases:
            watched = _Watched(flight=flight, course=course)
            with_hands = replace(hands(course.world, watched, course.stopped), wanted=course.wanted)
            executor.execute(plan, with_hands, course.pools)
    except Exception as error:  # noqa: BLE001 - whatever it is, the other models must go on
        _crashed(flight, course, error)


def _crashed(flight: Flight, course: Course, error: Exception) -> None:
    """All that has not ended counts as failed, so that it is not tried again at once."""
    message = f"this is a bug: {type(error).__name__}: {error}"
    _log.error("%s; please report it", message, exc_info=error)
    for step in list(flight.aboard.values()):
        course.ended(flight, Outcome(step=step, result=Result.FAILED, reason=Reason.BUG, message=message))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Watched:
    """Tells the reporter of all that happens, and those who wait for it what has ended."""

    flight: Flight
    course: Course

    def expected(self, steps: Sequence[Step]) -> None:
        """Passes it on."""
        self.course.reporter.expected(steps)

    def started(self, step: Step) -> None:
        """Passes it on."""
        self.course.reporter.started(step)

    def advanced(self, step: Step, moved: Moved) -> None:
        """Passes it on."""
        self.course.reporter.advanced(step, moved)

    def ended(self, outcome: Outcome) -> None:
        """Passes it on, and tells."""
        self.course.reporter.ended(outcome)
        self.course.ended(self.flight, outcome)
