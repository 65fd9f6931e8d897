"""Plans in files: the same again, stale when anything that they are about has moved, and no use a second time."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.core.errors import UsageError
from reconciler.core.plan import Plan
from reconciler.core.saved import Saved, differences, from_text, steps_of, to_text
from tests.core.planner_cases import read

BEFORE = """
desired: {alpha: v2, "chain": "v1 of alpha, beta", beta: v1, gamma: v1}
observed:
  volume: {alpha: v1, beta: v1}
  servers: {t0: {alpha: v1, beta: v1}}
"""


def planned(folder: Path, text: str) -> Plan:
    path = folder / "case.yaml"
    path.write_text(text)
    return read(path).plan()


def saved(plan: Plan) -> Saved:
    shown = (("title", "Target prod"), ("plain", "ümläut"))
    made = Saved(
        target="prod",
        revision=plan.revision,
        models=("alpha",),
        steps=steps_of(plan),
        servers={"t0": "2.51"},
        shown=shown,
    )
    return from_text("p.plan", to_text(made).encode())


def test_a_plan_that_is_made_again_of_the_same_state_is_the_same(tmp_path: Path) -> None:
    plan = planned(tmp_path, BEFORE)
    assert list(differences(saved(plan), "prod", planned(tmp_path, BEFORE))) == []
    assert saved(plan).shown[1] == ("plain", "ümläut")


@pytest.mark.parametrize(
    ("after", "told"),
    [
        (BEFORE.replace("alpha: v2", "alpha: v3"), "activate:alpha is to be done in another way"),
        (BEFORE.replace("volume: {alpha: v1", "volume: {alpha: v0"), "activate:alpha is to be done in another way"),
        (BEFORE.replace("{alpha: v1, beta: v1}}", "{alpha: v2, beta: v1}}"), "load:alpha@t0 is no longer to be done"),
        (BEFORE.replace("{alpha: v1, beta: v1}}", "{alpha: v1}}"), "load:beta@t0 has to be done as well"),
        (BEFORE.replace(", gamma: v1", ""), "load:gamma@t0 is no longer to be done"),
    ],
)
def test_what_moved_is_told(tmp_path: Path, after: str, told: str) -> None:
    found = list(differences(saved(planned(tmp_path, BEFORE)), "prod", planned(tmp_path, after)))
    assert any(told in each for each in found), found


def test_what_does_not_touch_the_plan_does_not_matter(tmp_path: Path) -> None:
    after = BEFORE.replace("beta: v1}}", "beta: v1, stranger: stranger}}")
    assert list(differences(saved(planned(tmp_path, BEFORE)), "prod", planned(tmp_path, after))) == []


def test_another_target_another_revision_and_another_order_are_told(tmp_path: Path) -> None:
    plan = planned(tmp_path, BEFORE)
    assert list(differences(saved(plan), "test", plan)) == ["it is for the target prod, not for test"]
    (moved,) = differences(saved(plan), "prod", replace(plan, revision="a" * 40))
    assert moved == "it is for revision ffffffffffff, and the repository is at aaaaaaaaaaaa"
    turned = replace(plan, steps=plan.steps[::-1])
    assert list(differences(saved(plan), "prod", turned)) == ["the order of the steps is another"]


@pytest.mark.parametrize(
    "content",
    [b"", b"{}", b"[]", b"null", b"\xff", b'{"kind": "other", "format_version": "1.0"}', b'{"format_version": "x"}'],
)
def test_what_is_no_saved_plan_is_refused(content: bytes) -> None:
    with pytest.raises(UsageError, match=r"x\.plan is not a saved plan"):
        from_text("x.plan", content)


def test_a_newer_major_version_is_refused_and_a_newer_minor_is_not(tmp_path: Path) -> None:
    document = json.loads(to_text(saved(planned(tmp_path, BEFORE))))
    newer = json.dumps(document | {"format_version": "1.7", "more": 1}).encode()
    assert from_text("p", newer).target == "prod"
    for version in ("2.0", "17.1"):
        with pytest.raises(UsageError, match="this version knows 1"):
            from_text("p", json.dumps({"kind": "reconcile-plan", "format_version": version}).encode())
