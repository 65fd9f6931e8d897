"""What a pull request would do to each target, as it is told on a forge."""

from dataclasses import dataclass

from reconciler.core.errors import Problem, ReconcileError
from reconciler.core.plan import Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A target's plan against its last committed status; `new` if no status of it was ever committed."""

    target: str
    plan: Plan
    new: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Unplanned:
    """A target that there is no plan of, or everything if the target is empty, and why."""

    target: str
    error: ReconcileError


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """`revision`: what was looked at, empty if it could not be read. `problems`: of all files; `models` have none.

    `broken`: reconciler.yaml itself is at fault, so nobody knows which targets there are. `signed`: commits must be
    signed by somebody trusted before they are applied.
    """

    revision: str = ""
    models: int = 0
    problems: tuple[Problem, ...] = ()
    results: tuple[Planned | Unplanned, ...] = ()
    broken: bool = False
    signed: bool = False
