"""What a run refuses as a whole."""

import pytest

from reconciler.core.errors import Reason
from reconciler.core.planning.guards import refusal
from reconciler.core.spec import Desired, MaxRemovals, Policy, Repository


def desired(limit: MaxRemovals | None = None, *, allow_empty: bool = False, allowed: int | None = None) -> Desired:
    policy = Policy(max_removals=limit, allow_empty=allow_empty)
    return Desired(revision="r", repository=Repository(policy=policy), allowed_removals=allowed)


PERCENT = MaxRemovals(percent=30.0)
COUNT = MaxRemovals(count=2)


@pytest.mark.parametrize(
    ("limit", "removed", "ours", "refused"),
    [
        (None, 9, 10, False),
        (COUNT, 2, 10, False),
        (COUNT, 3, 10, True),
        (MaxRemovals(count=0), 1, 10, True),
        (PERCENT, 3, 10, False),
        (PERCENT, 4, 10, True),
        (PERCENT, 1, 3, True),
        (MaxRemovals(percent=0.0), 1, 10, True),
        (MaxRemovals(percent=100.0), 10, 10, False),
        (MaxRemovals(), 1, 10, True),
        (COUNT, 0, 0, False),
    ],
)
def test_more_removals_than_the_policy_allows_are_refused(
    limit: MaxRemovals | None, removed: int, ours: int, *, refused: bool
) -> None:
    found = refusal(desired(limit), removed=removed, ours=ours, remaining=1, allowed=None)
    assert (found is not None) is refused
    assert found is None or found.reason is Reason.REMOVALS_EXCEEDED


def test_everything_is_only_removed_where_the_policy_allows_an_empty_state() -> None:
    found = refusal(desired(), removed=1, ours=1, remaining=0, allowed=None)
    assert found is not None
    assert found.reason is Reason.EMPTY_REFUSED
    assert refusal(desired(allow_empty=True), removed=1, ours=1, remaining=0, allowed=None) is None
    assert refusal(desired(), removed=0, ours=0, remaining=0, allowed=None) is None


def test_an_allowed_empty_state_is_still_bound_by_the_number() -> None:
    found = refusal(desired(COUNT, allow_empty=True), removed=3, ours=3, remaining=0, allowed=None)
    assert found is not None
    assert found.reason is Reason.REMOVALS_EXCEEDED


@pytest.mark.parametrize(("flag", "trailer"), [(3, None), (None, 3), (5, 1), (0, 3)])
def test_the_larger_word_of_flag_and_commit_counts(flag: int | None, trailer: int | None) -> None:
    assert refusal(desired(COUNT, allowed=trailer), removed=3, ours=3, remaining=0, allowed=flag) is None
    found = refusal(desired(COUNT, allowed=trailer), removed=6, ours=6, remaining=0, allowed=flag)
    assert found is not None
    assert found.reason is Reason.EMPTY_REFUSED


def test_a_refusal_says_how_to_allow_it() -> None:
    found = refusal(desired(PERCENT), removed=4, ours=10, remaining=6, allowed=None)
    assert found is not None
    assert found.message == "4 of 10 models would be removed, but policy.maxRemovals is 30%"
    assert "Reconcile-Allow-Removals: 4" in found.hint
    assert "--allow-removals 4" in found.hint
