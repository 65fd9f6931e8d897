"""The command line as scripts and hurried people use it."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.e2e.bad_world import Ground, document, mentions
from tests.e2e.command import reconcile

EMPTY = ("REF", "REPO", "TARGET", "SERVER", "VOLUME", "TIMEOUT", "LOG_FORMAT", "YES")


@pytest.fixture
def ground(tmp_path: Path) -> Ground:
    made = Ground(folder=tmp_path).begin()
    made.want({"q": document("q", str(made.source("q")))})
    return made


def test_empty_flags_and_variables_count_as_not_set(ground: Ground) -> None:
    settings = {f"RECONCILE_{name}": "" for name in EMPTY}
    volume = ("--server", "none", "--volume", str(ground.volume))
    answer = reconcile("plan", *volume, environ=settings, cwd=ground.repository)
    assert answer.code == 0, answer.said
    answer = ground.run("plan", "--ref", "", "--target", "", "--timeout", "")
    assert answer.code == 0, answer.said
    assert reconcile("validate", "--repo", "", "--ref", "", cwd=ground.repository).code == 0


@pytest.mark.parametrize("command", ["plan", "apply", "status"])
def test_an_error_that_ends_the_run_is_a_document_too_where_one_was_asked_for(ground: Ground, command: str) -> None:
    answer = ground.run(command, "-o", "json", ref="nowhere")
    assert answer.code == 1
    found = answer.document()
    assert found["format_version"] == "1.0"
    assert found["error"]["reason"] == "RefNotFound"
    mentions(answer.err, found["error"]["message"])


def test_an_error_that_ends_a_validation_is_a_document_too(ground: Ground) -> None:
    answer = reconcile("validate", "--repo", str(ground.folder / "nowhere"), "-o", "json")
    assert answer.document()["error"]["reason"] == "RepositoryUnreadable"


def test_a_folder_inside_a_repository_is_told_with_the_repository(ground: Ground) -> None:
    below = ground.repository / "docs"
    below.mkdir()
    answer = reconcile("validate", "--repo", ".", cwd=below)
    assert answer.code == 1
    mentions(answer.err, f"it is inside the git repository {ground.repository}")


def test_a_file_url_with_one_slash_is_a_path(ground: Ground) -> None:
    assert ground.run("plan", repo=f"file:{ground.repository}").code == 0


@pytest.mark.parametrize(
    ("number", "code", "word"), [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")]
)
@pytest.mark.parametrize("after", [0.1, 0.25, 0.45])
def test_a_signal_while_the_program_starts_ends_it_with_one_sentence(
    ground: Ground, number: int, code: int, word: str, after: float
) -> None:
    begun = [sys.executable, "-X", "importtime", "-m", "reconciler", "status", "--repo", str(ground.repository)]
    with subprocess.Popen(
        [*begun, "--volume", str(ground.volume), "--server", "none"], stderr=subprocess.PIPE
    ) as child:
        assert child.stderr is not None
        for line in child.stderr:
            if b"reconciler.early" in line:
                break
        time.sleep(after)
        child.send_signal(number)
        told = [line for line in child.stderr.read().decode().splitlines() if not line.startswith("import time:")]
    if child.returncode == 0:
        pytest.skip("it was faster than the signal")
    assert (child.returncode, told) == (code, [f"reconcile: {word}: nothing was begun"])
