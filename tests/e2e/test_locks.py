"""Locks through the real command line: what a plan knows by them, and what is done with one that does not fit."""

import shutil
from pathlib import Path

import pytest

from tests.e2e.bad_world import Ground, document
from tests.e2e.command import files_of, reconcile

pytestmark = pytest.mark.slow


@pytest.fixture
def ground(tmp_path: Path) -> Ground:
    """A repository with the models `kept` and `moved`, both locked, and an empty volume."""
    made = Ground(folder=tmp_path).begin()
    made.want({name: document(name, str(made.source(name, factor))) for name, factor in (("kept", 2), ("moved", 5))})
    assert reconcile("lock", "--repo", str(made.repository)).code == 0
    return made


def total(ground: Ground) -> int:
    return sum(file.stat().st_size for file in (ground.folder / "sources/kept").glob("**/*") if file.is_file())


def test_a_plan_of_locked_models_knows_every_byte_while_the_sources_are_gone(ground: Ground) -> None:
    size = total(ground) - (ground.folder / "sources/kept/config.pbtxt").stat().st_size
    (ground.folder / "sources").rename(ground.folder / "away")
    plan = ground.run("plan", "-o", "json", "kept")
    assert plan.code == 0, plan.said
    found = plan.document()
    assert (found["complete"], found["unknown"]) == (True, [])
    fetch = next(step for step in found["steps"] if step["kind"] == "fetch")
    assert fetch["bytes"] == size
    (model,) = found["models"]
    assert (model["deferred"], len(model["generation"]["after"])) == (False, len("sha256:") + 64)
    (ground.folder / "away").rename(ground.folder / "sources")
    assert ground.run("apply").code == 0
    assert (ground.volume / "models/kept").resolve().name == model["generation"]["after"].removeprefix("sha256:")
    shutil.rmtree(ground.folder / "sources")
    assert ground.run("plan", "--detailed-exitcode").code == 0


def test_a_model_whose_lock_does_not_fit_is_held_as_it_is_and_the_others_go_on(ground: Ground) -> None:
    assert ground.run("apply").code == 0
    link, changed = ground.volume / "models/moved", str(ground.source("moved-3", factor=3))
    before = link.readlink()
    locks = {f"models.d/{name}.lock": (ground.repository / f"models.d/{name}.lock").read_bytes() for name in ("moved",)}
    new = str(ground.source("new"))
    ground.want({"moved": document("moved", changed), "new": document("new", new)}, locks)
    (ground.repository / "models.d/kept.lock").unlink()
    answer = ground.run("apply", "--allow-removals", "1")
    assert answer.code == 65, answer.said
    assert "models.d/moved.lock:" in answer.err
    assert "reconcile lock moved" in answer.err
    assert link.readlink() == before
    assert (ground.volume / "models/new").exists()
    assert reconcile("lock", "moved", "--repo", str(ground.repository)).code == 0
    assert ground.run("apply", "--allow-removals", "1").code == 0
    assert link.readlink() != before


def test_a_source_that_changed_behind_its_lock_is_not_served(ground: Ground) -> None:
    (ground.folder / "sources/moved/1/model.py").write_text("something else entirely\n")
    answer = ground.run("apply", "-o", "json")
    assert answer.code == 6, answer.said
    assert "DigestMismatch" in answer.out
    assert (ground.volume / "models/kept").exists()
    assert not (ground.volume / "models/moved").exists()
    check = reconcile("lock", "--check", "--repo", str(ground.repository))
    assert (check.code, "moved: stale" in check.out) == (1, True)
    before = files_of(ground.volume / "models")
    assert ground.run("apply").code == 6
    assert files_of(ground.volume / "models") == before
