"""What is said while a plan is carried out, and at its end."""

from reconciler.core.errors import Reason, TerminalError
from reconciler.core.plan import GapKind, Outcome, Result
from reconciler.core.statuses.conditions import Condition, Kind, ModelStatus, Truth
from reconciler.core.views.gaps import Gap
from reconciler.render import outcome_text, report_json
from reconciler.render.line import Tone, text
from reconciler.render.sofar import SoFar
from tests.plan_samples import OUTCOMES, SERVER, fetch, load


def test_each_outcome_is_one_line_with_its_reason() -> None:
    assert [outcome_text.ended(outcome).text for outcome in OUTCOMES] == [
        "fetch densenet: done (12.3 MiB) [4.2s]",
        f"load densenet on {SERVER}: failed: LoadFailed: boom; trying again will not mend it",
        f"load ens on {SERVER}: blocked: load of densenet failed",
        "prune: cancelled",
    ]


def test_an_error_of_many_lines_with_escapes_stays_one_harmless_line() -> None:
    message = "Traceback:\n  File \x1b[31mmodel.py\x1b[0m\nPlan: 0 to add"
    outcome = Outcome(step=load("m"), result=Result.FAILED, reason=Reason.LOAD_FAILED, message=message)
    told = outcome_text.ended(outcome).text
    assert told == (f"load m on {SERVER}: failed: LoadFailed: Traceback: File \\x1b[31mmodel.py\\x1b[0m Plan: 0 to add")


def test_the_last_sentence_names_the_models_that_did_not_make_it() -> None:
    assert text(outcome_text.closing(OUTCOMES, "prod")) == (
        "\nApplied to prod in part: 1 step done, 1 failed (densenet), 1 blocked (ens), 1 cancelled.\n"
    )


def test_the_last_sentence_of_a_good_run_counts_the_steps() -> None:
    assert text(outcome_text.closing(OUTCOMES[:1], "prod")) == "\nApplied to prod: 1 step done.\n"


def test_nothing_is_said_of_a_run_without_anything_to_do() -> None:
    assert outcome_text.closing((), "prod") == []


def test_a_fetch_that_takes_its_time_tells_how_far_it_is() -> None:
    assert outcome_text.started(fetch("m", 2048)).text == "fetch m: started, 2.0 KiB"
    for so_far, told in (
        (SoFar(done=1024, total=2048, seconds=32, file="a\nb"), "1.0 KiB of 2.0 KiB, 32 B/s, 32s left, at a b"),
        (SoFar(done=1024, total=None, seconds=32), "1.0 KiB, 32 B/s"),
        (SoFar(done=0, total=2048, seconds=32), "0 B of 2.0 KiB"),
        (SoFar(done=4096, total=2048, seconds=32), "4.0 KiB, 128 B/s"),
    ):
        assert outcome_text.going(fetch("m", 2048), so_far).text == f"fetch m: still going, {told} [32s elapsed]"
    quiet = SoFar(done=0, total=None, seconds=30)
    assert outcome_text.going(load("m"), quiet).text == f"load m on {SERVER}: still going [30s elapsed]"


def test_a_status_that_could_not_be_written_says_what_to_do() -> None:
    error = TerminalError(Reason.PUSH_REFUSED, "a hook said no", "ask who runs the remote")
    assert text(outcome_text.pushed(None, error)) == (
        "The status could not be written: PushRefused: a hook said no\n  ask who runs the remote\n"
    )
    assert text(outcome_text.pushed("0123456789abcdef", None)) == "Status written as 0123456789ab.\n"
    assert outcome_text.pushed(None, None) == []


def test_models_that_are_not_ready_afterwards_are_named_with_the_reason() -> None:
    def status(name: str, truth: Truth) -> ModelStatus:
        why = "\x1b[1m"
        ready = Condition(
            kind=Kind.READY, status=truth, reason=Reason.LOAD_FAILED, message=why, last_transition_time=""
        )
        return ModelStatus(name=name, target="prod", revision="", conditions={Kind.READY: ready})

    statuses = {"b": status("b", Truth.FALSE), "a": status("a", Truth.TRUE)}
    assert text(outcome_text.not_ready(statuses)) == "Not ready: b: LoadFailed: \\x1b[1m\n"


def test_gaps_stand_beside_what_was_expected_and_what_was_not_expected_stands_out() -> None:
    found = [
        Gap(model="a", server=SERVER, seconds=2.1, expected=GapKind.RECREATED),
        Gap(model="e", server=SERVER, seconds=3, expected=GapKind.NEEDS_RECREATED),
        Gap(model="b", server=SERVER, seconds=1.5),
        Gap(model="c", server=SERVER, seconds=None, expected=GapKind.RECREATED),
    ]
    lines = outcome_text.gaps(found)
    assert [line.text.removeprefix("Gap in service: ") for line in lines] == [
        f"a on {SERVER}: at most 2.1s (expected: recreated)",
        f"e on {SERVER}: at most 3.0s (expected: a model it needs is recreated)",
        f"b on {SERVER}: at most 1.5s, which the plan did not expect",
        f"c on {SERVER}: it still does not answer (expected: recreated)",
    ]
    assert [line.tone for line in lines] == [Tone.CHANGE, Tone.CHANGE, Tone.ALERT, Tone.ALERT]
    assert report_json.gaps(found[2:]) == [
        {"model": "b", "server": SERVER, "seconds": 1.5, "expected": None},
        {"model": "c", "server": SERVER, "seconds": None, "expected": "recreated"},
    ]
