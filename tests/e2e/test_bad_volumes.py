"""Volumes that are missing, of the wrong kind, read-only or full: told with what to do, and what is there stays."""

import fcntl
import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.bad_world import Ground, document, mentions, mounted
from tests.e2e.command import reconcile

slow = pytest.mark.slow


@pytest.fixture
def ground(tmp_path: Path) -> Ground:
    """A repository with one model, and an empty volume."""
    made = Ground(folder=tmp_path).begin()
    made.want({"good": document("good", str(made.source("good")))})
    return made


@pytest.mark.parametrize(
    ("kind", "words"), [("nothing", "does not exist"), ("file", "is not a directory"), ("dangling", "does not exist")]
)
@pytest.mark.parametrize("command", ["apply", pytest.param("plan", marks=slow), pytest.param("status", marks=slow)])
def test_a_volume_that_is_none_is_never_made_nor_taken_for_an_empty_one(
    ground: Ground, kind: str, words: str, command: str
) -> None:
    place = ground.folder / kind
    if kind == "file":
        place.write_text("precious")
    if kind == "dangling":
        place.symlink_to("elsewhere")
    before = ground.snapshot()
    answer = ground.run(command, volume=place)
    assert (answer.code, answer.out) == (1, "")
    mentions(answer.err, f"reconcile: VolumeUnusable: the volume {place} {words}\n  Create it or mount it")
    assert ground.snapshot() == before
    assert os.path.lexists(place) == (kind != "nothing")
    assert not place.is_dir()


def test_no_volume_and_no_server_are_questions_of_usage(ground: Ground) -> None:
    repo = ("--repo", str(ground.repository))
    nowhere = reconcile("apply", *repo, "--server", "none")
    nobody = reconcile("apply", *repo, "--volume", str(ground.volume))
    assert (nowhere.code, nobody.code) == (64, 64)
    assert nowhere.err == "reconcile: Usage: no model volume is named\n  give --volume DIR, or `volume` of a target\n"
    mentions(nobody.err, "reconcile: Usage: no server is named\n  give --server grpc://host:8001, or --server none")
    assert list(ground.volume.iterdir()) == []


@slow
def test_a_volume_that_another_run_works_on_is_left_to_it_and_the_run_is_named(ground: Ground) -> None:
    assert ground.run("apply").code == 0
    ground.want({"good": document("good", str(ground.source("changed", factor=3)))})
    with (ground.volume / ".reconciler" / "lock").open("r+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        before = ground.snapshot()
        apply, data = ground.run("apply"), ground.run("apply", "--log-format", "json")
        plan = ground.run("plan", "--detailed-exitcode")
        assert ground.snapshot() == before
    assert (apply.code, data.code, plan.code) == (5, 5, 2)
    mentions(
        apply.err, f"Locked: the volume {ground.volume} is in use by reconcile apply (process ", "Wait for it to end"
    )
    assert json.loads(data.err)["reason"] == "Locked"
    assert ground.run("apply").code == 0
    assert ground.run("plan", "--detailed-exitcode").code == 0


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Ground]:
    """A volume of 256 KiB with a model on it, of which another 64 KiB are used by somebody else."""
    made = Ground(folder=tmp_path)
    problem = mounted(made.volume, "size=256k")
    if problem:
        pytest.skip(problem)
    try:
        made.begin()
        made.want({name: document(name, str(made.source(name))) for name in ("big", "good")})
        assert made.run("apply").code == 0
        yield made
    finally:
        subprocess.run(["umount", "--lazy", str(made.volume)], check=True)


@slow
def test_on_a_read_only_volume_a_plan_can_be_made_but_nothing_else(small: Ground) -> None:
    sources = {"good": small.source("changed", factor=3), "big": small.folder / "sources" / "big"}
    small.want({name: document(name, str(source)) for name, source in sources.items()})
    subprocess.run(["mount", "-o", "remount,ro", str(small.volume)], check=True)
    before = small.snapshot()
    plan, status, apply = small.run("plan"), small.run("status"), small.run("apply")
    assert (plan.code, status.code, apply.code) == (0, 0, 1)
    mentions(plan.out, "~ good", "Plan: 0 to add, 1 to change, 0 to remove, 1 unchanged")
    assert apply.out == ""
    mentions(apply.err, "VolumeUnusable: could not", str(small.volume), "Read-only file system", "must be writable")
    assert small.snapshot() == before


@slow
@pytest.mark.parametrize("told", ["by its size beforehand", "only by the disk"])
def test_a_full_volume_stops_the_model_that_does_not_fit_and_no_other(small: Ground, told: str) -> None:
    good, big = small.source("good-3", factor=3), small.source("big-3", factor=3)
    if told == "only by the disk":
        packed = small.folder / "big.tar.gz"
        (big / "1" / "weights.bin").write_bytes(bytes(1 << 20))
        subprocess.run(["tar", "-czf", packed, "-C", big, "."], check=True)
        big = packed
    else:
        (big / "1" / "weights.bin").write_bytes(os.urandom(1 << 20))
    small.want({"big": document("big", str(big)), "good": document("good", str(good))})
    before = small.served_files()
    answer = small.run("apply", "-o", "json")
    report = answer.document()
    assert answer.code == 6
    ready = {name: standing["conditions"]["Ready"] for name, standing in report["models"].items()}
    assert (ready["big"]["status"], ready["big"]["reason"]) == ("False", "NoSpace")
    # The disk is full for everybody while big's parts are there.
    met_a_full_disk = ready["good"]["reason"] == "NoSpace" and told == "only by the disk"
    assert met_a_full_disk or ready["good"]["status"] == "True"
    mentions(ready["big"]["message"], "enlarge", "or remove models")
    after = small.served_files()
    changed = {path for path in {*before, *after} if before.get(path) != after.get(path)}
    assert changed == (set() if met_a_full_disk else {"good/1/model.py", "good/config.pbtxt"})
    assert list((small.volume / ".reconciler" / "partial").iterdir()) == []
    blocked = [outcome["message"] for outcome in report["outcomes"] if outcome["result"] == "blocked"]
    assert set(blocked) <= {"fetch:big failed", "fetch:good failed", "activate:good failed"}
    subprocess.run(["mount", "-o", "remount,size=8m", str(small.volume)], check=True)
    assert small.run("apply").code == 0
    assert (small.volume / "models" / "big" / "1" / "weights.bin").stat().st_size == 1 << 20
