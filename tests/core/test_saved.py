"""Plans in files: the same again, stale when anything that they are about has moved, and no use a second time."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.core.errors import Reason, UsageError
from reconciler.core.locked import LockedSource
from reconciler.core.plan import Fetch, Plan, Refusal, Step
from reconciler.core.planning.saved import Saved, differences, from_text, overtaken, to_text
from reconciler.core.planning.saved_state import state_of
from reconciler.core.planning.step_digests import steps_of
from reconciler.core.spec import Source
from tests.core.planner_cases import read

BEFORE = """
desired: {alpha: v2, "chain": "v1 of alpha, beta", beta: v1, gamma: v1}
observed:
  volume: {alpha: v1, beta: v1}
  servers: {t0: {alpha: v1, beta: v1}}
"""


def planned(folder: Path, text: str) -> tuple[Plan, Saved]:
    path = folder / "case.yaml"
    path.write_text(text)
    case = read(path)
    plan = case.plan()
    made = Saved(
        id="abc",
        target="prod",
        revision=plan.revision,
        ref="main",
        volume="/models",
        models=("alpha",),
        adopt=("beta",),
        verify=True,
        steps=steps_of(plan),
        servers={"t0": "2.51"},
        state=state_of(plan, case.observed),
        shown=(("title", "Target prod"), ("plain", "ümläut")),
    )
    assert from_text("p.plan", to_text(made).encode()) == made
    return plan, made


def saved(folder: Path, text: str) -> Saved:
    return planned(folder, text)[1]


def test_a_plan_that_is_made_again_of_the_same_state_is_the_same(tmp_path: Path) -> None:
    made = saved(tmp_path, BEFORE)
    assert list(differences(made, replace(saved(tmp_path, BEFORE), id="def", shown=()))) == []


def test_what_there_is_of_the_models_that_it_touches_is_named(tmp_path: Path) -> None:
    text = """
desired: {new: v1, broken: v1, moved: v2, taken: v1, theirs: v1}
observed:
  volume: {broken: "v1, damaged", moved: v1, taken: a directory}
  servers: {t0: {broken: v1, moved: stranger}, t1: unreachable}
