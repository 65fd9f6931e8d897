"""`reconcile run` as a process, on real git and a real volume: what wakes it, what is called off, how it ends."""

import os
import re
import signal
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e.bad_world import Ground, document
from tests.e2e.command import reconcile
from tests.e2e.gates import Gates, gated
from tests.e2e.running import Run, begun


@pytest.fixture
def ground(tmp_path: Path) -> Ground:
    return Ground(folder=tmp_path).begin()


@pytest.fixture
def gates() -> Iterator[Gates]:
    with gated() as found:
        yield found


@contextmanager
def keeping(ground: Ground, *more: str) -> Iterator[Run]:
    """The loop, which looks by itself only every ten minutes, and at git twice a second."""
    where = ("--repo", str(ground.repository), "--volume", str(ground.volume), "--server", ground.server)
    pace = ("--interval", "10m", "--poll", "500ms", "--listen", "127.0.0.1:0")
    with begun((*where, *pace, *more), dict(os.environ), ground.folder / "run.log", "run") as run:
        yield run


def active(ground: Ground) -> set[str]:
    return {entry.name for entry in (ground.volume / "models").iterdir()}


def slowly(gates: Gates, *names: str) -> dict[str, str]:
    return {name: document(name, gates.file(name), framework="onnxruntime") for name in names}


def quickly(ground: Ground, *names: str) -> dict[str, str]:
    return {name: document(name, str(ground.source(name))) for name in names}


def got(address: str, path: str, *, post: bool = False) -> tuple[int, str]:
    """The status and the text of an answer."""
    request = urllib.request.Request(f"{address}/{path}", b"" if post else None)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def test_it_serves_its_health_readiness_metrics_status_and_page_and_takes_a_wish(ground: Ground, gates: Gates) -> None:
    ground.want({**quickly(ground, "a"), **slowly(gates, "slow")})
    with keeping(ground) as run:
        run.reach("activate a: done")
        found = re.search(r"Serving (\S+)", run.said)
        assert found is not None
        address = found[1].rstrip("/")
        assert got(address, "healthz") == (200, "the loop turns\n")
        assert got(address, "readyz")[0] == 503
        gates.open("slow")
        run.reach("nothing to do, 2 models ready")
        assert got(address, "readyz") == (200, "converged\n")
        code, metrics = got(address, "metrics")
        assert code == 200
        assert re.search(r'reconcile_actions_total\{.*kind="fetch".*\} 2', metrics), metrics
        assert '"slow"' in got(address, "status.json")[1]
        assert "<html" in got(address, "")[1]
        assert got(address, "reconcile")[0] == 405
        assert got(address, "reconcile", post=True)[0] == 202
        run.reach("a pass was asked for")


def test_a_new_commit_is_taken_up_at_once_and_so_is_a_wish_for_a_pass(ground: Ground) -> None:
    ground.want(quickly(ground, "a"))
    with keeping(ground) as run:
        run.reach("nothing to do, 1 model ready")
        ground.want(quickly(ground, "a", "b"))
        run.reach("git has changed")
        run.reach("nothing to do, 2 models ready")
        (ground.volume / "models/a").unlink()
        run.process.send_signal(signal.SIGHUP)
        run.reach("a pass was asked for")
        run.reach_after("nothing to do, 2 models ready", "a pass was asked for")
        assert active(ground) == {"a", "b"}
        run.process.terminate()
        assert run.code() == 143
    assert "Asked to stop" in run.said


def test_what_nobody_wants_any_more_is_called_off_and_the_rest_goes_on_while_others_come(
    ground: Ground, gates: Gates
) -> None:
    ground.want(slowly(gates, "gone", "kept"))
    with keeping(ground) as run:
        run.reach("fetch kept: started")
        run.reach("fetch gone: started")
        ground.want({**slowly(gates, "kept"), **quickly(ground, "quick")})
        run.reach("fetch gone: cancelled")
        run.reach("activate quick: done")
        assert "fetch kept: done" not in run.said
        gates.open("kept")
        run.reach("nothing to do, 2 models ready")
        assert active(ground) == {"kept", "quick"}
    assert gates.asked.count("/kept.onnx") == 1, "what was under way was kept"


