"""Every file of tests/cases/plan says in its name what the planner does, and holds an example of it."""

from pathlib import Path

import pytest

from reconciler.core.errors import Reason
from reconciler.core.plan import Change
from tests.core.planner_cases import read, taken, told

CASES = sorted((Path(__file__).parent.parent / "cases" / "plan").glob("*.yaml"))
PLANNED = (
    *(Reason.NOT_ON_VOLUME, Reason.GENERATION_CHANGED, Reason.TREE_DAMAGED, Reason.LINK_REPOINTED, Reason.NOT_LOADED),
    *(Reason.NOT_READY, Reason.SERVED_GENERATION_DIFFERS, Reason.DEPENDENCY_RELOADED, Reason.LOAD_DISABLED),
    *(Reason.REMOVED, Reason.UNREFERENCED, Reason.CONTENT_UNKNOWN, Reason.ADOPTED, Reason.NOT_PLACED),
)
HELD = (
    *(Reason.REJECTED, Reason.REMOVALS_PAUSED, Reason.SUSPENDED, Reason.FOREIGN, Reason.STALLED),
    *(Reason.PREFLIGHT_FAILED, Reason.BREAKS_DEPENDENT, Reason.MISSING_DEPENDENCY, Reason.DEPENDENCY_HELD),
    *(Reason.DEPENDENCY_CYCLE, Reason.STILL_NEEDED, Reason.NOT_SELECTED, Reason.BACKEND_UNAVAILABLE),
    *(Reason.SERVER_UNREACHABLE, Reason.SOURCE_UNREACHABLE, Reason.SOURCE_NOT_FOUND, Reason.NO_SERVER),
    *(Reason.NO_CAPACITY, Reason.NO_SPACE),
)


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_the_planner_does_what_the_case_says(path: Path) -> None:
    case = read(path)
    expected = {key: case.raw[key] for key in ("plan", "steps", "refused", "unknown") if key in case.raw}
    assert told(case.plan()) == expected
    assert taken(case.plan()) == case.raw.get("taken", taken(case.plan()))


def test_the_cases_show_every_change_and_every_reason_of_the_planner() -> None:
    plans = [read(path).plan() for path in CASES]
    lines = [line for found in plans for line in found.models]
    reasons = {line.reason for line in lines} | {step.reason for found in plans for step in found.steps}
    refusals = {found.refusal.reason for found in plans if found.refusal is not None}
    assert {line.change for line in lines} == set(Change) - {
        Change.UNKNOWN
    }  # that is a plan against the status (tests/cases/status)
    assert {*PLANNED, *HELD} <= reasons
    assert refusals == {Reason.REMOVALS_EXCEEDED, Reason.EMPTY_REFUSED}
    assert len(CASES) >= 60