asked: {adopt: [taken], models: [new, broken, moved, taken]}
"""
    state = saved(tmp_path, text).state
    assert state["new"] == "the volume has none"
    assert re.fullmatch("the volume has [0-9a-f]{12}, damaged; t0 serves [0-9a-f]{12} in version 1", state["broken"])
    assert re.fullmatch("the volume has [0-9a-f]{12}; t0 serves what is not ours in version 1", state["moved"])
    assert state["taken"] == "the volume has a directory"
    assert "theirs" not in state


def test_what_is_shown_cannot_move_the_cursor_of_who_reads_it(tmp_path: Path) -> None:
    made = replace(saved(tmp_path, BEFORE), shown=(("plain", "\x1b[2Jgone"),))
    assert from_text("p.plan", to_text(made).encode()).shown == (("plain", "\\x1b[2Jgone"),)


@pytest.mark.parametrize(
    ("after", "told"),
    [
        (BEFORE.replace("alpha: v2", "alpha: v3"), "activate:alpha is to be done in another way"),
        (BEFORE.replace("volume: {alpha: v1", "volume: {alpha: v0"), "activate:alpha is to be done in another way"),
        (BEFORE.replace("{alpha: v1, beta: v1}}", "{alpha: v2, beta: v1}}"), "load:alpha@t0 is no longer to be done"),
        (BEFORE.replace("{alpha: v1, beta: v1}}", "{alpha: v1}}"), "load:beta@t0 has to be done as well"),
        (BEFORE.replace(", gamma: v1", ""), "load:gamma@t0 is no longer to be done"),
        (BEFORE.replace("volume: {alpha: v1", "volume: {alpha: v0"), "of alpha there was: the volume has "),
    ],
)
def test_what_moved_is_told(tmp_path: Path, after: str, told: str) -> None:
    found = list(differences(saved(tmp_path, BEFORE), saved(tmp_path, after)))
    assert any(told in each for each in found), found


def test_what_does_not_touch_the_plan_does_not_matter(tmp_path: Path) -> None:
    after = BEFORE.replace("beta: v1}}", "beta: v1, stranger: stranger}}")
    assert list(differences(saved(tmp_path, BEFORE), saved(tmp_path, after))) == []


def test_another_place_another_revision_and_another_order_are_told(tmp_path: Path) -> None:
    made = saved(tmp_path, BEFORE)
    elsewhere = replace(made, target="test", volume="/other", revision="a" * 40, servers={})
    assert list(differences(made, elsewhere)) == [
        "it is for the target prod, not for test",
        "it is for the volume /models, not for /other",
        "it is for revision ffffffffffff, and the repository is at aaaaaaaaaaaa",
        "it is for Triton 2.51 at t0, and there is no server",
    ]
    turned = replace(made, steps=dict([*made.steps.items()][::-1]))
    assert list(differences(made, turned)) == ["the order of the steps is another"]


def test_a_newer_revision_overtakes_the_plan_only_where_it_touches_it(tmp_path: Path) -> None:
    made = saved(tmp_path, BEFORE)
    more, _ = planned(tmp_path, BEFORE.replace("gamma: v1", "gamma: v1, delta: v1"))
    assert list(overtaken(made, more)) == []
    less, _ = planned(tmp_path, BEFORE.replace(", gamma: v1", ""))
    assert list(overtaken(made, less)) == [
        "activate:gamma is no longer to be done",
        "load:gamma@t0 is no longer to be done",
    ]
    frozen, _ = planned(tmp_path, BEFORE + "asked: {frozen: until Monday}")
    assert "activate:alpha is no longer to be done" in list(overtaken(made, frozen))
    refused = replace(more, refusal=Refusal(reason=Reason.REMOVALS_EXCEEDED, message="too many"))
    assert list(overtaken(made, refused)) == ["too many"]


@pytest.mark.parametrize(
    "content",
    [b"", b"{}", b"[]", b"null", b"\xff", b'{"kind": "other", "format_version": "1.0"}', b'{"format_version": "x"}'],
)
def test_what_is_no_saved_plan_is_refused(content: bytes) -> None:
    with pytest.raises(UsageError, match=r"x\.plan is not a saved plan"):
        from_text("x.plan", content)


def test_a_plan_with_half_a_character_is_none_for_nothing_of_it_could_be_written_down(tmp_path: Path) -> None:
    text = to_text(saved(tmp_path, BEFORE))
    for name in ("abc", "prod", "main", "/models"):
        with pytest.raises(UsageError, match=r"x\.plan is not a saved plan"):
            from_text("x.plan", text.replace(f'"{name}"', r'"\ud800"').encode())


def test_a_newer_major_version_is_refused_and_a_newer_minor_is_not(tmp_path: Path) -> None:
    document = json.loads(to_text(saved(tmp_path, BEFORE)))
    newer = json.dumps(document | {"format_version": "1.7", "more": 1}).encode()
    assert from_text("p", newer).target == "prod"
    for version in ("2.0", "17.1"):
        with pytest.raises(UsageError, match="this version knows 1"):
            from_text("p", json.dumps({"kind": "reconcile-plan", "format_version": version}).encode())


def test_the_bytes_of_a_lock_are_in_the_digest_of_its_step() -> None:
    def digest(config: bytes) -> str:
        locked = LockedSource(files=(), configs={"config.pbtxt": config})
        fetch = Fetch(model="m", sources={None: Source(uri="s3://b/m/", locked=locked)}, size=1)
        step = Step(id="fetch:m", action=fetch, reason=Reason.CONTENT_UNKNOWN)
        return steps_of(Plan(target="t", revision="r", steps=(step,)))["fetch:m"]

    assert digest(b"a") == digest(b"a") != digest(b"b")
