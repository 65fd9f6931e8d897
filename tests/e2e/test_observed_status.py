"""`reconcile plan --observed status` by the command line: git alone tells what would change, or that nobody knows."""

import json
import shutil
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from reconciler.core.schemas.schema_plan import plan_schema
from tests.e2e.bad_world import Ground, document, mentions
from tests.e2e.command import Answer, reconcile
from tests.e2e.served_world import staged


def against_status(ground: Ground, *arguments: str) -> Answer:
    """Without a word of where the volume and the servers are."""
    return reconcile("plan", "--observed", "status", "--repo", str(ground.repository), *arguments)


def outcome(ground: Ground) -> tuple[str, bool, int]:
    answer = against_status(ground, "-o", "json", "--detailed-exitcode")
    found = json.loads(answer.out)
    Draft202012Validator(plan_schema()).validate(found)
    assert found["observed"] == "status"
    return found["outcome"], found["complete"], answer.code


@pytest.fixture
def ground(tmp_path: Path) -> Ground:
    """`a` and `b` are locked, applied, and their status is committed; then volume and sources are gone."""
    made = Ground(folder=tmp_path).begin()
    made.want({name: document(name, str(made.source(name))) for name in ("a", "b")})
    locks(made)
    assert made.run("apply").code == 0
    shutil.rmtree(made.volume)
    shutil.rmtree(tmp_path / "sources")
    return made


def locks(ground: Ground) -> None:
    assert reconcile("lock", "--repo", str(ground.repository)).code == 0
    ground.want({path.stem: path.read_text() for path in (ground.repository / "models.d").glob("*.yaml")})


def test_what_is_locked_and_was_applied_is_no_change(ground: Ground) -> None:
    before = ground.refs()
    assert outcome(ground) == ("none", True, 0)
    answer = against_status(ground)
    mentions(answer.out, "Planned against the last committed status", "No changes. 2 models are as revision")
    assert answer.code == 0
    assert ground.refs() == before
    assert not ground.volume.exists()


def test_changes_are_told_by_name_and_by_the_exit_code(ground: Ground) -> None:
    path = ground.repository / "models.d" / "a.yaml"
    changed = path.read_text() + "  config: {max_batch_size: 8}\n"
    ground.want({"a": changed, "c": document("c", "s3://models/c/")})
    (ground.repository / "models.d" / "b.lock").unlink()
    assert outcome(ground) == ("changes", True, 2)
    answer = against_status(ground)
    assert answer.code == 0
    mentions(answer.out, "~ a", "! b", "+ c", "(known after fetch)", "Plan: 1 to add, 1 to change, 0 to remove")
    told = against_status(ground, "-o", "markdown").out
    mentions(
        told, "Planned against the last committed status", "2 models added or changed", "NoServer: nothing is removed"
    )


def test_what_nothing_pins_is_unknown_and_not_the_same_as_no_change(ground: Ground) -> None:
    (ground.repository / "models.d" / "a.lock").unlink()
    assert outcome(ground) == ("unknown", False, 1)
    answer = against_status(ground)
    assert answer.code == 0
    mentions(
        answer.out, "? a", "NotCompared: what its source holds now is not known", "1 unchanged, 0 held, 1 unknown."
    )
    assert "No changes" not in answer.out
    mentions(against_status(ground, "-o", "markdown").out, "1 model of which it is not known whether it changes")


def test_without_any_status_everything_is_unknown(tmp_path: Path) -> None:
    ground = Ground(folder=tmp_path).begin()
    ground.want({"a": document("a", str(ground.source("a")))})
    locks(ground)
    assert outcome(ground) == ("unknown", False, 1)
    mentions(against_status(ground).out, "NoStatus: no status of this target was ever committed", "1 unknown.")


def test_a_plan_against_the_status_cannot_be_saved(ground: Ground) -> None:
    answer = against_status(ground, "--out", str(ground.folder / "p"))
    assert answer.code == 64
    mentions(answer.err, "--out saves what `apply` can carry out")
    assert not (ground.folder / "p").exists()


@pytest.mark.triton
def test_a_clone_tells_the_very_steps_that_the_machine_with_the_server_takes(tmp_path: Path) -> None:
    with staged(tmp_path, "a", "b") as stage:
        ground = stage.ground
        locks(ground)
        assert ground.run("apply").code == 0
        assert outcome(ground) == ("none", True, 0)
        ground.source("a", factor=5)
        locks(ground)
        (ground.repository / "models.d" / "b.yaml").unlink()
        (ground.repository / "models.d" / "b.lock").unlink()
        ground.want({"a": (ground.repository / "models.d" / "a.yaml").read_text()})
        remembered = against_status(ground, "-o", "json").document()
        live = ground.run("plan", "-o", "json").document()
        kept = [step["id"] for step in live["steps"] if step["kind"] != "prune"]
        assert [step["id"] for step in remembered["steps"]] == kept != []
        assert [one["change"] for one in remembered["models"]] == ["update", "remove"]
        assert ground.run("apply").code == 0
        assert outcome(ground) == ("none", True, 0)
