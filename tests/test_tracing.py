"""A pass as spans, kept by the SDK's own exporter for tests."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from reconciler import reconcile
from reconciler.adapters.traces import Traces
from reconciler.core.errors import Reason, ReconcileError
from reconciler.core.plan import Outcome, Result
from reconciler.core.progress import Moved, Silent
from reconciler.core.recording import PassResult
from reconciler.passes.options import Options
from reconciler.passes.tracing import Trace
from tests.git_remotes import bare, commit, git, keep_home_out, work_tree
from tests.plan_samples import REVISION, SERVER, fetch, load

MODEL = """apiVersion: reconciler/v1
kind: Model
metadata: {{name: {name}}}
spec:
  framework: python
  source: {source}/
"""


@contextmanager
def kept() -> Iterator[tuple[Trace, InMemorySpanExporter]]:
    """A trace whose spans are kept in memory; they are there when the block has ended."""
    exporter = InMemorySpanExporter()
    traces = Traces(exporter)
    yield Trace(recorder=traces), exporter
    traces.close()


def named(exporter: InMemorySpanExporter) -> dict[str, ReadableSpan]:
    return {span.name: span for span in exporter.get_finished_spans()}


def parents(spans: Sequence[ReadableSpan]) -> set[tuple[str, str | None]]:
    """Each span with the name of the one above it."""
    names = {span.context.span_id: span.name for span in spans if span.context is not None}
    return {(span.name, names[span.parent.span_id] if span.parent else None) for span in spans}


def facts(span: ReadableSpan) -> dict[str, object]:
    return dict(span.attributes or {})


@pytest.fixture
def options(tmp_path: Path) -> Options:
    """A bare repository with a model that works and one whose source is not there, and a volume."""
    keep_home_out(tmp_path / "people")
    (tmp_path / "source" / "1").mkdir(parents=True)
    (tmp_path / "source" / "1" / "model.py").write_text("x")
    (tmp_path / "volume").mkdir()
    sources = {"good": tmp_path / "source"}
    files = {f"models.d/{name}.yaml": MODEL.format(name=name, source=at).encode() for name, at in sources.items()}
    work_tree(tmp_path / "tree", files)
    bare(tmp_path / "home.git", tmp_path / "tree")
    return Options(repo=str(tmp_path / "home.git"), volume=str(tmp_path / "volume"), no_server=True)


def apply(options: Options, trace: Trace) -> None:
    reconcile.apply(
        options.traced(trace),
        reporter=Silent(),
        confirm=lambda _: True,
        cancelled=lambda: False,
        now=datetime(2026, 11, 21, tzinfo=UTC),
    )


def test_a_pass_is_one_tree_of_spans_with_its_stages_and_its_actions(options: Options, tmp_path: Path) -> None:
    with kept() as (trace, exporter):
        apply(options, trace)
    spans = exporter.get_finished_spans()
    stages = {(stage, "pass") for stage in ("read", "observe", "plan", "commit")}
    assert parents(spans) == {("pass", None), ("fetch", "pass"), ("activate", "pass"), *stages}
    assert len({span.context.trace_id for span in spans if span.context is not None}) == 1
    revision = git(tmp_path / "tree", "rev-parse", "HEAD")
    root, activate = named(exporter)["pass"], named(exporter)["activate"]
    assert facts(root) == {"target": "default", "revision": revision, "result": "done"}
    assert root.status.status_code is StatusCode.UNSET
    told = facts(activate)
    assert str(told.pop("generation")).startswith("sha256:")
    assert isinstance(told.pop("seconds"), float)
    assert told == {
        "target": "default",
        "revision": revision,
        "step": "activate:good",
        "action": "activate",
        "action_reason": "NotOnVolume",
        "model": "good",
        "outcome": "done",
        "reason": "Succeeded",
        "terminal": False,
    }
    assert (root.start_time or 0) <= (activate.start_time or 0) <= (activate.end_time or 0) <= (root.end_time or 0)


def test_each_pass_is_a_trace_of_its_own(options: Options) -> None:
    with kept() as (trace, exporter):
        apply(options, trace)
        apply(options, trace)
    roots = [span for span in exporter.get_finished_spans() if span.parent is None]
    assert [span.name for span in roots] == ["pass", "pass"]
    assert len({span.context.trace_id for span in roots if span.context is not None}) == 2


def test_a_pass_that_cannot_begin_tells_its_reason_and_no_secret(options: Options) -> None:
    away = Options(repo="http://user:s3cret@127.0.0.1:9/r.git?token=s3cret", volume=options.volume, no_server=True)
    with kept() as (trace, exporter), pytest.raises(ReconcileError):
        apply(away, trace)
    spans = named(exporter)
    assert spans["pass"].status.status_code is StatusCode.ERROR
    assert spans["pass"].status.description == facts(spans["pass"])["reason"] == "RepositoryUnreachable"
    assert facts(spans["pass"])["result"] == "failed"
    assert spans["read"].status.status_code is StatusCode.ERROR
    assert "s3cret" not in "".join(span.to_json() for span in spans.values())


def test_a_pass_of_which_a_step_failed_is_incomplete(options: Options, tmp_path: Path) -> None:
    files = {"models.d/bad.yaml": MODEL.format(name="bad", source=tmp_path / "source").encode()}
    commit(tmp_path / "tree", files)
    git(tmp_path / "tree", "push", "--quiet", str(tmp_path / "home.git"), "main")

    def taken_away(_: object) -> bool:
        (tmp_path / "source" / "1" / "model.py").unlink()
        return True

    with kept() as (trace, exporter):
        reconcile.apply(
            options.traced(trace),
            reporter=Silent(),
            confirm=taken_away,
            cancelled=lambda: False,
            now=datetime(2026, 11, 21, tzinfo=UTC),
        )
    root = named(exporter)["pass"]
    failed = [span for span in exporter.get_finished_spans() if span.name == "fetch"]
    assert [span.status.status_code for span in failed] == [StatusCode.ERROR, StatusCode.ERROR]
    assert facts(root)["result"] == "incomplete"
    assert root.status.description == failed[0].status.description == facts(failed[0])["reason"]


def test_an_action_says_what_was_done_where_and_how_much_came() -> None:
    with kept() as (trace, exporter), trace.a_pass() as one:
        reporter = one.reporter(Silent(), "prod", REVISION)
        reporter.expected([fetch("m"), load("m")])
        reporter.started(fetch("m"))
        reporter.advanced(fetch("m"), Moved(1000, "1/m.bin", 4000, here=True))
        reporter.advanced(fetch("m"), Moved(700, "1/m.bin", 4000))
        reporter.advanced(fetch("m"), Moved(-1700))
        reporter.advanced(fetch("m"), Moved(300, "1/m.bin", 4000))
        reporter.ended(Outcome(step=fetch("m"), result=Result.DONE, seconds=2.5))
        reporter.ended(
            Outcome(step=load("m"), result=Result.BLOCKED, reason=Reason.BLOCKED, message="fetch of m failed")
        )
    fetched, loaded = named(exporter)["fetch"], named(exporter)["load"]
    assert facts(fetched)["bytes"] == 1000
    assert (fetched.end_time or 0) - (fetched.start_time or 0) == 2_500_000_000
    told = facts(loaded)
    wanted = {"server": SERVER, "model": "m", "outcome": "blocked", "reason": "Blocked", "message": "fetch of m failed"}
    assert {name: told[name] for name in wanted} == wanted
    assert loaded.status.description == "Blocked"
    assert parents(exporter.get_finished_spans()) == {("pass", None), ("fetch", "pass"), ("load", "pass")}


def test_what_a_server_says_goes_into_a_span_without_its_secrets() -> None:
    message = "s3://key:s3cret@bucket/m and https://host/m?X-Amz-Signature=s3cret do not answer\x1b[31m"
    failed = Outcome(step=load("m"), result=Result.FAILED, reason=Reason.LOAD_FAILED, message=message)
    with kept() as (trace, exporter), trace.a_pass() as one:
        one.reporter(Silent(), "prod", REVISION).ended(failed)
        one.ended(PassResult.INCOMPLETE, "LoadFailed")
    (span,) = [span for span in exporter.get_finished_spans() if span.name == "load"]
    assert facts(span)["message"] == "s3://bucket/m and https://host/m?… do not answer\\x1b[31m"


def test_a_bug_in_a_pass_ends_its_span_with_the_name_of_it() -> None:
    with kept() as (trace, exporter), pytest.raises(ZeroDivisionError), trace.a_pass(), trace.planning():
        raise ZeroDivisionError("s3cret")
    assert named(exporter)["pass"].status.description == "ZeroDivisionError"
    assert "s3cret" not in "".join(span.to_json() for span in exporter.get_finished_spans())


def test_steps_may_be_told_by_many_threads_at_once() -> None:
    with kept() as (trace, exporter), trace.a_pass() as one:
        reporter = one.reporter(Silent(), "prod", REVISION)

        def work(name: str) -> None:
            reporter.started(fetch(name))
            reporter.advanced(fetch(name), Moved(1))
            reporter.ended(Outcome(step=fetch(name), result=Result.DONE))

        threads = [threading.Thread(target=work, args=(f"m{number}",)) for number in range(50)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    fetched = [span for span in exporter.get_finished_spans() if span.name == "fetch"]
    assert {facts(span)["step"] for span in fetched} == {f"fetch:m{number}" for number in range(50)}
    assert {facts(span)["bytes"] for span in fetched} == {1}


def test_without_a_recorder_the_reporter_is_the_same_and_nothing_is_kept() -> None:
    silent = Silent()
    with Trace().a_pass() as one, one.reading():
        one.about("prod", REVISION)
        assert one.reporter(silent, "prod", REVISION) is silent


class _Stuck(SpanExporter):
    """An exporter that never comes back, as with a collector that takes the connection and says nothing."""

    def __init__(self) -> None:
        self.over = threading.Event()

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        del spans
        self.over.wait(60)
        return SpanExportResult.FAILURE


def test_an_exporter_that_never_comes_back_is_left_behind(caplog: pytest.LogCaptureFixture) -> None:
    stuck = _Stuck()
    traces = Traces(stuck, shown="collector:4318", patience=0.2)
    for _ in range(3):
        traces.begin("pass", {}, None).end()
    began = datetime.now(UTC)
    traces.close()
    assert (datetime.now(UTC) - began).total_seconds() < 2
    stuck.over.set()
    assert caplog.messages == ["Traces are left unsent: collector:4318 takes too long"]
