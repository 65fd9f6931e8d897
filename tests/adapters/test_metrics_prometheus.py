"""The metrics as the real Prometheus, Pushgateway and node_exporter take them."""

import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from reconciler.adapters.metrics import exposition, push, write
from reconciler.core.errors import Reason, ReconcileError, TerminalError, TransientError, UsageError
from reconciler.core.views.board import Board, Health
from reconciler.core.views.tally import Ending, Tally
from reconciler.looping.serving import Views, serving
from tests.boards import NOW, board, everything, many, model
from tests.prometheus import asked, free_port, got, node_exporter, prometheus, promtool, pushgateway, until


def test_promtool_finds_nothing_to_complain_of() -> None:
    said = promtool("check", "metrics", given=exposition(everything()).text)
    assert [line for line in said.splitlines() if "reconcile" in line] == []
    assert promtool("check", "metrics", given=exposition(many(200)).text) == said


def test_prometheus_scrapes_what_a_loop_serves_and_a_removed_model_goes(tmp_path: Path) -> None:
    shown = [everything()]
    well = Health(well=True, says="")
    views = Views(board=lambda: shown[0], health=lambda: well, ready=lambda: well, ask=lambda: None)
    with serving("127.0.0.1:0", views) as place, prometheus(tmp_path, {"reconcile": place}) as server:
        until(lambda: asked(server, 'up{job="reconcile"} == 1'))
        until(lambda: len(asked(server, "reconcile_model_ready")) == 7)
        [ready] = asked(server, 'reconcile_model_ready{model="densenet"}')
        assert (ready["metric"]["target"], ready["value"][1]) == ("prod", "1")
        [quantile] = asked(server, "histogram_quantile(0.99, reconcile_run_duration_seconds_bucket)")
        assert 60 < float(quantile["value"][1]) < 120
        shown[0] = replace(shown[0], models={"bert": shown[0].models["bert"]})
        until(lambda: len(asked(server, "reconcile_model_ready")) == 1)


def pushed(server: str) -> dict[str, float]:
    rows = (line for line in got(f"{server}/metrics").decode().splitlines() if line.startswith("reconcile_"))
    return {name: float(value) for name, _, value in (row.rpartition(" ") for row in rows)}


def series(name: str, target: str = "prod", **labels: str) -> str:
    told = {"instance": "", "job": "reconcile", "target": target, **labels}
    return name + "{" + ",".join(f'{key}="{value}"' for key, value in sorted(told.items())) + "}"


def test_a_gateway_takes_a_run_and_the_next_replaces_it(tmp_path: Path) -> None:
    with pushgateway(tmp_path) as server:
        push(server, everything(), {})
        found = pushed(server)
        assert found[series("reconcile_model_ready", model="densenet")] == 1
        assert found[series("reconcile_last_success_timestamp_seconds")] == NOW.timestamp()
        push(f"{server}/", board(model("other"), tally=everything().tally), {})
        assert [name for name in pushed(server) if "densenet" in name] == []


def test_a_run_that_ended_early_leaves_the_last_success_and_the_models_where_they_are(tmp_path: Path) -> None:
    later = NOW + timedelta(minutes=5)
    failed = Board(target="prod", at=later, tally=Tally().with_run(Ending.ERROR, 1, later))
    with pushgateway(tmp_path) as server:
        push(server, everything(), {})
        push(server, failed, {})
        found = pushed(server)
    assert found[series("reconcile_last_run_result", result="error")] == 1
    assert found[series("reconcile_last_run_result", result="success")] == 0
    assert found[series("reconcile_last_success_timestamp_seconds")] == NOW.timestamp()
    assert found[series("reconcile_model_ready", model="bert")] == 0


def test_targets_do_not_touch_each_other_whatever_they_are_called(tmp_path: Path) -> None:
    with pushgateway(tmp_path) as server:
        for name in ("prod", "eu/prod", "ärmel"):
            push(server, replace(everything(), target=name), {})
        found = pushed(server)
        assert {series("reconcile_volume_bytes", name) for name in ("prod", "eu/prod", "ärmel")} <= found.keys()


def test_a_gateway_that_wants_a_password_gets_it_and_nobody_else_sees_it() -> None:
    with refusing(401, "who are you, me:s3cr3t/pw?") as (server, requests):
        with pytest.raises(TerminalError) as caught:
            push(server.replace("http://", "http://me:s3cr3t%2Fpw@") + "/secret-path", everything(), {})
        assert requests[0]["authorization"] == "Basic bWU6czNjcjN0L3B3"
        said = f"{caught.value} {caught.value!r}"
        assert "s3cr3t" not in said
        assert "secret-path" not in said
        assert "it answers 401" in said


@contextmanager
def refusing(status: int, said: str = "") -> Iterator[tuple[str, list[dict[str, str]]]]:
    """A gateway that takes nothing; the headers of what it was asked."""
    heard: list[dict[str, str]] = []

    class Refusing(http.server.BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            heard.append({name.lower(): value for name, value in self.headers.items()})
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(status)
            self.send_header("Location", "http://127.0.0.1:1/")
            self.end_headers()
            self.wfile.write(said.encode())

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Refusing) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", heard
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize(
    ("status", "kind", "told"),
    [
        (500, TransientError, "it answers 500"),
        (400, TerminalError, "it may hold other metrics of the same names"),
        (302, TerminalError, "redirects are not followed"),
        (404, TerminalError, "check the address"),
    ],
)
def test_a_gateway_that_refuses_is_told_with_what_to_do(status: int, kind: type[ReconcileError], told: str) -> None:
    with refusing(status) as (server, heard):
        with pytest.raises(kind, match="cannot be pushed to http://127") as caught:
            push(server, everything(), {})
        assert told in str(caught.value)
        assert "what was applied stays applied" in caught.value.hint
        assert len(heard) == 1


def test_a_gateway_that_is_not_there_is_told() -> None:
    with pytest.raises(TransientError, match="the connection fails") as caught:
        push(f"http://me:secret@127.0.0.1:{free_port()}", everything(), {})
    assert caught.value.reason is Reason.METRICS_NOT_WRITTEN
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["gateway:9091", "ftp://x/", "http://", "http://x:99999/", "http://x/?a=secret", "http://x/ y"]
)
def test_what_is_no_address_of_a_gateway_is_a_usage_error(url: str) -> None:
    with pytest.raises(UsageError, match="the address of the Pushgateway is no") as caught:
        push(url, everything(), {})
    assert "secret" not in str(caught.value)


def test_node_exporter_shows_what_is_in_the_file(tmp_path: Path) -> None:
    folder = tmp_path / "textfile"
    folder.mkdir(mode=0o755)
    write(str(folder / "reconcile.prom"), everything())
    with node_exporter(folder) as server:
        told = got(f"{server}/metrics").decode()
    assert 'reconcile_model_ready{model="densenet",target="prod"} 1' in told
    assert "node_textfile_scrape_error 0" in told
