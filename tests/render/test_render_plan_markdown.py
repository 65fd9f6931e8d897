"""A plan as Markdown for pull requests."""

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.errors import Problem, Reason
from reconciler.core.plan import Change, ModelPlan, Moves, Plan, Refusal, Versions
from reconciler.render import plan_markdown
from tests.plan_samples import EVERYTHING

EVIL = "a`b</details><script>x</script> [l](http://h) @team #12 \x1b[31m\n# head | cell http://u:secret@h/p?sig=s"


def sections(text: str) -> tuple[str, str]:
    """What stands open, and what is in folds."""
    opened, *folds = text.split("<details>")
    return opened, "".join(folds)


def test_what_a_reviewer_must_not_miss_stands_open_and_the_rest_in_folds() -> None:
    plan = replace(EVERYTHING, refusal=Refusal(reason=Reason.REMOVALS_EXCEEDED, message="3 of 4", hint="say so"))
    problem = Problem(file="models.d/a.yaml", line=3, column=1, path="spec", found="x", expected="y")
    opened, folds = sections(plan_markdown.document(plan, [problem]))
    for line in plan.models:
        where = opened if line.change is Change.REMOVE else folds
        assert f"`{line.model}`" in where, line
    assert "**Plan: " in opened
    assert "**Perhaps old, this is the last known revision:** " in opened
    assert "Refused, nothing of this will be done" in opened
    assert "models.d/a.yaml:3:1" in opened
    for gap in (line.gap for line in plan.models if line.gap):
        assert gap in opened


def test_versions_that_go_away_stand_open_and_those_that_only_come_in_a_fold() -> None:
    line = ModelPlan(model="power", change=Change.UPDATE, reason=Reason.GENERATION_CHANGED)
    goes, comes = (
        replace(line, versions=Versions(before=(2, 7), after=(7, 8))),
        replace(line, model="other", versions=Versions(before=(7,), after=(7, 8))),
    )
    opened, folds = sections(plan_markdown.document(replace(EVERYTHING, models=(goes, comes))))
    assert "**Versions that go away:**\n- `power` versions 2, 7 → 7, 8: 2 goes away" in opened
    assert "versions 7 → 7, 8" in folds
    assert "other" not in opened


def test_no_changes_are_a_sentence() -> None:
    unchanged = ModelPlan(model="m", change=Change.UNCHANGED, reason=Reason.SUCCEEDED)
    told = plan_markdown.document(Plan(target="prod", revision="f" * 40, models=(unchanged,)))
    assert "**No changes.**" in told
    assert told.count("<details>") == 1


def test_foreign_text_stays_text() -> None:
    line = ModelPlan(model=EVIL, change=Change.REMOVE, reason=Reason.REMOVED, message=EVIL, warnings=(EVIL,), gap=EVIL)
    changed = replace(line, change=Change.CREATE)
    plan = Plan(target=EVIL, revision=EVIL, models=(line, changed), unknown=(EVIL,))
    told = plan_markdown.document(plan)
    assert told.count("</details>") == told.count("<details>") == 1
    assert re.search(r"(?<!\\)<script", told) is None
    assert "\x1b" not in told
    assert "secret" not in told
    assert "sig=s" not in told
    assert "](http" not in told
    assert re.search(r"(?<!\\)@team", told) is None
    assert not any(row.startswith("# ") for row in told.splitlines())


@pytest.mark.parametrize("limit", [1500, 4000])
def test_a_plan_that_is_too_long_is_cut_and_says_so(limit: int) -> None:
    lines = [
        ModelPlan(model=f"m{number}", change=Change.CREATE, reason=Reason.NOT_ON_VOLUME, message="x" * 50)
        for number in range(200)
    ]
    told = plan_markdown.document(Plan(target="prod", revision="f" * 40, models=tuple(lines)), limit=limit)
    assert len(told) <= limit
    assert told.count("<details>") == told.count("</details>")
    assert "Cut here: " in told


@given(st.integers(1200, 70_000), st.integers(0, 300), st.sampled_from(Change))
def test_it_is_never_longer_than_asked_and_its_folds_are_closed(limit: int, count: int, change: Change) -> None:
    line = ModelPlan(model="m", change=change, reason=Reason.NOT_ON_VOLUME, message="why " * 30)
    told = plan_markdown.document(Plan(target="t", revision="f" * 40, models=(line,) * count), limit=limit)
    assert len(told) <= limit
    assert told.count("<details>") == told.count("</details>")


def test_a_move_stands_below_its_model() -> None:
    line = ModelPlan(
        model="m", change=Change.MOVE, reason=Reason.NOT_PLACED, moves=Moves(leaves=("t0",), comes_to=("t1",))
    )
    found = plan_markdown.document(Plan(target="prod", revision="c1", models=(line,)))
    assert "- `m` move: NotPlaced" in found
    assert "  - moves from t0 to t1, where it is loaded first" in found
