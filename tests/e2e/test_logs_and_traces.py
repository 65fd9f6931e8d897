"""What a batch job tells machines: lines of JSON with the documented fields, traces over OTLP, and never a secret."""

import json
import re
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.collector import collector
from tests.e2e.command import Answer, reconcile
from tests.git_remotes import bare, commit, git, keep_home_out, work_tree

ROOT = Path(__file__).parents[2]
CANARY = "s3cret-canary"
MODEL = """apiVersion: reconciler/v1
kind: Model
metadata: {{name: {name}}}
spec:
  framework: python
  source: {source}
"""
NOWHERE = f"http://user:{CANARY}@127.0.0.1:9/m.tar?X-Amz-Signature={CANARY}"
SECRETS = {
    "RECONCILE_GIT_TOKEN": CANARY,
    "AWS_SECRET_ACCESS_KEY": CANARY,
    "HF_TOKEN": CANARY,
    "OTEL_EXPORTER_OTLP_HEADERS": f"authorization=Bearer%20{CANARY}",
}


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A repository `home.git` with a good model and one with faults; a volume."""
    keep_home_out(tmp_path / "people")
    (tmp_path / "source" / "1").mkdir(parents=True)
    (tmp_path / "source" / "1" / "model.py").write_text("x")
    (tmp_path / "volume").mkdir()
    files = {
        "models.d/good.yaml": MODEL.format(name="good", source=f"{tmp_path}/source/").encode(),
        "models.d/faulty.yaml": MODEL.format(name="faulty", source="/x\n  colour: red").encode(),
    }
    work_tree(tmp_path / "tree", files)
    bare(tmp_path / "home.git", tmp_path / "tree")
    return tmp_path


def apply(place: Path, *more: str, repo: str = "", **environ: str) -> Answer:
    named = ("--repo", repo or str(place / "home.git"), "--volume", str(place / "volume"), "--server", "none")
    answer = reconcile("apply", *named, "--log-format", "json", *more, environ=SECRETS | environ)
    assert CANARY not in answer.said
    return answer


def lines(answer: Answer) -> list[dict[str, Any]]:
    """Every line of stderr is one JSON object."""
    return [json.loads(line) for line in answer.err.splitlines()]


def documented() -> dict[str, set[str]]:
    """By event, the fields that docs/logs.md says its lines have."""
    rows = re.findall(r"^\| `(\w+)` \| (.+?) \|", (ROOT / "docs" / "logs.md").read_text(), re.MULTILINE)
    by_event: dict[str, set[str]] = {}
    for field, events in rows:
        for event in re.findall(r"`(\w+)`", events):
            by_event.setdefault(event, set()).add(field)
    everywhere = by_event.pop("all")
    return {event: fields | everywhere for event, fields in by_event.items()}


def test_every_line_has_exactly_the_documented_fields(place: Path) -> None:
    away = {"models.d/away.yaml": MODEL.format(name="away", source=NOWHERE).encode()}
    commit(place / "tree", away)
    git(place / "tree", "push", "--quiet", str(place / "home.git"), "main")
    told = lines(apply(place))
    known = documented()
    assert {line["event"] for line in told} >= {"started", "ended", "problem", "pass"}
    for line in told:
        assert set(line) == known[line["event"]], line
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line["time"])
        assert abs((datetime.now(UTC) - datetime.fromisoformat(line["time"])).total_seconds()) < 120
        assert line["level"] in ("info", "warning", "error")
    failed = lines(apply(place, repo=f"http://user:{CANARY}@127.0.0.1:9/r.git"))
    assert [set(line) == known["error"] for line in failed if line["event"] == "error"] == [True]


def test_an_outcome_is_one_line_with_what_was_done_to_which_model_of_which_revision(place: Path) -> None:
    told = lines(apply(place))
    ended = {line["step"]: line for line in told if line["event"] == "ended"}
    assert set(ended) == {"fetch:good", "activate:good"}
    fetch, activate = ended["fetch:good"], ended["activate:good"]
    assert (fetch["model"], fetch["action"], fetch["outcome"], fetch["bytes"]) == ("good", "fetch", "done", 1)
    assert activate["generation"].startswith("sha256:")
    assert len({line["revision"] for line in ended.values()}) == 1
    (last,) = [line for line in told if line["event"] == "pass"]
    assert (last["target"], last["outcome"], last["done"], last["failed"]) == ("default", "done", 2, 0)


def test_a_collector_gets_the_pass_with_its_actions_as_protobuf(place: Path) -> None:
    with collector() as one:
        apply(place, OTEL_EXPORTER_OTLP_ENDPOINT=one.url, OTEL_RESOURCE_ATTRIBUTES="team=vision")
    assert set(one.paths) == {"/v1/traces"}
    assert one.headers[0]["authorization"] == f"Bearer {CANARY}"
    assert CANARY.encode() not in b"".join(one.raw)
    resource = one.resource()
    assert (resource["service.name"], resource["team"]) == ("reconcile", "vision")
    spans = {span.name: span for span in one.spans}
    assert set(spans) == {"pass", "read", "observe", "plan", "fetch", "activate", "commit"}
    root = spans.pop("pass")
    assert {span.parent_span_id for span in spans.values()} == {root.span_id}
    assert {span.trace_id for span in spans.values()} == {root.trace_id}
    told = {pair.key: pair.value for pair in spans["fetch"].attributes}
    assert (told["model"].string_value, told["bytes"].int_value, told["outcome"].string_value) == ("good", 1, "done")


@pytest.mark.parametrize("trouble", ["down", "refuses", "hangs"])
def test_a_collector_that_is_unwell_neither_fails_nor_holds_up_a_pass(place: Path, trouble: str) -> None:
    with collector(hangs=trouble == "hangs") as one:
        one.status = 500 if trouble == "refuses" else 200
        url = f"http://user:{CANARY}@127.0.0.1:9/?key={CANARY}" if trouble == "down" else one.url
        began = time.monotonic()
        answer = apply(place, OTEL_EXPORTER_OTLP_ENDPOINT=url)
        took = time.monotonic() - began
    assert answer.code == 65  # that of the fault in models.d
    assert took < 40
    (warning,) = [
        line["message"] for line in lines(answer) if line["event"] == "message" and "Traces" in line["message"]
    ]
    assert re.fullmatch(r"Traces (are left unsent|were not taken).*127\.0\.0\.1:\d+.*", warning)


@pytest.mark.parametrize(
    ("environ", "arguments"),
    [
        ({}, ()),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "?"}, ("--no-traces",)),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "?", "OTEL_SDK_DISABLED": "true"}, ()),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "?", "OTEL_TRACES_EXPORTER": "none"}, ()),
    ],
    ids=["unset", "--no-traces", "disabled", "no exporter"],
)
def test_nothing_is_sent_that_nobody_asked_for(
    place: Path, environ: dict[str, str], arguments: tuple[str, ...]
) -> None:
    with collector() as one:
        told = {name: value.replace("?", one.url) for name, value in environ.items()}
        apply(place, *arguments, **told)
    assert one.requests == []


def without_the_extra(place: Path) -> dict[str, str]:
    """A machine where the SDK is not installed."""
    (place / "path" / "opentelemetry").mkdir(parents=True)
    (place / "path" / "opentelemetry" / "__init__.py").write_text("raise ImportError('no such thing')\n")
    return {"PYTHONPATH": str(place / "path")}


def test_traces_that_are_asked_for_and_cannot_be_sent_are_an_error_that_names_the_extra(place: Path) -> None:
    answer = apply(place, "--traces", **without_the_extra(place))
    (error,) = [line for line in lines(answer) if line["event"] == "error"]
    assert (answer.code, error["reason"]) == (1, "ExtraMissing")
    assert "pip install 'triton-reconcile[otel]'" in error["hint"]
    assert not (place / "volume" / "models").exists()


def test_variables_of_the_whole_cluster_do_not_fail_a_run_without_the_extra(place: Path) -> None:
    answer = apply(place, OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9", **without_the_extra(place))
    assert (place / "volume" / "models" / "good").exists()
    assert [line for line in lines(answer) if "triton-reconcile[otel]" in line.get("message", "")] != []


def test_another_protocol_is_told_with_the_one_that_is_spoken(place: Path) -> None:
    answer = apply(place, "--traces", OTEL_EXPORTER_OTLP_PROTOCOL="grpc")
    assert answer.code == 64
    assert "http/protobuf" in answer.err


def test_without_traces_their_library_is_not_imported(place: Path) -> None:
    answer = apply(place, **without_the_extra(place))
    assert (place / "volume" / "models" / "good").exists()
    assert "otel" not in answer.err
