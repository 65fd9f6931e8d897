"""What somebody may not read or write, run by a user who is not root: told by name, and nothing is changed."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.bad_world import Ground, document, mentions
from tests.e2e.command import Answer, reconcile
from tests.git_remotes import bare

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.geteuid() != 0 or shutil.which("setpriv") is None, reason="needs root to become nobody"),
]

NOBODY = 65534
BECOME = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")


@pytest.fixture
def ground() -> Iterator[Ground]:
    """A repository of root's with two models, which everybody may read, and an empty volume of nobody's."""
    folder = Path(tempfile.mkdtemp(prefix="reconcile-permissions-"))
    folder.chmod(0o755)
    made = Ground(folder=folder).begin()
    made.want({name: document(name, str(made.source(name))) for name in ("good", "shut")})
    os.chown(made.volume, NOBODY, NOBODY)
    yield made
    shutil.rmtree(folder)


def as_nobody(ground: Ground, command: str, repo: Path | None = None, *arguments: str) -> Answer:
    where = ("--repo", str(repo or ground.repository), "--volume", str(ground.volume), "--server", "none")
    return reconcile(
        command, *where, *arguments, prefix=BECOME, cwd=ground.folder, environ={"HOME": str(ground.folder)}
    )


@pytest.mark.parametrize("part", ["", "1/model.py"])
def test_a_source_that_may_not_be_read_holds_its_model_and_no_other(ground: Ground, part: str) -> None:
    shut = ground.folder / "sources" / "shut" / part
    shut.chmod(0)
    answer = as_nobody(ground, "apply", None, "-o", "json")
    assert answer.code == 6
    models = {model["name"]: model for model in answer.document()["plan"]["models"]}
    assert (models["shut"]["action_reason"], models["shut"]["stalled"]) == ("SourceUnreadable", True)
    mentions(models["shut"]["message"], str(shut).rstrip("/"), "may not be read: permission denied; give this program")
    assert [path.name for path in (ground.volume / "models").iterdir()] == ["good"]
    shut.chmod(0o755)
    assert as_nobody(ground, "apply").code == 0
    assert sorted(path.name for path in (ground.volume / "models").iterdir()) == ["good", "shut"]


def test_a_work_tree_of_another_user_is_read_as_a_directory_and_the_missing_status_is_no_secret(ground: Ground) -> None:
    answer = as_nobody(ground, "apply")
    assert answer.code == 0
    mentions(answer.err, "warning: ", str(ground.repository), "belongs to another user", "no status is written")
    mentions(answer.err, "git config --global --add safe.directory")
    assert "reconciler-status" not in ground.refs()


def test_a_bare_repository_of_another_user_is_refused_with_the_way_to_trust_it(ground: Ground) -> None:
    theirs = bare(ground.folder / "theirs.git", ground.repository)
    before = ground.snapshot()
    answer = as_nobody(ground, "apply", theirs)
    assert (answer.code, answer.out) == (1, "")
    mentions(answer.err, f"{theirs} belongs to another user", f"git config --global --add safe.directory {theirs}")
    assert ground.snapshot() == before


def test_a_home_that_may_not_be_read_is_named_where_git_stumbles_over_it(ground: Ground) -> None:
    home = ground.folder / "home"
    home.mkdir(mode=0o700)
    theirs = bare(ground.folder / "theirs.git", ground.repository)
    where = ("--repo", str(theirs), "--volume", str(ground.volume), "--server", "none")
    answer = reconcile("plan", *where, prefix=BECOME, cwd=ground.folder, environ={"HOME": str(home)})
    assert (answer.code, answer.out) == (1, "")
    mentions(answer.err, "git cannot read this user's settings", f"{home}/.gitconfig", "let HOME name a folder")


@pytest.mark.parametrize("part", ["", "models.d", "models.d/shut.yaml"])
def test_a_configuration_that_may_not_be_read_is_an_error_and_not_an_empty_one(ground: Ground, part: str) -> None:
    assert as_nobody(ground, "apply").code == 0
    shut = ground.repository / part
    shut.chmod(0)
    before = ground.snapshot()
    answer = as_nobody(ground, "apply")
    assert (answer.code, answer.out) == (1, "")
    mentions(
        answer.err, str(shut).rstrip("/"), "cannot be read: Permission denied", "let the user this runs as read it"
    )
    assert ground.snapshot() == before


def test_a_volume_that_may_not_be_written_stays_as_it_is_and_can_be_looked_at(ground: Ground) -> None:
    os.chown(ground.volume, 0, 0)
    before = ground.snapshot()
    plan, apply = as_nobody(ground, "plan"), as_nobody(ground, "apply")
    assert (plan.code, apply.code, apply.out) == (0, 1, "")
    mentions(
        apply.err, f"could not write to the volume {ground.volume}: Permission denied", "must be writable for this"
    )
    assert ground.snapshot() == before


@pytest.mark.parametrize("part", ["", "volume"])
def test_a_volume_that_may_not_be_read_is_not_taken_for_a_missing_or_empty_one(ground: Ground, part: str) -> None:
    assert as_nobody(ground, "apply").code == 0
    hidden = ground.folder / "hidden"
    hidden.mkdir()
    volume = ground.volume.rename(hidden / "volume")
    os.chown(volume, 0, 0)
    (hidden / part).chmod(0)
    where = ("--repo", str(ground.repository), "--volume", str(volume), "--server", "none")
    answer = reconcile("plan", *where, prefix=BECOME, cwd=ground.folder, environ={"HOME": str(ground.folder)})
    assert (answer.code, answer.out) == (1, "")
    mentions(answer.err, "VolumeUnusable: could not ", str(volume), "Permission denied")
