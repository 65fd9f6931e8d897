"""`reconcile apply --metrics-file --pushgateway` by the command line: what is told, when, and what an alert can see."""

import stat
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.e2e.bad_world import Ground, document, mentions
from tests.e2e.command import reconcile
from tests.prometheus import free_port, got, promtool, pushgateway


@pytest.fixture
def ground(tmp_path: Path) -> Ground:
    """`a` and `b` are wanted, and nothing is there yet."""
    made = Ground(folder=tmp_path).begin()
    made.want({name: document(name, str(made.source(name))) for name in ("a", "b")})
    return made


def told(text: str, name: str, **labels: str) -> float | None:
    """The value of one series."""
    wanted = {"target": "default", **labels}
    rows = (sample for family in text_string_to_metric_families(text) for sample in family.samples)
    return next((row.value for row in rows if row.name == name and wanted.items() <= row.labels.items()), None)


def test_a_run_tells_what_it_did_and_the_next_that_nothing_was_to_be_done(ground: Ground) -> None:
    file = ground.folder / "reconcile.prom"
    answer = ground.run("apply", "--metrics-file", str(file))
    assert answer.code == 0, answer.said
    first = file.read_text()
    assert "reconcile" not in promtool("check", "metrics", given=first.encode())
    assert stat.S_IMODE(file.stat().st_mode) == 0o644
    assert told(first, "reconcile_actions_total", kind="fetch", outcome="done") == 2
    assert told(first, "reconcile_actions_total", kind="activate", outcome="done") == 2
    assert (told(first, "reconcile_fetched_bytes_total") or 0) > 100
    assert told(first, "reconcile_model_ready", model="a") == 1
    assert told(first, "reconcile_models", condition="Ready", status="True") == 2
    assert told(first, "reconcile_last_run_result", result="success") == 1
    assert ground.run("apply", "--metrics-file", str(file)).code == 0
    second = file.read_text()
    assert told(second, "reconcile_runs_total", result="success") == 2
    assert told(second, "reconcile_fetched_bytes_total") == told(first, "reconcile_fetched_bytes_total")


def test_what_others_changed_is_told_as_drift(ground: Ground) -> None:
    file = ground.folder / "reconcile.prom"
    assert ground.run("apply").code == 0
    tree = (ground.volume / "models" / "a").resolve()
    tree.chmod(0o755)
    (tree / "config.pbtxt").unlink()
    assert ground.run("apply", "--metrics-file", str(file)).code == 0
    assert told(file.read_text(), "reconcile_drift_found_total", reason="TreeDamaged") == 1


def test_a_run_that_ends_early_is_told_and_the_models_stay_as_they_were_told(ground: Ground) -> None:
    file = ground.folder / "reconcile.prom"
    assert ground.run("apply", "--metrics-file", str(file)).code == 0
    before = told(file.read_text(), "reconcile_last_success_timestamp_seconds")
    assert ground.run("apply", "--metrics-file", str(file), repo=ground.folder / "nowhere").code == 1
    text = file.read_text()
    assert told(text, "reconcile_last_run_result", result="error") == 1
    assert told(text, "reconcile_runs_total", result="error") == 1
    assert told(text, "reconcile_last_success_timestamp_seconds") == before
    assert told(text, "reconcile_model_ready", model="a") == 1


def test_a_refusal_is_told_as_one(ground: Ground) -> None:
    file = ground.folder / "reconcile.prom"
    signers = ground.folder / "signers"
    signers.write_text(
        "me@example.org ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ0b8cb9gX0bN9fCr3yJ5hZ8q4Qm8y0b1n2c3d4e5f6g\n"
    )
    answer = ground.run("apply", "--metrics-file", str(file), "--allowed-signers", str(signers))
    assert answer.code == 4, answer.said
    assert told(file.read_text(), "reconcile_last_run_result", result="refused") == 1


def test_a_file_that_cannot_be_written_is_told_and_undoes_nothing(ground: Ground) -> None:
    answer = ground.run("apply", "--metrics-file", str(ground.folder / "nowhere" / "x.prom"))
    assert answer.code == 6
    mentions(answer.err, "MetricsNotWritten", "x.prom: No such file or directory", "what was applied stays applied")
    assert (ground.volume / "models" / "a").is_symlink()
    again = ground.run("apply", "--metrics-file", str(ground.folder / "nowhere" / "x.prom"), repo=ground.folder / "no")
    assert again.code == 1


def test_a_gateway_has_it_by_target_and_its_password_is_nowhere(ground: Ground, tmp_path: Path) -> None:
    with pushgateway(tmp_path) as server:
        url = server.replace("http://", "http://me:s3cr3t@")
        answer = reconcile(
            *("apply", "--repo", str(ground.repository), "--volume", str(ground.volume), "--server", "none"),
            environ={"RECONCILE_PUSHGATEWAY": url, "RECONCILE_METRICS_FILE": ""},
        )
        assert answer.code == 0, answer.said
        text = got(f"{server}/metrics").decode()
    assert 'reconcile_model_ready{instance="",job="reconcile",model="a",target="default"} 1' in text
    assert "s3cr3t" not in answer.said


def test_a_gateway_that_is_not_there_is_told_and_undoes_nothing(ground: Ground) -> None:
    answer = ground.run("apply", "--pushgateway", f"http://me:s3cr3t@127.0.0.1:{free_port()}/x")
    assert answer.code == 6
    mentions(answer.err, "MetricsNotWritten", "cannot be pushed to http://127.0.0.1:", "the connection fails")
    assert "s3cr3t" not in answer.said
    assert (ground.volume / "models" / "a").is_symlink()
    assert ground.run("apply", "--pushgateway", "gateway:9091").code == 64
