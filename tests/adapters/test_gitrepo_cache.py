"""What is kept of a remote: the last known revision of each ref, for one remote and nobody else."""

import logging
import os
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from reconciler.adapters import gitrepo
from reconciler.adapters.gitrepo import Access, Pace, StatusCommit
from reconciler.adapters.volume import git_cache
from reconciler.core.errors import Reason, ReconcileError, TransientError
from tests.git_remotes import bare, commit, daemon, git, keep_home_out, work_tree

FILES = {"models.d/a.yaml": b"a"}
PACE = Pace(random=lambda: 0.5, sleep=lambda _: None)


@pytest.fixture(autouse=True)
def _home(tmp_path: Path) -> None:
    keep_home_out(tmp_path / "home")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    work_tree(tmp_path / "tree", FILES)
    bare(tmp_path / "served" / "config.git", tmp_path / "tree")
    return tmp_path / "tree"


class Switch:
    """A git server that can be turned off; its address stays."""

    def __init__(self, base: Path) -> None:
        self._stack = ExitStack()
        self.url = self._stack.enter_context(daemon(base)) + "/config.git"

    def off(self) -> None:
        self._stack.close()


@pytest.fixture
def switch(tmp_path: Path, tree: Path) -> Iterator[Switch]:
    assert tree.exists()
    found = Switch(tmp_path / "served")
    yield found
    found.off()


def push(tree: Path, *refspecs: str) -> None:
    git(tree, "push", "--quiet", str(tree.parent / "served" / "config.git"), *refspecs)


def refusal(url: str, access: Access, ref: str | None = None) -> ReconcileError:
    with pytest.raises(ReconcileError) as caught:
        gitrepo.read(url, ref=ref, access=access)
    return caught.value


def test_the_last_known_revision_of_each_ref_is_taken_while_the_remote_is_away(
    switch: Switch, tree: Path, tmp_path: Path
) -> None:
    access, first = Access(cache=str(tmp_path / "cache")), git(tree, "rev-parse", "HEAD")
    git(tree, "tag", "v1")
    second = commit(tree, {"models.d/b.yaml": b"b"})
    push(tree, "main", "v1")
    fresh = {ref: gitrepo.read(switch.url, ref=ref, access=access) for ref in (None, "main", "v1", second)}
    switch.off()
    for ref, before in fresh.items():
        found = gitrepo.read(switch.url, ref=ref, access=access)
        assert (found.files, found.revision) == (before.files, before.revision)
        assert (found.not_fresh == "") is (ref == second), "a commit by its id is what it is"
        assert before.not_fresh == ""
    assert fresh["v1"].revision == first
    assert f"{switch.url} cannot be reached" in gitrepo.read(switch.url, access=access).not_fresh


def test_what_was_never_fetched_or_is_another_remotes_is_an_error_while_the_remote_is_away(
    switch: Switch, tmp_path: Path
) -> None:
    access = Access(cache=str(tmp_path / "cache"))
    gitrepo.read(switch.url, access=access)
    switch.off()
    for url, ref in ((switch.url, "main"), (switch.url.replace("config", "other"), None), (switch.url, "not a ref")):
        error = refusal(url, access, ref)
        assert (type(error), error.reason) == (TransientError, Reason.REPOSITORY_UNREACHABLE)
    assert refusal(switch.url, Access()).reason == Reason.REPOSITORY_UNREACHABLE


def test_a_ref_that_the_remote_gave_up_is_no_last_known_revision(switch: Switch, tree: Path, tmp_path: Path) -> None:
    access = Access(cache=str(tmp_path / "cache"))
    push(tree, "main:refs/heads/prod")
    gitrepo.read(switch.url, ref="prod", access=access)
    push(tree, ":refs/heads/prod")
    assert refusal(switch.url, access, "prod").reason == Reason.REF_NOT_FOUND
    switch.off()
    assert refusal(switch.url, access, "prod").reason == Reason.REPOSITORY_UNREACHABLE


def test_a_status_is_read_from_the_cache_alone_where_nobody_shall_be_asked(switch: Switch, tmp_path: Path) -> None:
    access = Access(cache=str(tmp_path / "cache"))
    change = StatusCommit(branch="status", prefix="prod", files={"a": b"1"}, message="s", now=0)
    gitrepo.publish(switch.url, change, PACE, access=access)
    assert _files(gitrepo.read_branch(switch.url, "status", "prod", access=access)) == {"a": b"1"}
    switch.off()
    offline = Access(cache=str(tmp_path / "cache"), offline=True)
    assert _files(gitrepo.read_branch(switch.url, "status", "prod", access=offline)) == {"a": b"1"}
    assert gitrepo.read_branch(switch.url, "other", "prod", access=offline) is None


def test_a_damaged_cache_helps_nobody_while_the_remote_is_away(switch: Switch, tmp_path: Path) -> None:
    access = Access(cache=str(tmp_path / "cache"))
    gitrepo.read(switch.url, access=access)
    shutil.rmtree(tmp_path / "cache" / "repository" / "objects" / "pack")
    switch.off()
    assert refusal(switch.url, access).reason == Reason.REPOSITORY_UNREACHABLE
    assert sorted(os.listdir(tmp_path / "cache")) == ["reconcile-cache", "repository"]


def test_many_runs_at_once_share_a_cache(switch: Switch, tmp_path: Path) -> None:
    access = Access(cache=str(tmp_path / "cache"))
    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(lambda _: gitrepo.read(switch.url, access=access), range(12)))
    assert all(each.files == FILES and not each.not_fresh for each in found)
    git(tmp_path / "cache" / "repository", "fsck", "--strict")


def test_a_cache_that_cannot_be_used_is_done_without(
    switch: Switch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("in the way")
    with caplog.at_level(logging.WARNING):
        assert gitrepo.read(switch.url, access=Access(cache=str(tmp_path / "file" / "git"))).files == FILES
    assert "is not used: Not a directory" in caplog.text


def test_a_cache_that_has_grown_is_made_anew_with_what_is_wanted(switch: Switch, tree: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    access, packs = Access(cache=str(cache)), cache / "repository" / "objects" / "pack"
    gitrepo.read(switch.url, access=access)
    for number in range(120):
        (packs / f"tmp_pack_{number}").write_bytes(b"left by somebody who was killed")
    last = commit(tree, {"models.d/b.yaml": b"b"})
    push(tree, "main")
    assert gitrepo.read(switch.url, access=access).revision == last
    assert len(os.listdir(packs)) < 5
    switch.off()
    assert gitrepo.read(switch.url, access=access).revision == last


def test_a_volume_has_a_cache_once_something_was_written_on_it(tmp_path: Path) -> None:
    assert git_cache(None, create=True) is None
    assert git_cache(str(tmp_path / "nowhere"), create=True) is None
    assert git_cache(str(tmp_path), create=False) is None
    assert git_cache(str(tmp_path), create=True) == str(tmp_path / ".reconciler" / "git")
    assert list(tmp_path.glob(".reconciler")) == []
    (tmp_path / ".reconciler").mkdir()
    assert git_cache(str(tmp_path), create=False) == str(tmp_path / ".reconciler" / "git")


def _files(folder: gitrepo.Folder | None) -> dict[str, bytes] | None:
    return None if folder is None else dict(folder.files)
