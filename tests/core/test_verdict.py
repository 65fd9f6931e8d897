"""How a target stands at a commit."""

import pytest

from reconciler.core.errors import Reason
from reconciler.core.statuses.conditions import Condition, Kind, ModelStatus, Truth
from reconciler.core.statuses.verdict import LONGEST, State, verdict
from tests.core.status_worlds import NOW


def condition(kind: Kind, truth: Truth, reason: Reason, message: str = "") -> Condition:
    return Condition(kind=kind, status=truth, reason=reason, message=message, last_transition_time=NOW)


def model(name: str, truth: Truth, reason: Reason = Reason.SUCCEEDED, *, stalled: bool = False) -> ModelStatus:
    told = condition(Kind.READY, truth, reason, "why *not*")
    stuck = condition(Kind.STALLED, Truth.TRUE if stalled else Truth.FALSE, reason)
    conditions = {Kind.READY: told, Kind.STALLED: stuck}
    return ModelStatus(name=name, target="prod", revision="c1", conditions=conditions)


@pytest.mark.parametrize(
    ("status", "state"),
    [
        (model("m", Truth.TRUE), State.SUCCESS),
        (model("m", Truth.FALSE, Reason.LOAD_FAILED), State.FAILURE),
        (model("m", Truth.FALSE, Reason.SUSPENDED), State.SUCCESS),
        (model("m", Truth.FALSE, Reason.LOAD_DISABLED), State.SUCCESS),
        (model("m", Truth.FALSE, Reason.FROZEN), State.PENDING),
        (model("m", Truth.FALSE, Reason.FROZEN, stalled=True), State.FAILURE),
        (model("m", Truth.UNKNOWN, Reason.SERVER_UNREACHABLE), State.ERROR),
        (ModelStatus(name="m", target="prod", revision="c1"), State.ERROR),
    ],
)
def test_each_model_is_as_wanted_waiting_failed_or_unknown(status: ModelStatus, state: State) -> None:
    assert verdict({"m": status}).state is state


def test_the_worst_of_all_models_counts_and_is_named() -> None:
    found = verdict(
        {
            "a": model("a", Truth.TRUE),
            "b": model("b", Truth.UNKNOWN, Reason.SERVER_UNREACHABLE),
            "c": model("c", Truth.FALSE, Reason.LOAD_FAILED),
        }
    )
    assert (found.state, found.description) == (State.FAILURE, "1 of 3 models are ready; not ready: c")
    assert found.details == "- **b**: ServerUnreachable: why \\*not\\*\n- **c**: LoadFailed: why \\*not\\*"


def test_all_ready_is_a_success() -> None:
    found = verdict({"a": model("a", Truth.TRUE)})
    assert (found.state, found.description, found.details) == (
        State.SUCCESS,
        "1 of 1 models are ready",
        "All models are ready.",
    )


def test_faults_in_files_are_a_failure_although_all_models_are_ready() -> None:
    found = verdict({"a": model("a", Truth.TRUE)}, rejected=2)
    assert (found.state, found.description) == (
        State.FAILURE,
        "1 of 1 models are ready; 2 with faults in their files",
    )


def test_a_refusal_is_a_failure_that_says_why() -> None:
    found = verdict({}, refusal="9 of 10 models\nwould be removed")
    assert (found.state, found.description) == (State.FAILURE, "refused: 9 of 10 models would be removed")


def test_however_many_models_fail_it_fits_in_what_forges_take() -> None:
    found = verdict(
        {f"model-{place}": model(f"model-{place}", Truth.FALSE, Reason.LOAD_FAILED) for place in range(150)}
    )
    assert len(found.description) == LONGEST
    assert found.description.endswith("…")
    assert found.details.endswith("\n- … and 50 more")


def test_a_model_without_a_condition_is_told_as_unknown() -> None:
    assert verdict({"m": ModelStatus(name="m", target="prod", revision="c1")}).details == "- **m**: nobody knows"
