"""Plans and runs as JSON: stable, complete, and nothing in it that was not chosen."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from reconciler.core.amounts import Span
from reconciler.core.errors import Problem, Reason, TransientError
from reconciler.core.plan import Change, ModelPlan, Plan, Refusal
from reconciler.core.schemas.schema_plan import plan_schema
from reconciler.core.statuses.conditions import Condition, Kind, ModelStatus, Truth
from reconciler.render import json_text, plan_json, report_json
from tests.plan_samples import BLIND, EVERYTHING, OUTCOMES, SERVER, SETTLED, tree

SNAPSHOT = Path(__file__).parent / "everything.plan.json"


def test_a_plan_with_everything_in_it_is_the_snapshot() -> None:
    assert json_text.pretty(plan_json.document(EVERYTHING)) == SNAPSHOT.read_text()


def test_the_order_of_models_does_not_change_the_text() -> None:
    turned = replace(EVERYTHING, models=EVERYTHING.models[::-1])
    assert plan_json.document(turned) == plan_json.document(EVERYTHING)


def test_a_settled_plan_is_complete_and_without_changes() -> None:
    document = plan_json.document(SETTLED)
    assert (document["changes"], document["complete"], document["format_version"]) == (False, True, "1.0")


def test_a_plan_that_could_not_look_is_not_complete() -> None:
    document = plan_json.document(BLIND)
    assert document["complete"] is False
    assert document["unknown"] == [f"server {SERVER}: connection refused"]


def test_a_refusal_has_its_reason() -> None:
    refusal = Refusal(reason=Reason.EMPTY_REFUSED, message="everything would go", hint="allowEmpty")
    document = plan_json.document(replace(SETTLED, refusal=refusal))
    assert document["refusal"] == {"reason": "EmptyRefused", "message": "everything would go", "hint": "allowEmpty"}


def test_problems_keep_their_place() -> None:
    problem = Problem(file="models.d/a.yaml", line=3, column=5, path="spec.source", found="a list", expected="a URI")
    assert plan_json.document(SETTLED, [problem])["problems"] == [
        {
            "file": "models.d/a.yaml",
            "line": 3,
            "column": 5,
            "path": "spec.source",
            "found": "a list",
            "expected": "a URI",
        }
    ]


def test_sources_and_configs_of_models_are_not_printed() -> None:
    told = json_text.pretty(report_json.document(EVERYTHING, OUTCOMES))
    assert "s3://models" not in told
    assert json.dumps(tree("densenet").config) not in told


def test_escapes_and_secrets_in_messages_do_not_get_through() -> None:
    evil = ModelPlan(
        model="m", change=Change.HELD, reason=Reason.STALLED, message="\x1b]0;x\x07 https://u:secret@h/ \x7f \x9b"
    )
    told = json_text.pretty(plan_json.document(replace(SETTLED, models=(evil,))))
    assert "secret" not in told
    assert all(0x20 <= ord(character) < 0x7F or character == "\n" for character in told)
    assert json.loads(told)["models"][0]["message"] == "\\x1b]0;x\\x07 https://h/ \\x7f \\x9b"


def test_a_run_tells_each_outcome_and_counts_them() -> None:
    document = report_json.document(EVERYTHING, OUTCOMES)
    assert document["summary"] == {"done": 1, "failed": 1, "blocked": 1, "cancelled": 1}
    assert json.loads(json_text.pretty(document))["outcomes"][1] == {
        "step": "load:densenet",
        "kind": "load",
        "model": "densenet",
        "server": SERVER,
        "result": "failed",
        "reason": "LoadFailed",
        "message": "boom",
        "terminal": True,
        "seconds": 1,
    }


def test_the_end_of_a_run_tells_how_each_model_stands_and_why_no_status_was_pushed() -> None:
    ready = Condition(kind=Kind.READY, status=Truth.TRUE, reason=Reason.SUCCEEDED, last_transition_time="2026-01-01")
    status = ModelStatus(name="m", target="prod", revision="", served={SERVER: None}, conditions={Kind.READY: ready})
    error = TransientError(Reason.PUSH_RACED, "others were faster", "run it again")
    assert report_json.ending({"m": status}, None, error) == {
        "models": {
            "m": {
                "desired": None,
                "on_disk": None,
                "served": {SERVER: None},
                "conditions": {"Ready": {"status": "True", "reason": "Succeeded", "message": ""}},
            }
        },
        "status": {
            "commit": None,
            "error": {"reason": "PushRaced", "message": "others were faster", "hint": "run it again"},
            "not_written": None,
        },
    }


UNSEEN = replace(BLIND, spans=(Span(name="memory", before=None, peak=None, after=None),))


@pytest.mark.parametrize(
    "plan", [EVERYTHING, SETTLED, BLIND, UNSEEN], ids=["everything", "settled", "blind", "nothing was seen"]
)
def test_every_plan_is_what_its_schema_says(plan: Plan) -> None:
    problem = Problem(file="models.d/a.yaml", line=3, column=1, path="spec", found="x", expected="y")
    refusal = Refusal(reason=Reason.EMPTY_REFUSED, message="everything would go", hint="allowEmpty")
    checker = Draft202012Validator(plan_schema())
    for document in (plan_json.document(plan), plan_json.document(replace(plan, refusal=refusal), [problem])):
        assert list(checker.iter_errors(document)) == []
        for key in document:
            assert not checker.is_valid({name: value for name, value in document.items() if name != key})
