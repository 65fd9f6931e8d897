"""What the second round of a pass is told of the first."""

from reconciler.core.content import Unavailable
from reconciler.core.errors import Reason
from reconciler.core.judging.failures import damaged, failures, with_later
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


def test_what_was_found_damaged_may_be_tried_again_with_what_it_blocked_and_nothing_else() -> None:
    outcomes = (
        ended("rotten", Result.FAILED, Reason.TREE_DAMAGED, "1/model.py was changed"),
        ended("above", Result.BLOCKED, Reason.BLOCKED, "load:rotten@t failed"),
        ended("gone", Result.FAILED, Reason.SOURCE_NOT_FOUND, "no such key", terminal=True),
    )
    assert damaged(outcomes)
    assert failures(outcomes).keys() == {"gone"}
    assert not damaged(outcomes[1:])
    assert failures(outcomes[1:]).keys() == {"above", "gone"}


def test_what_was_done_again_is_told_as_it_came_out_in_the_end() -> None:
    failed = ended("m", Result.FAILED, Reason.TREE_DAMAGED, "1/model.py was changed")
    done = ended("m", Result.DONE, Reason.SUCCEEDED, "")
    other = ended("n", Result.BLOCKED, Reason.BLOCKED, "fetch:m failed")
    assert with_later((failed, other), (done,)) == (other, done)
    assert with_later((done,), (done,)) == (done, done)
