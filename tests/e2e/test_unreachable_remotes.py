"""Remotes that come and go, by the real command line: what is done meanwhile, and what says that it may be old."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.certificates import authority
from tests.e2e.bad_world import document, payload
from tests.e2e.command import Answer, reconcile
from tests.git_remotes import bare, branch_files, commit, git, keep_home_out, work_tree
from tests.git_servers import PASSWORD, USER, free_port, web_server

pytestmark = pytest.mark.slow


class World:
    """A model in a folder of a repository behind https and a password, and a volume."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.tree, self.port = folder, folder / "tree", free_port()
        self.volume, self.starts = folder / "volume", 0
        self.bundle = authority(folder)[0]
        source = payload(folder / "payload")
        work_tree(self.tree, {"prod/models.d/one.yaml": document("one", str(source)).encode()})
        self.home = bare(folder / "served" / "config.git", self.tree)
        git(self.home, "config", "http.receivepack", "true")
        self.volume.mkdir()
        (folder / "token").write_text(PASSWORD + "\n")

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}/private/config.git"

    def run(self, command: str, *more: str, up: bool = True, environ: Mapping[str, str] | None = None) -> Answer:
        """A command, with the remote there or not."""
        known = {
            "RECONCILE_REPO": self.url,
            "RECONCILE_PATH": "prod",
            "RECONCILE_VOLUME": str(self.volume),
            "RECONCILE_SERVER": "none",
            "RECONCILE_GIT_USERNAME": USER,
            "RECONCILE_GIT_TOKEN_FILE": str(self.folder / "token"),
            "SSL_CERT_FILE": str(self.bundle),
            **(environ or {}),
        }
        if not up:
            return reconcile(command, *more, environ=known)
        self.starts += 1
        chain = self.bundle.with_name("server.pem")
        where = self.folder / f"web{self.starts}"
        with web_server(where, self.folder / "served", chain=chain, port=self.port):
            return reconcile(command, *more, environ=known)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    folder = tmp_path_factory.mktemp("world")
    keep_home_out(folder / "home")
    return World(folder)


def test_the_last_known_revision_is_applied_while_the_remote_is_away_and_everything_says_so(world: World) -> None:
    first = world.run("apply", up=False)
    assert first.code == 1, "nothing is known yet"
    assert "RepositoryUnreachable" in first.err
    applied = world.run("apply")
    assert applied.code == 0, applied.said
    revision = git(world.tree, "rev-parse", "HEAD")
    assert set(branch_files(world.home, "reconciler-status")) == {
        "default/@routes.json",
        "default/README.md",
        "default/one.yaml",
    }
    (world.volume / "models" / "one").unlink()
    text, data = (world.run("plan", *more, up=False) for more in ((), ("-o", "json")))
    assert (text.code, data.code) == (1, 1)
    told = f"PERHAPS OLD: {revision[:12]} is the last known revision; {world.url} cannot be reached: "
    assert told in text.out
    assert data.document()["not_fresh"].startswith(f"{world.url} cannot be reached")
    assert "PERHAPS OLD" in world.run("status", up=False).out
    explained = world.run("explain", "one", "-o", "json", up=False)
    assert explained.document()["not_fresh"].startswith(f"{world.url} cannot be reached")
    again = world.run("apply", "-o", "json", up=False)
    assert again.code == 6
    assert again.document()["plan"]["revision"] == revision
    assert again.document()["plan"]["not_fresh"].startswith(f"{world.url} cannot be reached")
    assert again.document()["status"]["error"]["reason"] == "RepositoryUnreachable"
    assert (world.volume / "models" / "one" / "1" / "model.py").exists()
    fresh = world.run("plan", "-o", "json")
    assert (fresh.code, fresh.document()["not_fresh"]) == (0, None)


def test_require_fresh_makes_it_an_error(world: World) -> None:
    assert world.run("apply").code == 0
    for asked in ("--require-fresh", ""):
        environ = {"RECONCILE_REQUIRE_FRESH": "" if asked else "true"}
        answer = world.run("apply", *filter(None, [asked]), up=False, environ=environ)
        assert (answer.code, answer.out) == (1, "")
        assert "RepositoryUnreachable" in answer.err
        assert "--require-fresh" in answer.err


def test_what_is_no_outage_is_an_error_although_a_revision_is_known(world: World) -> None:
    assert world.run("apply").code == 0
    cases = {
        "CredentialsMissing": {"RECONCILE_GIT_TOKEN": "falsch"},
        "HostNotTrusted": {"SSL_CERT_FILE": ""},
        "RefNotFound": {"RECONCILE_REF": "nowhere"},
        "RepositoryUnreadable": {"RECONCILE_PATH": "staging"},
    }
    for reason, environ in cases.items():
        answer = world.run("apply", environ=environ)
        assert answer.code == 1, answer.said
        assert f"reconcile: {reason}: " in answer.err


def test_a_forced_push_is_followed(world: World) -> None:
    assert world.run("apply").code == 0
    rewritten = git(world.tree, "commit-tree", "HEAD^{tree}", given=b"rewritten")
    git(world.tree, "push", "--quiet", "--force", str(world.home), f"{rewritten}:main")
    assert json.loads(world.run("plan", "-o", "json").out)["revision"] == rewritten
    last = commit(world.tree, {})
    git(world.tree, "push", "--quiet", "--force", str(world.home), "HEAD:main")
    assert world.run("plan", "-o", "json").document()["revision"] == last


def test_a_plan_before_anything_was_applied_leaves_no_trace_on_a_volume(world: World, tmp_path: Path) -> None:
    answer = world.run("plan", environ={"RECONCILE_VOLUME": str(tmp_path)})
    assert answer.code == 0, answer.said
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("path", ["/etc", "../elsewhere", "a/../../b"])
def test_a_path_out_of_the_repository_is_a_usage_error(world: World, path: str) -> None:
    assert world.run("plan", "--path", path, up=False).code == 64


def test_certificates_that_are_none_are_no_bug(world: World, tmp_path: Path) -> None:
    (tmp_path / "garbage.pem").write_text("hello")
    answer = world.run("plan", environ={"SSL_CERT_FILE": str(tmp_path / "garbage.pem")}, up=False)
    assert answer.code == 1
    assert "SSL_CERT_FILE" in answer.err


def test_validate_reads_a_folder_of_a_private_remote(world: World) -> None:
    answer = world.run("validate")
    assert answer.code == 0, answer.said
