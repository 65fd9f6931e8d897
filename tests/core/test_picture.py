"""How each model is coloured."""

from pathlib import Path

from reconciler.core.views.picture import State, drawn
from tests.core.planner_cases import read


def test_each_model_has_the_state_that_the_plan_gives_it(tmp_path: Path) -> None:
    path = tmp_path / "case.yaml"
    path.write_text(
        """
        desired:
          same: v1
          new: {content: v1, dependsOn: [nowhere]}
          asleep: {content: v2, suspend: {}}
          broken: not found
          theirs: v1
        observed:
          volume: {same: v1, theirs: a directory, old: v1}
          servers: {t0: {same: v1, old: v1, stranger: stranger over same}}
        """
    )
    case = read(path)
    found = drawn(case.desired, case.observed, case.plan())
    assert found.states["same"] is State.SETTLED
    assert found.states["asleep"] is State.HELD
    assert found.states["broken"] is State.STALLED
    assert found.states["old"] is State.REMOVED
    assert found.states["stranger"] is State.FOREIGN
    assert found.states["nowhere"] is State.MISSING
    assert ("stranger", "same") in found.edges
    assert ("new", "nowhere") in found.edges
    path.write_text("desired: {new: v1}\nobserved: {servers: {t0: {}}}")
    case = read(path)
    assert drawn(case.desired, case.observed, case.plan()).states == {"new": State.CHANGING}


def test_what_is_needed_and_not_ours_is_not_missing(tmp_path: Path) -> None:
    path = tmp_path / "case.yaml"
    path.write_text("desired: {new: {content: v1, dependsOn: [theirs]}}\nasked: {server: none}")
    case = read(path)
    found = drawn(case.desired, case.observed, case.plan())
    assert found.states == {"new": State.CHANGING, "theirs": State.FOREIGN}
