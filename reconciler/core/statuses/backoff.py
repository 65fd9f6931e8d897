"""When a model that failed is tried again: later each time, and at once when what is wanted of it changes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from reconciler.core.content import Known, Unavailable
from reconciler.core.digest import FileDigest
from reconciler.core.errors import Reason
from reconciler.core.observed import Observed
from reconciler.core.plan import Action, Activate, Load, Outcome, Prune, Result, Step
from reconciler.core.spec import Desired, ModelSpec
from reconciler.core.statuses.standing import failure

FIRST, LONGEST = 10.0, 300.0
"""Seconds to wait after the first failure, doubling up to the longest; the actual wait is half of it to all of it."""

Files = Mapping[int | None, tuple[FileDigest, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Setback:
    """What failed of a model `count` times in a row, and not before `until` (seconds of the loop's clock) again.

    `actions` are those that failed, however often what they are about was mended since; `failure` is the last. `spec`
    and `files` are what was wanted then (None: not known): where they are others now, it is not held back.
    """

    actions: tuple[Action, ...]
    count: int
    until: float
    failure: Unavailable
    spec: ModelSpec | None
    files: Files | None


Setbacks = Mapping[str, Setback]
"""By model; that of pruning has no name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """When, in seconds of the loop's clock, and a number in [0, 1) that nobody knows before."""

    now: float
    chance: float


def noted(
    before: Setbacks, outcomes: Iterable[Outcome], desired: Desired, observed: Observed, moment: Moment
) -> Setbacks:
    """With what these outcomes add and mend; `desired` and `observed` are what they were planned for."""
    found = dict(before)
    for outcome in outcomes:
        model, last = subject(outcome.step), found.get(subject(outcome.step))
        if outcome.result is Result.FAILED:
            count = 1 if last is None else last.count + 1
            found[model] = Setback(
                actions=(*(() if last is None else last.actions), _unmended(outcome.step.action)),
                count=count,
                until=moment.now + _wait(outcome, count) * (0.5 + 0.5 * moment.chance),
                failure=Unavailable(reason=outcome.reason, message=failure(outcome), terminal=outcome.terminal),
                spec=desired.models.get(model),
                files=_files(model, observed),
            )
        elif outcome.result is Result.DONE and last is not None and _unmended(outcome.step.action) in last.actions:
            del found[model]
    return found


def current(setbacks: Setbacks, desired: Desired, observed: Observed) -> Setbacks:
    """Those of what is still wanted."""
    return {model: one for model, one in setbacks.items() if _current(model, one, desired, observed)}


def held_back(setbacks: Setbacks, now: float) -> Setbacks:
    """Those that are not over yet."""
    return {model: one for model, one in setbacks.items() if now < one.until}


def failed_again(step: Step, held: Setbacks) -> bool:
    """Whether a step would only repeat what is held back."""
    last = held.get(subject(step))
    return last is not None and (isinstance(step.action, Prune) or _unmended(step.action) in last.actions)


def due(setbacks: Setbacks, now: float) -> float | None:
    """Seconds until the next of them is over; None if none waits."""
    return min((one.until - now for one in setbacks.values() if now < one.until), default=None)


def subject(step: Step) -> str:
    """The model of a step, empty for pruning."""
    return "" if isinstance(step.action, Prune) else step.action.model


def _unmended(action: Action) -> Action:
    """The same action whatever was mended before it: each mending of a tree is counted in those that follow."""
    return replace(action, mends=0) if isinstance(action, Activate | Load) else action


def _wait(outcome: Outcome, count: int) -> float:
    """What was found damaged was taken away: another look has it fetched again, the first time at once."""
    if count == 1 and outcome.reason is Reason.TREE_DAMAGED:
        return 0.0
    return min(LONGEST, FIRST * 2.0 ** min(count - 1, 32))


def _current(model: str, one: Setback, desired: Desired, observed: Observed) -> bool:
    files = _files(model, observed)
    return one.spec == desired.models.get(model) and (None in (one.files, files) or one.files == files)


def _files(model: str, observed: Observed) -> Files | None:
    content = observed.contents.get(model)
    return content.files if isinstance(content, Known) else None
