"""What was read and is not what its name says is mended first, and goes where it cannot be."""

from dataclasses import replace
from pathlib import Path

from reconciler.core.errors import Reason
from reconciler.core.observed import Unreachable
from reconciler.core.plan import Plan, Prune, Step
from reconciler.core.planning.garbage import garbage
from reconciler.core.planning.planner import plan
from tests.core.planner_cases import Case, read
from tests.property.strategies import Variant, tree_of

TREE = tree_of(Variant(name="alpha", number=2, data_type="TYPE_FP32"))
ROTTEN = frozenset({TREE.files[0].digest})


def world(folder: Path, more: str = "") -> Case:
    """One model that is served as git wants it, of which a stored copy is damaged."""
    path = folder / "case.yaml"
    path.write_text(
        f"""
        desired: {{alpha: v2}}
        observed: {{volume: {{alpha: "v2, damaged"}}, servers: {{t0: {{alpha: v2}}}}}}
        {more}
        """
    )
    found = read(path)
    volume = replace(found.observed.volume, damaged=ROTTEN)
    return replace(found, observed=replace(found.observed, volume=volume))


def planned(one: Case) -> Plan:
    return plan(one.desired, one.observed, one.target, one.request)


def discarding(steps: tuple[Step, ...]) -> list[frozenset[str]]:
    """What each step that takes damaged copies away waits for the end of."""
    found = [step for step in steps if isinstance(step.action, Prune) and step.action.damaged]
    assert all(step.reason is Reason.TREE_DAMAGED and not step.after for step in found)
    assert all(isinstance(step.action, Prune) and frozenset(step.action.damaged) == ROTTEN for step in found)
    return [step.behind for step in found]


def test_damaged_copies_are_taken_away_once_all_that_could_mend_them_has_ended(tmp_path: Path) -> None:
    found = planned(world(tmp_path))
    others = frozenset(step.id for step in found.steps[:-1])
    assert "activate:alpha" in others
    assert discarding(found.steps) == [others]


def test_a_pass_about_some_models_leaves_them_to_a_pass_about_all(tmp_path: Path) -> None:
    one = world(tmp_path)
    assert discarding(planned(replace(one, request=replace(one.request, models=frozenset({"alpha"})))).steps) == []


def test_gc_takes_them_away_although_they_are_in_use_and_without_a_word_from_the_server(tmp_path: Path) -> None:
    one = world(tmp_path)
    assert discarding(garbage(one.desired, one.observed, one.target, one.request).steps) == [frozenset()]
    away = replace(one.observed, servers={"t0": Unreachable(reason=Reason.SERVER_UNREACHABLE, message="away")})
    assert discarding(garbage(one.desired, away, one.target, one.request).steps) == [frozenset()]
