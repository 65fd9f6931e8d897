"""A disk that alters content and tells nobody: found by `--verify` and before each load, and never loaded."""

import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.bad_world import Ground, document, mentions
from tests.e2e.running import asked
from tests.e2e.served_world import Stage, staged
from tests.e2e.test_run import keeping


def flip(path: Path) -> None:
    """One bit, as a disk does it: size and mtime stay."""
    alter(path, b"TritonPythonModel", b"UritonPythonModel")


def alter(path: Path, old: bytes, new: bytes) -> None:
    """Some bytes; size and mtime stay."""
    before, content = path.stat(), path.read_bytes()
    assert old in content
    path.chmod(0o644)
    path.write_bytes(content.replace(old, new, 1))
    path.chmod(0o444)
    os.utime(path, ns=(before.st_mtime_ns, before.st_mtime_ns))


def wait_for(holds: Callable[[], bool]) -> None:
    """Until it is so."""
    end = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.1)


def code(ground: Ground, name: str) -> Path:
    return ground.volume / "models" / name / "1" / "model.py"


@pytest.fixture
def ground(tmp_path: Path) -> Ground:
    """Two models that nothing is wrong with, and no server."""
    made = Ground(folder=tmp_path).begin()
    made.want({name: document(name, str(made.source(name, factor))) for factor, name in enumerate(("a", "b"), 2)})
    assert made.run("apply").code == 0
    return made


@pytest.mark.slow
def test_verify_shows_a_flipped_bit_as_drift_and_mends_it_from_the_source(ground: Ground) -> None:
    good = code(ground, "a").read_bytes()
    flip(code(ground, "a"))
    before = ground.snapshot()
    assert ground.run("plan", "--detailed-exitcode").code == 0
    found = ground.run("plan", "--verify", "--detailed-exitcode")
    assert found.code == 2
    mentions(found.out, "TreeDamaged: 1/model.py was changed", "fetch", "1 blob found damaged", "0 to add, 1 to change")
    assert ground.snapshot() == before
    assert ground.run("apply", "--verify").code == 0
    assert code(ground, "a").read_bytes() == good
    assert ground.run("plan", "--verify", "--detailed-exitcode").code == 0


@pytest.mark.slow
def test_what_no_source_has_any_more_is_told_from_then_on_by_every_plan_and_mended_once_one_has(
    ground: Ground,
) -> None:
    source = ground.folder / "sources" / "a"
    flip(code(ground, "a"))
    source.rename(ground.folder / "away")
    applied = ground.run("apply", "--verify")
    assert applied.code == 6
    mentions(applied.out, "TreeDamaged: 1/model.py was changed", "SourceNotFound", "Not ready: a: ")
    mentions(
        ground.run("plan").out, "TreeDamaged: the stored copy of 1/model.py is missing or changed", "SourceNotFound"
    )
    shutil.move(ground.folder / "away", source)
    assert ground.run("apply").code == 0
    assert ground.run("plan", "--verify", "--detailed-exitcode").code == 0


@pytest.mark.slow
def test_a_saved_plan_that_was_verified_is_carried_out_verified(ground: Ground) -> None:
    flip(code(ground, "a"))
    file = str(ground.folder / "saved.plan")
    assert ground.run("plan", "--verify", "--out", file).code == 0
    assert ground.run("apply", file).code == 0
    assert ground.run("plan", "--verify", "--detailed-exitcode").code == 0


def test_a_plan_by_the_status_cannot_verify(ground: Ground) -> None:
    answer = ground.run("plan", "--verify", "--observed", "status")
    assert answer.code == 64
    mentions(answer.err, "--verify reads the volume")


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with staged(tmp_path_factory.mktemp("rotten"), "a") as made:
        ground = made.ground
        ground.want({name: document(name, str(ground.source(name, factor))) for name, factor in (("a", 2), ("b", 3))})
        assert ground.run("apply").code == 0
        yield made


@pytest.mark.slow
@pytest.mark.triton
def test_a_damaged_model_is_mended_before_it_is_loaded_and_is_not_loaded_where_it_cannot_be(stage: Stage) -> None:
    ground = stage.ground
    good = code(ground, "a").read_bytes()
    flip(code(ground, "a"))
    assert ground.run("gc", "--verify", "--dry-run").out == "prune: 1 blob found damaged, unless mended by then\n"
    stage.server.restart()
    assert ground.run("apply").code == 0
    assert code(ground, "a").read_bytes() == good
    assert (stage.answer("a"), stage.answer("b")) == (2.0, 3.0)

    flip(code(ground, "b"))
    shutil.rmtree(ground.folder / "sources" / "b")
    serving = stage.served()
    assert ground.run("apply", "--verify").code == 6
    assert stage.served() == serving, "what serves was loaded when all was well"
    stage.server.restart()
    for _ in range(2):
        applied = ground.run("apply")
        assert applied.code == 6
        mentions(applied.out, "TreeDamaged", "SourceNotFound", "Not ready: b: ")
        assert stage.served().keys() == {"a"}
    ground.source("b", 3)
    assert ground.run("apply").code == 0
    assert (stage.answer("a"), stage.answer("b")) == (2.0, 3.0)


@pytest.mark.slow
@pytest.mark.triton
def test_the_loop_mends_what_it_found_damaged_at_its_next_pass_and_is_done_then(stage: Stage) -> None:
    ground = stage.ground
    with keeping(ground) as run:
        run.reach("nothing to do, 2 models ready")
        good = code(ground, "a").read_bytes()
        flip(code(ground, "a"))
        asked(f"{stage.triton.http_url}/v2/repository/models/a/unload", {})
        run.process.send_signal(signal.SIGHUP)
        run.reach_after("fetch a", "TreeDamaged")
        run.reach_after("nothing to do, 2 models ready", "TreeDamaged")
    assert code(ground, "a").read_bytes() == good
    assert stage.answer("a") == 2.0


@pytest.mark.slow
@pytest.mark.triton
def test_what_python_compiled_from_a_damaged_file_does_not_outlive_the_mending(stage: Stage) -> None:
    """Triton loads without us, and Python keeps what it compiled, as if it were of the true file: nothing bars it."""
    ground, models = stage.ground, f"{stage.triton.http_url}/v2/repository/models"
    path = code(ground, "a")
    alter(path, b"* 2)", b"* 9)")
    asked(f"{models}/a/unload", {})
    wait_for(lambda: "a" not in stage.served())
    (path.parent / "__pycache__").unlink()
    asked(f"{models}/a/load", {})
    assert stage.answer("a") == 9.0
    assert any((path.parent / "__pycache__").iterdir())
    assert ground.run("apply", "--verify").code == 0
    assert stage.answer("a") == 2.0
