"""What the second round of a pass is told of the first."""

from reconciler.core.content import Unavailable
from reconciler.core.errors import Reason
from reconciler.core.failures import failures
from reconciler.core.plan import Fetch, Outcome, Prune, Result, Step


def ended(name: str, result: Result, reason: Reason, message: str, *, terminal: bool = False) -> Outcome:
    step = Step(id=f"fetch:{name}", action=Fetch(model=name, sources={}, size=None), reason=Reason.NOT_ON_VOLUME)
    return Outcome(step=step, result=result, reason=reason, message=message, terminal=terminal)


def test_models_that_failed_are_told_with_their_first_failure_and_prunes_are_nobody_s() -> None:
    prune = Step(id="prune", action=Prune(trees=(), blobs=(), partials=(), size=0), reason=Reason.UNREFERENCED)
    found = failures(
        [
            Outcome(step=prune, result=Result.FAILED, reason=Reason.NO_SPACE, message="full"),
            ended("well", Result.DONE, Reason.NOT_ON_VOLUME, ""),
            ended("gone", Result.FAILED, Reason.SOURCE_NOT_FOUND, "no such key", terminal=True),
            ended("gone", Result.BLOCKED, Reason.BLOCKED, "fetch:gone failed"),
            ended("late", Result.CANCELLED, Reason.CANCELLED, "stopped"),
        ]
    )
    assert found == {
        "gone": Unavailable(reason=Reason.SOURCE_NOT_FOUND, message="no such key", terminal=True),
        "late": Unavailable(reason=Reason.CANCELLED, message="stopped", terminal=False),
    }
