"""Metrics as text: names, values, what goes and what stays, files and their modes."""

import os
import stat
import threading
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families as plain

from reconciler.adapters.metrics import Meter, exposition, names, write
from reconciler.core.errors import Reason, TransientError
from reconciler.core.plan import Outcome, Result
from reconciler.core.progress import Moved, Silent
from reconciler.core.views.board import Board
from reconciler.core.views.tally import Ending, Tally
from tests.boards import NOW, board, everything, model, tally
from tests.plan_samples import EVERYTHING, OUTCOMES, fetch, load

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def samples(text: str) -> Samples:
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in plain(text)
        for sample in family.samples
    }


def of(shown: Board) -> Samples:
    return samples(exposition(shown).text.decode())


def value(found: Samples, name: str, **labels: str) -> float | None:
    return found.get((name, frozenset({"target": "prod", **labels}.items())))


def test_every_metric_that_is_told_is_in_the_table_with_its_labels() -> None:
    known = {one.name: {*one.labels} for one in names.ALL}
    told = {name for name, _ in of(everything()) if name.startswith("reconcile_")}
    for name, labels in of(everything()):
        if name.startswith("reconcile_"):
            whole = next(
                name.removesuffix(end) for end in ("_bucket", "_count", "_sum", "") if name.removesuffix(end) in known
            )
            assert {key for key, _ in labels} - {"le"} == known[whole]
    bases = {name.removesuffix("_bucket") for name in told}
    assert {one.name for one in names.ALL} <= bases


def test_runs_actions_bytes_drift_and_failures_are_what_was_counted() -> None:
    found = of(everything())
    assert value(found, "reconcile_runs_total", result="success") == 1
    assert value(found, "reconcile_runs_total", result="incomplete") == 1
    assert value(found, "reconcile_runs_total", result="refused") == 0
    assert value(found, "reconcile_run_duration_seconds_sum") == pytest.approx(64.6)
    assert value(found, "reconcile_run_duration_seconds_bucket", le="0.5") == 1
    assert value(found, "reconcile_run_duration_seconds_bucket", le="+Inf") == 2
    assert value(found, "reconcile_last_run_timestamp_seconds") == NOW.timestamp()
    assert value(found, "reconcile_last_success_timestamp_seconds") == NOW.timestamp()
    assert value(found, "reconcile_last_run_result", result="success") == 1
    assert value(found, "reconcile_actions_total", kind="load", outcome="failed") == 1
    assert value(found, "reconcile_actions_total", kind="adopt", outcome="done") == 0
    assert value(found, "reconcile_action_duration_seconds_sum", kind="fetch", outcome="done") == 4.21
    assert value(found, "reconcile_fetched_bytes_total") == 12_897_485
    assert value(found, "reconcile_load_failures_total", model="densenet") == 1
    assert value(found, "reconcile_load_failures_total", model="bert") == 0


def test_models_servers_and_room_are_as_the_board_has_them() -> None:
    found = of(everything())
    assert value(found, "reconcile_models", condition="Ready", status="True") == 3
    assert value(found, "reconcile_models", condition="Ready", status="False") == 3
    assert value(found, "reconcile_models", condition="Ready", status="Unknown") == 1
    assert value(found, "reconcile_models", condition="Stalled", status="True") == 1
    assert value(found, "reconcile_model_ready", model="densenet") == 1
    assert value(found, "reconcile_model_ready", model="top") == 0
    assert value(found, "reconcile_model_info", model="bert", reason="LoadFailed") == 1
    assert value(found, "reconcile_declared_memory_bytes", kind="memory") == 1 << 30
    assert value(found, "reconcile_declared_memory_limit_bytes", kind="memory") == 2 << 30
    assert value(found, "reconcile_volume_bytes") == 1 << 20
    assert value(found, "reconcile_server_up", server="grpc://triton-1:8001") == 0
    assert value(found, "reconcile_revision_fresh") == 0
    assert value(found, "reconcile_document_errors") == 1
    assert value(found, "reconcile_pass_running") == 0


def test_a_model_that_is_gone_leaves_no_series() -> None:
    shown = everything()
    before = [labels for _, labels in of(shown) if ("model", "densenet") in labels]
    without = {name: status for name, status in shown.models.items() if name != "densenet"}
    after = [labels for _, labels in of(replace(shown, models=without)) if ("model", "densenet") in labels]
    assert (len(before), len(after)) == (3, 0)


def test_a_model_has_three_series_whatever_happens_to_it() -> None:
    few, many = (len(of(board(*(model(f"m{number}") for number in range(count))))) for count in (1, 101))
    assert many - few == 300


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("", "text/plain; version=0.0.4; charset=utf-8"),
        ("*/*", "text/plain; version=0.0.4; charset=utf-8"),
        ("application/openmetrics-text; version=1.0.0", "application/openmetrics-text; version=1.0.0; charset=utf-8"),
        ("application/openmetrics-text; version=x.y", "text/plain; version=0.0.4; charset=utf-8"),
    ],
)
def test_the_reader_gets_the_format_that_it_asks_for(accept: str, media_type: str) -> None:
    told = exposition(everything(), accept)
    assert told.media_type.startswith(media_type)
    families = list((openmetrics if "openmetrics" in media_type else plain)(told.text.decode()))
    assert {"process_open_fds", "python_gc_collections"} <= {family.name for family in families}


