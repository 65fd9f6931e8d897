"""Repositories that cannot be read, or that refuse the status: told with what to do, and nothing is changed."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.bad_world import Ground, document, mentions
from tests.e2e.command import reconcile
from tests.git_remotes import bare, git, hook, http_remote, write
from tests.web import web_server

slow = pytest.mark.slow


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Ground:
    """A repository with one model, and a volume on which it is."""
    made = Ground(folder=tmp_path_factory.mktemp("repositories")).begin()
    made.want({"good": document("good", str(made.source("good")))})
    assert made.run("apply").code == 0
    return made


def no_such_ref(ground: Ground) -> tuple[str, ...]:
    return "--repo", str(ground.repository), "--ref", "relase/7"


def no_such_place(ground: Ground) -> tuple[str, ...]:
    return "--repo", str(ground.folder / "nowhere")


def a_file(ground: Ground) -> tuple[str, ...]:
    (ground.folder / "file").write_text("")
    return "--repo", str(ground.folder / "file")


def nothing_in_it(ground: Ground) -> tuple[str, ...]:
    (ground.folder / "void").mkdir()
    return "--repo", str(ground.folder / "void")


def a_ref_of_no_repository(ground: Ground) -> tuple[str, ...]:
    write(ground.folder / "plain", {"models.d/README.md": b""})
    return "--repo", str(ground.folder / "plain"), "--ref", "main"


def no_commits(ground: Ground) -> tuple[str, ...]:
    return "--repo", str(bare(ground.folder / "unborn.git"))


def no_models_in_the_commit(ground: Ground) -> tuple[str, ...]:
    return "--repo", str(ground.repository), "--ref", "reconciler-status"


def broken(ground: Ground) -> tuple[str, ...]:
    damaged = bare(ground.folder / "damaged.git", ground.repository)
    (damaged / "config").write_text("[junk")
    return "--repo", str(damaged)


def another_scheme(ground: Ground) -> tuple[str, ...]:
    del ground
    return "--repo", "ftp://user:hunter2@host/models.git"


def one_slash(ground: Ground) -> tuple[str, ...]:
    del ground
    return "--repo", "https:/user:hunter2@host/models.git"


def nobody_listens(ground: Ground) -> tuple[str, ...]:
    del ground
    return "--repo", "http://user:hunter2@127.0.0.1:1/models.git"


CASES: dict[Callable[[Ground], tuple[str, ...]], tuple[str, ...]] = {
    no_such_ref: ("RefNotFound: ", "/repository has no commit 'relase/7'", "there are: main, reconciler-status; --ref"),
    no_such_place: ("RepositoryUnreadable: ", "/nowhere does not exist", "--repo names a git repository"),
    a_file: ("/file is not a directory", "--repo names a git repository"),
    nothing_in_it: ("/void holds neither models.d/ nor reconciler.yaml", "--repo names the repository"),
    a_ref_of_no_repository: ("/plain is a plain directory, so there is no 'main'", "leave --ref out"),
    no_commits: ("/unborn.git has no commit 'HEAD'", "it has no commits yet: push one"),
    no_models_in_the_commit: ("holds neither models.d/ nor reconciler.yaml", "--repo names the repository"),
    broken: ("/damaged.git is not a git repository that can be opened", "--repo names a git repository"),
    another_scheme: ("ftp://host/models.git: git does not speak ftp://", "--repo takes a path, file://, https://"),
    one_slash: ("https:/ with one slash is no address", "write https://HOST/PATH"),
    nobody_listens: ("http://127.0.0.1:1/models.git cannot be reached", "Connection refused", "check the address"),
}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_a_repository_that_cannot_be_read_is_an_error_and_not_an_empty_one(
    ground: Ground, case: Callable[[Ground], tuple[str, ...]]
) -> None:
    before = ground.snapshot()
    where = case(ground)
    answer = reconcile("apply", *where, "--volume", str(ground.volume), "--server", "none")
    assert (answer.code, answer.out) == (1, "")
    assert len(answer.err.splitlines()) == 2
    mentions(answer.err, "reconcile: ", *CASES[case])
    assert "hunter2" not in answer.said
    assert ground.snapshot() == before


@slow
@pytest.mark.parametrize("command", ["plan", "apply", "status"])
def test_every_command_says_the_same_as_json_where_that_was_asked_for(ground: Ground, command: str) -> None:
    before = ground.snapshot()
    answer = ground.run(command, "--ref", "v1", "--log-format", "json", "-o", "json")
    assert answer.code == 1
    told = json.loads(answer.err)
    result = {key: told[key] for key in ("reason", "message", "hint")}
    assert json.loads(answer.out) == {"format_version": "1.0", "error": result}
    assert (told["level"], told["reason"]) == ("error", "RefNotFound")
    assert told["message"] == f"{ground.repository} has no commit 'v1'"
    assert told["hint"] == "there are: main, reconciler-status; --ref names one of them or a commit"
    assert ground.snapshot() == before


@pytest.fixture(scope="module")
def remote(ground: Ground) -> Iterator[str]:
    """The repository behind http and a token."""
    bare(ground.folder / "remotes" / "models.git", ground.repository)
    with http_remote(ground.folder / "remotes", "ci", "hunter2") as base:
        yield base


@slow
@pytest.mark.parametrize(
    ("token", "words"),
    [
        (None, ("it asks for credentials and there are none", "set RECONCILE_GIT_TOKEN")),
        ("swordfish", ("it refuses the credentials it was given", "set RECONCILE_GIT_TOKEN")),
    ],
)
def test_a_remote_that_lets_nobody_in_says_which_variable_holds_the_key(
    ground: Ground, remote: str, token: str | None, words: tuple[str, ...]
) -> None:
    before = ground.snapshot()
    environ = {} if token is None else {"RECONCILE_GIT_TOKEN": token, "RECONCILE_GIT_USERNAME": "ci"}
    where = ("--repo", f"{remote}/models.git", "--volume", str(ground.volume), "--server", "none")
    answer = reconcile("apply", *where, environ=environ)
    assert (answer.code, answer.out) == (1, "")
    mentions(answer.err, "CredentialsMissing", f"{remote}/models.git", *words)
    assert "swordfish" not in answer.said
    assert ground.snapshot() == before


@slow
def test_a_repository_that_is_not_at_the_remote_and_a_server_that_is_no_git_are_told(
    ground: Ground, remote: str
) -> None:
    before = ground.snapshot()
    key = {"RECONCILE_GIT_TOKEN": "hunter2", "RECONCILE_GIT_USERNAME": "ci"}
    rest = ("--volume", str(ground.volume), "--server", "none")
    absent = reconcile("plan", "--repo", f"{remote}/modles.git", *rest, environ=key)
    with web_server() as web:
        web.put("/models.git/info/refs", b"<html>welcome</html>")
        other = reconcile("plan", "--repo", f"{web.url}/models.git", *rest)
    assert (absent.code, other.code) == (1, 1)
    mentions(absent.err, f"there is no repository at {remote}/modles.git", "check --repo")
    mentions(other.err, "RepositoryUnreadable", f"{web.url}/models.git")
    assert ground.snapshot() == before


@slow
def test_a_status_that_is_refused_leaves_what_was_applied_and_says_so(ground: Ground, tmp_path: Path) -> None:
    guarded = bare(tmp_path / "guarded.git", ground.repository)
    hook(guarded, "pre-receive", "echo status branches are frozen until Monday\nexit 1")
    volume = tmp_path / "volume"
    volume.mkdir()
    before = git(guarded, "for-each-ref")
    where = ("--repo", str(guarded), "--ref", "main", "--volume", str(volume), "--server", "none")
    git(guarded, "update-ref", "-d", "refs/heads/reconciler-status")
    text, data = reconcile("apply", *where), reconcile("apply", *where, "-o", "json")
    assert (text.code, data.code) == (6, 6)
    mentions(
        text.out, "The status could not be written: PushRefused: ", "are frozen until Monday", "  let this user push"
    )
    assert data.document()["status"]["error"]["reason"] == "PushRefused"
    assert (volume / "models" / "good" / "1" / "model.py").is_file()
    assert "reconciler-status" in before
    assert "reconciler-status" not in git(guarded, "for-each-ref")
