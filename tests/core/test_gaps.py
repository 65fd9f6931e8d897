"""Gaps in service after a run, by what its steps did and when."""

from collections.abc import Mapping

import pytest

from reconciler.core.errors import Reason
from reconciler.core.observed import Observed, Served, Serving, Unreachable, VersionState
from reconciler.core.plan import Activate, Change, GapKind, Load, ModelPlan, Outcome, Plan, Result, Step, Unload
from reconciler.core.views.gaps import Gap, gaps
from tests.plan_samples import tree

UP = Served(versions=(VersionState(version=1, state="READY"),))
GONE = Served(versions=(VersionState(version=1, state="UNAVAILABLE", reason="unloaded"),))


def world(**models: Served) -> Observed:
    return Observed(servers={"t0": Serving(models=models)})


def planned(**kinds: GapKind) -> Plan:
    lines = tuple(
        ModelPlan(model=name, change=Change.UPDATE, reason=Reason.GENERATION_CHANGED, gap_kind=kind)
        for name, kind in kinds.items()
    )
    return Plan(target="prod", revision="f" * 40, models=lines)


def outcome(
    action: Load | Unload | Activate,
    at: tuple[float, float],
    result: Result = Result.DONE,
    found_down: frozenset[tuple[str, str]] = frozenset(),
) -> Outcome:
    step = Step(id=f"{action}", action=action, reason=Reason.GENERATION_CHANGED)
    return Outcome(step=step, result=result, began=at[0], seconds=at[1] - at[0], found_down=found_down)


def load(name: str, *takes_down: str) -> Load:
    return Load(model=name, server="t0", tree=tree(name), timeout=1, retries=0, takes_down=takes_down)


def unload(name: str) -> Unload:
    return Unload(model=name, server="t0", timeout=1)


BOTH = world(a=UP, e=UP)


def test_a_recreated_model_and_what_is_above_it_are_away_from_their_unload_until_their_load() -> None:
    outcomes = [
        outcome(unload("e"), (1, 2)),
        outcome(unload("a"), (2, 3)),
        outcome(load("a"), (3, 5)),
        outcome(load("e"), (5, 6)),
    ]
    plan = planned(a=GapKind.RECREATED, e=GapKind.NEEDS_RECREATED)
    assert gaps([plan], outcomes, BOTH, BOTH) == (
        Gap(model="a", server="t0", seconds=3, expected=GapKind.RECREATED),
        Gap(model="e", server="t0", seconds=5, expected=GapKind.NEEDS_RECREATED),
    )


def test_an_ensemble_that_its_members_take_down_is_away_until_the_last_of_them_has_followed() -> None:
    outcomes = [outcome(load("a", "e"), (1, 2)), outcome(load("b", "e"), (2, 4)), outcome(load("c"), (4, 9))]
    (gap,) = gaps([planned(e=GapKind.NEEDS_CHANGED)], outcomes, BOTH, BOTH)
    assert gap == Gap(model="e", server="t0", seconds=3, expected=GapKind.NEEDS_CHANGED)


def test_a_replaced_model_and_a_first_load_have_no_gap() -> None:
    outcomes = [outcome(load("a"), (1, 2)), outcome(load("new"), (2, 3))]
    assert gaps([planned()], outcomes, BOTH, world(a=UP, e=UP, new=UP)) == ()


def test_what_was_found_down_and_was_put_back_is_a_gap_that_nobody_expected() -> None:
    failed = outcome(load("a"), (1, 4), Result.FAILED, frozenset({("e", "t0")}))
    assert gaps([planned()], [failed], BOTH, BOTH) == (Gap(model="e", server="t0", seconds=3),)


def test_a_recreation_that_failed_between_its_steps_lasts_until_all_was_put_back() -> None:
    activate = Activate(model="a", tree=tree("a"), previous=None)
    outcomes = [
        outcome(unload("a"), (1, 2)),
        outcome(activate, (2, 4), Result.FAILED, frozenset({("a", "t0")})),
        outcome(load("a", "e"), (4, 4), Result.BLOCKED),
    ]
    (gap,) = gaps([planned(a=GapKind.RECREATED)], outcomes, BOTH, BOTH)
    assert gap.seconds == 3


@pytest.mark.parametrize(
    ("kinds", "expected"), [({}, None), ({"a": GapKind.RECREATED}, GapKind.RECREATED)], ids=["not-expected", "expected"]
)
def test_what_was_up_and_is_not_any_more_is_a_gap_without_an_end(
    kinds: Mapping[str, GapKind], expected: GapKind | None
) -> None:
    found = gaps([planned(**kinds)], [outcome(unload("a"), (1, 2))], BOTH, world(a=GONE, e=UP))
    assert found == (Gap(model="a", server="t0", seconds=None, expected=expected),)


@pytest.mark.parametrize("kind", [GapKind.REMOVED, GapKind.UNLOADED])
def test_what_was_to_go_for_good_has_no_gap(kind: GapKind) -> None:
    assert gaps([planned(a=kind)], [outcome(unload("a"), (1, 2))], BOTH, world(a=GONE, e=UP)) == ()


def test_of_a_server_that_does_not_answer_any_more_nothing_is_said() -> None:
    gone = Observed(servers={"t0": Unreachable(reason=Reason.SERVER_UNREACHABLE, message="refused")})
    assert gaps([planned()], [], BOTH, gone) == ()