def test_names_and_addresses_do_not_break_the_text_and_secrets_stay_away() -> None:
    evil = 'a"\n} 1\nevil{x="\x1b'
    shown = replace(everything(), servers=(replace(everything().servers[0], url="grpc://me:secret@t:8001"),))
    found = of(replace(shown, models={evil: model(evil)}))
    assert "secret" not in str(found)
    assert not any(name.startswith("evil") for name, _ in found)
    assert value(found, "reconcile_server_up", server="grpc://t:8001") == 1


def test_before_the_first_pass_only_what_is_known_is_told() -> None:
    found = of(Board(target="prod", at=NOW))
    told = {name for name, _ in found if name.startswith("reconcile_")}
    assert "reconcile_runs_total" in told
    assert not told & {"reconcile_models", "reconcile_model_ready", "reconcile_last_run_timestamp_seconds"}


class Told(Silent):
    def __init__(self) -> None:
        self.heard: list[str] = []

    def ended(self, outcome: Outcome) -> None:
        self.heard.append(outcome.step.id)


def test_a_meter_counts_what_came_over_the_network_and_tells_on_what_it_hears() -> None:
    told = Told()
    meter = Meter(told)
    step = fetch("densenet")
    meter.expected([step])
    meter.started(step)
    for moved in (Moved(100), Moved(50, here=True), Moved(-150), Moved(100)):
        meter.advanced(step, moved)
    for outcome in OUTCOMES:
        meter.ended(outcome)
    assert meter.tally.fetched == 200
    assert meter.tally.actions["load", Result.FAILED] == 1
    assert told.heard == [outcome.step.id for outcome in OUTCOMES]
    meter.planned(EVERYTHING)
    meter.over(Ending.INCOMPLETE, 3, NOW)
    assert meter.tally.runs == {Ending.INCOMPLETE: 1}
    meter.about(["other"])
    assert meter.tally.load_failures == {}


def test_a_meter_loses_nothing_where_many_threads_tell_it() -> None:
    meter = Meter(Silent())
    done = Outcome(step=load("m"), result=Result.DONE)

    def tell() -> None:
        for _ in range(200):
            meter.ended(done)

    threads = [threading.Thread(target=tell) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert meter.tally.actions == {("load", Result.DONE): 1600}


def wrote(path: Path, shown: Board) -> Samples:
    write(str(path), shown)
    return samples(path.read_text())


def test_a_file_is_whole_readable_by_everybody_and_alone_in_its_folder(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        write(str(tmp_path / "reconcile.prom"), everything())
    finally:
        os.umask(before)
    assert os.listdir(tmp_path) == ["reconcile.prom"]
    assert stat.S_IMODE((tmp_path / "reconcile.prom").stat().st_mode) == 0o644


def test_counters_in_a_file_go_on_counting(tmp_path: Path) -> None:
    path = tmp_path / "reconcile.prom"
    for count in (1, 2, 3):
        found = wrote(path, everything())
        assert value(found, "reconcile_runs_total", result="success") == count
        assert value(found, "reconcile_run_duration_seconds_count") == 2 * count
        assert value(found, "reconcile_fetched_bytes_total") == 12_897_485 * count
        assert value(found, "reconcile_load_failures_total", model="densenet") == count
        assert value(found, "reconcile_model_ready", model="densenet") == 1
    without = {name: status for name, status in everything().models.items() if name != "densenet"}
    found = wrote(path, replace(everything(), models=without))
    assert value(found, "reconcile_load_failures_total", model="densenet") is None


def test_what_a_run_that_ended_early_cannot_say_stays_as_it_was_said_last(tmp_path: Path) -> None:
    path = tmp_path / "reconcile.prom"
    wrote(path, everything())
    later = NOW + timedelta(minutes=5)
    found = wrote(path, Board(target="prod", at=later, tally=Tally().with_run(Ending.ERROR, 1, later)))
    assert value(found, "reconcile_last_run_result", result="error") == 1
    assert value(found, "reconcile_last_run_timestamp_seconds") == later.timestamp()
    assert value(found, "reconcile_last_success_timestamp_seconds") == NOW.timestamp()
    assert value(found, "reconcile_model_ready", model="bert") == 0
    assert value(found, "reconcile_load_failures_total", model="densenet") == 1
    assert value(found, "reconcile_runs_total", result="error") == 1
    assert value(found, "reconcile_runs_total", result="success") == 1


def test_a_success_says_everything_and_nothing_older_stays(tmp_path: Path) -> None:
    path = tmp_path / "reconcile.prom"
    wrote(path, everything())
    found = wrote(path, board(tally=replace(tally(), last=Ending.SUCCESS)))
    assert not [labels for name, labels in found if name == "reconcile_model_ready"]


def test_a_file_of_another_target_or_of_nonsense_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "reconcile.prom"
    wrote(path, replace(everything(), target="other"))
    assert value(wrote(path, everything()), "reconcile_runs_total", result="success") == 1
    for nonsense in (b"\xff\xfe", b"this is {no metric\n", b'x{y="1" 2\n'):
        path.write_bytes(nonsense)
        assert value(wrote(path, everything()), "reconcile_runs_total", result="success") == 1


def test_a_file_that_cannot_be_written_says_so_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(TransientError) as caught:
        write(str(tmp_path / "nowhere" / "reconcile.prom"), everything())
    assert caught.value.reason is Reason.METRICS_NOT_WRITTEN
    assert "No such file or directory" in caught.value.message
    (tmp_path / "folder.prom").mkdir()
    with pytest.raises(TransientError):
        write(str(tmp_path / "folder.prom"), everything())
    assert os.listdir(tmp_path) == ["folder.prom"]
