"""What is shown of a target at one moment."""

from dataclasses import replace
from datetime import timedelta

import pytest

from reconciler.core.errors import Reason
from reconciler.core.plan import Refusal
from reconciler.core.statuses.conditions import ModelStatus, Truth
from reconciler.core.views.board import KEPT, Board, Light, Loop, light, readiness, settled, turns, with_pass
from reconciler.core.views.tally import Ending
from tests.boards import NOW, board, busy, everything, model, passed
from tests.plan_samples import SETTLED

LOOP = Loop(since=NOW - timedelta(hours=1), interval=60)


@pytest.mark.parametrize(
    ("status", "held", "shown"),
    [
        (model("m"), False, Light.READY),
        (model("m"), True, Light.READY),
        (model("m", Reason.LOAD_FAILED), False, Light.NOT_READY),
        (model("m", Reason.LOAD_FAILED), True, Light.HELD),
        (model("m", Reason.LOAD_FAILED, stalled=True), True, Light.STALLED),
        (model("m", stalled=True), False, Light.STALLED),
        (model("m", Reason.SERVER_UNREACHABLE, truth=Truth.UNKNOWN), False, Light.UNKNOWN),
        (ModelStatus(name="m", target="prod", revision="c"), False, Light.UNKNOWN),
    ],
)
def test_what_needs_somebody_is_shown_before_what_serves(status: ModelStatus, held: bool, shown: Light) -> None:
    assert light(status, held=held) is shown


def test_what_the_plan_leaves_alone_is_held() -> None:
    assert everything().lights()["asleep"] is Light.HELD
    assert replace(everything(), plan=None).lights()["asleep"] is Light.NOT_READY


def test_passes_that_did_nothing_in_the_same_way_are_one_line() -> None:
    shown = board()
    for minutes in (9, 8, 7):
        shown = with_pass(shown, passed(minutes=minutes))
    assert len(shown.passes) == 1
    last = shown.passes[0]
    assert (last.repeats, last.first, last.began) == (2, NOW - timedelta(minutes=9), NOW - timedelta(minutes=7))


def test_a_pass_that_did_something_or_ended_otherwise_is_a_line_of_its_own() -> None:
    shown = board()
    for one in (passed(minutes=9), busy(8), passed(minutes=7), passed(Ending.ERROR, minutes=6, message="no git")):
        shown = with_pass(shown, one)
    assert [one.ending.value for one in shown.passes] == ["error", "success", "incomplete", "success"]
    assert [one.repeats for one in shown.passes] == [0, 0, 0, 0]


def test_only_the_last_passes_are_kept() -> None:
    shown = board()
    for minutes in range(20, 0, -1):
        shown = with_pass(shown, busy(minutes))
    assert [one.began for one in shown.passes] == [NOW - timedelta(minutes=minutes) for minutes in range(1, KEPT + 1)]
    assert shown.passes[0].ended == NOW - timedelta(minutes=1) + timedelta(seconds=64.2)


def test_a_model_that_trying_again_cannot_mend_does_not_keep_the_rest_from_having_converged() -> None:
    stalled, waiting = model("s", Reason.PREFLIGHT_FAILED, stalled=True), model("w", Reason.PENDING)
    assert settled(board(model("m"), stalled, plan=SETTLED))
    assert settled(board(model("m")))
    assert not settled(board(model("m"), waiting))
    assert not settled(replace(board(model("m")), unknown=("server a",)))
    assert not settled(replace(everything(), unknown=(), models={}))
    refused = replace(SETTLED, refusal=Refusal(reason=Reason.EMPTY_REFUSED, message="no"))
    assert not settled(board(model("m"), plan=refused))


def test_the_loop_turns_as_long_as_a_pass_begins_or_ends_in_time() -> None:
    shown = board(loop=LOOP)
    assert turns(shown, LOOP.since + timedelta(seconds=100), 120).well
    silent = turns(shown, LOOP.since + timedelta(seconds=200), 120)
    assert (silent.well, silent.says) == (False, "no pass has begun for 200 seconds, more than 120")
    ended = replace(shown, loop=replace(LOOP, last=NOW))
    assert turns(ended, NOW + timedelta(seconds=100), 120).well
    hung = replace(shown, loop=replace(LOOP, last=NOW, running=NOW + timedelta(seconds=60)))
    assert turns(hung, NOW + timedelta(seconds=170), 120).well
    found = turns(hung, NOW + timedelta(seconds=300), 120)
    assert (found.well, found.says) == (False, "a pass has been running for 240 seconds, more than 120")
    assert turns(board(), NOW, 120).says == "there is no loop"


def test_it_is_ready_once_it_has_converged_and_as_long_as_its_servers_answer() -> None:
    def says(shown: Board) -> tuple[bool, str]:
        found = readiness(shown)
        return found.well, found.says

    assert says(board()) == (False, "the first convergence is not reached")
    beginning = board(model("a"), model("b", Reason.PENDING), loop=LOOP)
    assert says(beginning) == (False, "the first convergence is not reached: 1 of 2 models are not ready")
    assert says(replace(everything(), servers=())) == (True, "converged")
    assert says(everything()) == (False, "1 of 2 servers do not answer")
