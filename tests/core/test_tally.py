"""What was done, counted."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.errors import Reason
from reconciler.core.plan import Change, ModelPlan, Outcome, Plan, Result
from reconciler.core.views.tally import BOUNDS, KINDS, Ending, Spread, Tally
from tests.boards import NOW
from tests.plan_samples import OUTCOMES, fetch, generation, prune

SECONDS = st.floats(0, 1e5)


def counted(*outcomes: Outcome) -> Tally:
    made = Tally()
    for outcome in outcomes:
        made = made.with_outcome(outcome)
    return made


@given(st.lists(SECONDS))
def test_every_duration_is_in_one_bucket_whose_bound_it_is_not_above(found: list[float]) -> None:
    spread = Spread()
    for seconds in found:
        spread = spread.with_one(seconds)
    below = [sum(seconds <= bound for seconds in found) for bound in BOUNDS]
    assert [sum(spread.counts[: index + 1]) for index in range(len(BOUNDS))] == below
    assert sum(spread.counts) == len(found)


def test_actions_are_counted_by_kind_and_result_and_timed_if_they_were_begun() -> None:
    tally = counted(*OUTCOMES)
    assert tally.actions == {
        ("fetch", Result.DONE): 1,
        ("load", Result.FAILED): 1,
        ("load", Result.BLOCKED): 1,
        ("prune", Result.CANCELLED): 1,
    }
    assert {key: spread.total for key, spread in tally.action_seconds.items()} == {
        ("fetch", Result.DONE): 4.21,
        ("load", Result.FAILED): 1.0,
    }
    assert {kind for kind, _ in tally.actions} <= set(KINDS)


def test_only_loads_that_failed_are_load_failures_until_their_model_is_gone() -> None:
    failed = Outcome(step=fetch("a"), result=Result.FAILED, reason=Reason.SOURCE_NOT_FOUND)
    tally = counted(*OUTCOMES, *OUTCOMES, failed, Outcome(step=prune(), result=Result.FAILED))
    assert tally.load_failures == {("densenet", Reason.LOAD_FAILED): 2}
    assert tally.about({"densenet"}) is tally
    assert tally.about({"other"}).load_failures == {}
    assert tally.about({"other"}).actions == tally.actions


def drifted(reason: Reason, *steps: str, wanted: str = "a") -> ModelPlan:
    return ModelPlan(
        model="m",
        change=Change.MEND,
        reason=reason,
        active=generation("a"),
        wanted=generation(wanted),
        steps=steps,
    )


def test_drift_is_what_others_changed_and_not_what_git_wants_or_nobody_mends() -> None:
    lines = (
        drifted(Reason.NOT_LOADED, "load"),
        drifted(Reason.NOT_LOADED, "load"),
        drifted(Reason.TREE_DAMAGED, "activate"),
        drifted(Reason.NOT_LOADED, "load", wanted="b"),
        drifted(Reason.DEPENDENCY_RELOADED, "load"),
        drifted(Reason.NOT_READY),
    )
    tally = Tally().with_drift(Plan(target="prod", revision="c", models=lines))
    assert tally.drift == {Reason.NOT_LOADED: 2, Reason.TREE_DAMAGED: 1}


def test_the_last_success_outlives_later_failures() -> None:
    later = NOW + timedelta(minutes=1)
    tally = Tally().with_run(Ending.SUCCESS, 1, NOW).with_run(Ending.ERROR, 2, later)
    assert (tally.last, tally.last_run, tally.last_success) == (Ending.ERROR, later, NOW)
    assert tally.runs == {Ending.SUCCESS: 1, Ending.ERROR: 1}
    assert tally.run_seconds.total == 3
