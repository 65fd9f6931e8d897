"""What happened, and the exit code of spec §5 that says so."""

import json
from dataclasses import replace
from pathlib import Path
from signal import Signals

import click
import pytest
from jsonschema import Draft202012Validator

from reconciler import cli
from reconciler.cli import exits
from reconciler.cli.exits import Exit
from reconciler.core.errors import (
    LockedError,
    Problem,
    Reason,
    ReconcileError,
    RefusedError,
    TerminalError,
    TransientError,
    UsageError,
)
from reconciler.core.plan import Change, ModelPlan, Outcome, Plan, Refusal, Result
from reconciler.core.schemas.schema_plan import plan_schema
from reconciler.core.statuses.conditions import Condition, Kind, ModelStatus, Truth
from tests.plan_samples import BLIND, SETTLED, load

PROBLEM = Problem(file="models.d/a.yaml", line=1, column=1, path="", found="nothing", expected="a model")
PERHAPS_OLD = replace(SETTLED, not_fresh="the remote cannot be reached")
REFUSED = replace(SETTLED, refusal=Refusal(reason=Reason.EMPTY_REFUSED, message="everything would go"))
STALLED = replace(
    SETTLED, models=(ModelPlan(model="m", change=Change.HELD, reason=Reason.STALLED, stalled=True), *SETTLED.models)
)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (TransientError(Reason.SERVER_UNREACHABLE, "x"), 1),
        (TerminalError(Reason.REF_NOT_FOUND, "x"), 1),
        (RefusedError(Reason.NOT_CONFIRMED, "x"), 4),
        (LockedError(Reason.LOCKED, "x"), 5),
        (UsageError(Reason.USAGE, "x"), 64),
        (ReconcileError(Reason.INVALID, "x"), 65),
        (TransientError(Reason.CANCELLED, "x"), 130),
    ],
)
def test_an_error_that_ends_the_run_has_its_code(error: ReconcileError, code: int) -> None:
    assert exits.of_error(error) == code


@pytest.mark.parametrize(
    ("plan", "problems", "code"),
    [
        (SETTLED, (), 0),
        (STALLED, (), 0),
        (REFUSED, (), 4),
        (BLIND, (), 1),
        (PERHAPS_OLD, (), 1),
        (SETTLED, (PROBLEM,), 65),
        (replace(BLIND, refusal=REFUSED.refusal), (PROBLEM,), 4),
        (BLIND, (PROBLEM,), 1),
    ],
)
def test_a_plan_has_its_code(plan: Plan, problems: tuple[Problem, ...], code: int) -> None:
    assert exits.first(exits.of_plan(plan, problems)) == code


@pytest.mark.parametrize("result", [Result.FAILED, Result.BLOCKED, Result.CANCELLED])
def test_a_step_that_did_not_succeed_makes_it_incomplete(result: Result) -> None:
    assert exits.of_outcomes([Outcome(step=load("m"), result=result)], published=True) == [Exit.INCOMPLETE]


@pytest.mark.parametrize(("published", "code"), [(True, 0), (False, 6)])
def test_a_status_that_was_not_pushed_makes_it_incomplete(*, published: bool, code: int) -> None:
    done = [Outcome(step=load("m"), result=Result.DONE)]
    assert exits.first(exits.of_outcomes(done, published=published)) == code


@pytest.mark.parametrize(
    ("model", "code"),
    [
        (ModelPlan(model="m", change=Change.HELD, reason=Reason.STALLED, stalled=True), 6),
        (ModelPlan(model="m", change=Change.HELD, reason=Reason.MISSING_DEPENDENCY), 6),
        (ModelPlan(model="m", change=Change.HELD, reason=Reason.STILL_NEEDED), 6),
        (ModelPlan(model="m", change=Change.HELD, reason=Reason.FOREIGN), 6),
        (ModelPlan(model="m", change=Change.HELD, reason=Reason.NO_CAPACITY), 6),
        (ModelPlan(model="m", change=Change.FOREIGN, reason=Reason.FOREIGN), 0),
        (ModelPlan(model="m", change=Change.HELD, reason=Reason.SUSPENDED), 0),
        (ModelPlan(model="m", change=Change.HELD, reason=Reason.NOT_SELECTED), 0),
        (ModelPlan(model="m", change=Change.UNCHANGED, reason=Reason.SUCCEEDED), 0),
    ],
)
def test_a_wanted_model_that_stays_behind_makes_an_apply_incomplete_unless_somebody_wished_so(
    model: ModelPlan, code: int
) -> None:
    assert exits.first(exits.of_what_is_left(replace(SETTLED, models=(model,)), ())) == code


@pytest.mark.parametrize(("truth", "code"), [(Truth.TRUE, 6), (Truth.FALSE, 0)])
def test_a_model_whose_status_says_stalled_makes_an_apply_incomplete(truth: Truth, code: int) -> None:
    condition = Condition(kind=Kind.STALLED, status=truth, reason=Reason.STALLED, last_transition_time="")
    status = ModelStatus(name="m", target="prod", revision="", conditions={Kind.STALLED: condition})
    assert exits.first(exits.of_what_is_left(SETTLED, [status])) == code


def test_an_apply_of_what_may_be_old_is_incomplete() -> None:
    assert exits.first(exits.of_what_is_left(PERHAPS_OLD, ())) == 6


@pytest.mark.parametrize(("signal", "code"), [(Signals.SIGINT, 130), (Signals.SIGTERM, 143), (None, 0)])
def test_an_interrupted_run_says_by_what(signal: Signals | None, code: int) -> None:
    assert exits.first(exits.of_signal(signal)) == code


@pytest.mark.parametrize(
    ("codes", "first"),
    [
        ([Exit.INVALID, Exit.CHANGES], Exit.INVALID),
        ([Exit.ERROR, Exit.INVALID], Exit.ERROR),
        ([Exit.INVALID, Exit.INCOMPLETE], Exit.INCOMPLETE),
        ([Exit.INCOMPLETE, Exit.REFUSED], Exit.REFUSED),
        ([Exit.REFUSED, Exit.INCOMPLETE, Exit.TERMINATED], Exit.TERMINATED),
        ([], Exit.OK),
    ],
)
def test_of_several_codes_the_most_urgent_one_is_given(codes: list[Exit], first: Exit) -> None:
    assert exits.first(codes) == first


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (click.UsageError("x"), 64),
        (click.BadParameter("x"), 64),
        (click.NoSuchOption("x"), 64),
        (click.FileError("x"), 64),
        (click.ClickException("x"), 1),
    ],
)
def test_usage_errors_do_not_exit_with_the_code_of_changes(error: click.ClickException, code: int) -> None:
    assert exits.of_click(error) == code


def test_the_codes_are_those_of_the_contract() -> None:
    assert sorted(Exit) == [0, 1, 2, 3, 4, 5, 6, 64, 65, 130, 143]


def test_an_error_in_place_of_a_plan_is_what_the_schema_of_plans_says(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.invoke(["plan", "-o", "json", "--repo", str(tmp_path / "none"), "--volume", str(tmp_path)]) == 1
    document = json.loads(capsys.readouterr().out)
    assert document["error"]["reason"] == "RepositoryUnreadable"
    checker = Draft202012Validator(plan_schema())
    assert list(checker.iter_errors(document)) == []
    for key in document:
        assert not checker.is_valid({name: value for name, value in document.items() if name != key})
    assert not checker.is_valid({"format_version": "1.0", "error": {"reason": "x"}})