def test_a_change_of_the_config_alone_lets_the_fetch_go_on(ground: Ground, gates: Gates) -> None:
    ground.want(slowly(gates, "m"))
    with keeping(ground) as run:
        run.reach("fetch m: started")
        ground.want({"m": document("m", gates.file("m"), framework="onnxruntime", config="{max_batch_size: 4}")})
        run.reach("git has changed")
        time.sleep(1.0)
        gates.open("m")
        run.reach("nothing to do")
    assert gates.asked == ["/m.onnx"]
    assert b"max_batch_size: 4" in (ground.volume / "models/m/config.pbtxt").read_bytes()


def test_small_models_do_not_wait_behind_large_ones(ground: Ground, gates: Gates) -> None:
    large = [f"large{number}" for number in range(6)]
    ground.want({**slowly(gates, *large), **quickly(ground, "small")})
    with keeping(ground) as run:
        run.reach("activate small: done")
        assert active(ground) == {"small"}
        assert run.said.count("fetch large") >= 4


def test_a_model_that_fails_waits_alone_and_is_tried_at_once_when_git_says_something_else(ground: Ground) -> None:
    nowhere = ground.folder / "sources" / "broken"
    ground.want({**quickly(ground, "well"), "broken": document("broken", str(nowhere))})
    with keeping(ground) as run:
        run.reach("nothing to do, 1 model ready, 1 not")
        assert "Not ready: broken" in run.said
        ground.want({**quickly(ground, "well", "broken")})
        run.reach("nothing to do, 2 models ready")


def test_another_run_has_the_volume_while_the_loop_rests_and_not_while_it_works(ground: Ground, gates: Gates) -> None:
    ground.want({**quickly(ground, "a")})
    with keeping(ground) as run:
        run.reach("nothing to do, 1 model ready")
        assert ground.run("apply").code == 0
        ground.want({**quickly(ground, "a"), **slowly(gates, "slow")})
        run.reach("fetch slow: started")
        busy = ground.run("apply")
        assert busy.code == 5
        assert "in use by reconcile run (process" in busy.err
        gates.open("slow")
        run.reach("nothing to do, 2 models ready")


def test_asked_to_stop_it_leaves_what_is_under_way_so_that_the_next_run_goes_on(ground: Ground, gates: Gates) -> None:
    ground.want({**quickly(ground, "a"), **slowly(gates, "slow")})
    with keeping(ground) as run:
        run.reach("activate a: done")
        run.process.terminate()
        assert run.code() == 143
    assert "fetch slow: cancelled" in run.said
    told = reconcile("status", "--repo", str(ground.repository), "--observed", "status", "-o", "json")
    assert '"a"' in told.out
    gates.open("slow")
    assert ground.run("apply").code == 0
    assert active(ground) == {"a", "slow"}


def test_an_interrupt_ends_it_with_130_and_a_mistake_on_the_command_line_at_once_with_64(ground: Ground) -> None:
    ground.want(quickly(ground, "a"))
    with keeping(ground) as run:
        run.reach("nothing to do, 1 model ready")
        run.process.send_signal(signal.SIGINT)
        assert run.code() == 130
    wrong = ground.run("run", "--interval", "0s", "--listen", "none")
    assert wrong.code == 64
    assert "'0s' is not a duration" in wrong.err
    targets = "{a: {servers: ['grpc://a:1'], volume: /a}, b: {servers: ['grpc://b:1'], volume: /b}}"
    settings = f"apiVersion: reconciler/v1\nkind: Repository\nspec: {{targets: {targets}}}\n"
    ground.want({}, {"reconciler.yaml": settings.encode()})
    either = ground.run("run", "--listen", "none")
    assert either.code == 64
    assert "--target" in either.err


def test_a_pass_that_cannot_be_done_is_told_and_tried_again_until_it_can(ground: Ground) -> None:
    ground.want(quickly(ground, "a"))
    away = ground.volume.rename(ground.folder / "away")
    with keeping(ground) as run:
        run.reach("VolumeUnusable")
        run.reach("Trying again in")
        away.rename(ground.volume)
        run.reach("nothing to do, 1 model ready")
