"""Committing the status to real repositories, with other writers and with hooks that say no."""

import contextlib
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from reconciler.adapters import gitrepo
from reconciler.adapters.gitrepo import Access, Pace, StatusCommit, faults
from reconciler.core.errors import Reason, TerminalError, TransientError
from tests.git_remotes import bare, branch_files, daemon, git, hook, keep_home_out, work_tree, write
from tests.git_servers import web_server

BRANCH = "reconciler-status"
PACE = Pace(random=random.SystemRandom().random, sleep=time.sleep)


@pytest.fixture(autouse=True)
def _home(tmp_path: Path) -> None:
    keep_home_out(tmp_path / "home")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A bare repository with a desired state."""
    work_tree(tmp_path / "tree", {"models.d/a.yaml": b"a"})
    return bare(tmp_path / "served" / "config.git", tmp_path / "tree")


@pytest.fixture(params=["daemon", "bare"])
def location(request: pytest.FixtureRequest, tmp_path: Path, home: Path) -> Iterator[str]:
    """The repository over the network, and by its path."""
    if request.param == "bare":
        yield str(home)
    else:
        with daemon(tmp_path / "served") as url:
            yield f"{url}/config.git"


def change(files: Mapping[str, bytes], prefix: str = "prod", branch: str = BRANCH) -> StatusCommit:
    return StatusCommit(branch=branch, prefix=prefix, files=files, message=f"status of {prefix}", now=1_700_000_000)


def test_the_first_status_starts_a_branch_without_common_history(location: str, home: Path) -> None:
    revision = gitrepo.publish(location, change({"a.yaml": b"ready", "README.md": b"table"}), PACE)
    assert git(home, "rev-parse", BRANCH) == revision
    assert branch_files(home, BRANCH) == {"prod/a.yaml": b"ready", "prod/README.md": b"table"}
    assert git(home, "rev-list", "--count", BRANCH) == "1"
    assert git(home, "log", "-1", "--format=%an <%ae> %at %s", BRANCH) == (
        "reconcile <reconcile@localhost> 1700000000 status of prod"
    )
    git(home, "fsck", "--strict")


def test_the_same_status_makes_no_commit(location: str, home: Path) -> None:
    gitrepo.publish(location, change({"a.yaml": b"ready"}), PACE)
    assert gitrepo.publish(location, change({"a.yaml": b"ready"}), PACE) is None
    assert git(home, "rev-list", "--count", BRANCH) == "1"


def test_a_targets_folder_is_replaced_and_others_are_left_alone(location: str, home: Path) -> None:
    gitrepo.publish(location, change({"a.yaml": b"1", "b.yaml": b"1"}), PACE)
    gitrepo.publish(location, change({"a.yaml": b"other"}, prefix="staging"), PACE)
    gitrepo.publish(location, change({"a.yaml": b"2"}), PACE)
    assert branch_files(home, BRANCH) == {"prod/a.yaml": b"2", "staging/a.yaml": b"other"}
    gitrepo.publish(location, change({}), PACE)
    assert branch_files(home, BRANCH) == {"staging/a.yaml": b"other"}
    assert git(home, "rev-list", "--count", BRANCH) == "4"


def test_what_was_published_is_read_back(location: str, tmp_path: Path) -> None:
    cache = str(tmp_path / "cache")
    assert gitrepo.read_branch(location, BRANCH, "prod", access=Access(cache=cache)) is None
    gitrepo.publish(location, change({"a.yaml": b"ready"}), PACE, access=Access(cache=cache))
    assert _files(gitrepo.read_branch(location, BRANCH, "prod", access=Access(cache=cache))) == {"a.yaml": b"ready"}
    assert _files(gitrepo.read_branch(location, BRANCH, "other", access=Access(cache=cache))) == {}


def test_eight_concurrent_writers_lose_nothing(location: str, home: Path) -> None:
    def write_thrice(writer: int) -> None:
        for count in range(3):
            gitrepo.publish(location, change({"a.yaml": b"%d" % count}, prefix=f"target-{writer}"), PACE)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write_thrice, range(8)))
    assert branch_files(home, BRANCH) == {f"target-{writer}/a.yaml": b"2" for writer in range(8)}
    assert git(home, "rev-list", "--count", BRANCH) == "24"
    assert git(home, "rev-list", "--count", "--merges", BRANCH) == "0"


FASTER = """
parent=$(git rev-parse --quiet --verify "$1")
git update-ref "$1" $(date +%N | git commit-tree $(git mktree </dev/null) ${parent:+-p $parent})
"""


@dataclass
class Watch:
    """A clock that only sleeping moves; `slow`: seconds that an attempt takes."""

    waited: list[float] = field(default_factory=list)
    slow: float = 0.0
    read: int = 0

    def sleep(self, seconds: float) -> None:
        self.waited.append(seconds)

    def clock(self) -> float:
        self.read += 1
        return sum(self.waited) + self.read * self.slow / 2


def test_a_writer_that_is_always_too_late_gives_up_after_about_two_minutes(location: str, home: Path) -> None:
    hook(home, "update", FASTER)
    watch = Watch(slow=2.0)
    pace = Pace(random=lambda: 0.99, sleep=watch.sleep, clock=watch.clock)
    with pytest.raises(TransientError) as caught:
        gitrepo.publish(location, change({"a.yaml": b"1"}), pace)
    assert caught.value.reason == Reason.PUSH_RACED
    assert 105 < watch.clock() < 125
    assert int(git(home, "rev-list", "--count", BRANCH)) == len(watch.waited) + 1


def test_the_wait_grows_with_the_attempts_and_with_what_one_takes_up_to_eight_seconds() -> None:
    waits = Pace(random=lambda: 0.5, sleep=time.sleep)
    assert [waits.wait(attempt, 0.001) for attempt in range(6)] == [0.025, 0.05, 0.1, 0.2, 0.4, 0.4]
    assert [waits.wait(attempt, 1.0) for attempt in range(6)] == [0.5, 1.0, 2.0, 4.0, 4.0, 4.0]


@pytest.mark.parametrize("linked", [False, True])
def test_a_lock_that_a_killed_writer_has_left_is_taken_away_once_it_has_stood_for_half_a_minute(
    home: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture, *, linked: bool
) -> None:
    gitrepo.publish(str(home), change({"a.yaml": b"1"}), PACE)
    if linked:
        git(home, "worktree", "add", "--quiet", "--detach", str(tmp_path / "linked"), BRANCH)
    lock = home / "refs" / "heads" / f"{BRANCH}.lock"
    lock.touch()
    waited: list[float] = []

    def sleep(seconds: float) -> None:
        waited.append(seconds)
        if lock.exists():
            os.utime(lock, (time.time() - 20 * len(waited),) * 2)

    pace = Pace(random=lambda: 0.5, sleep=sleep)
    where = tmp_path / "linked" if linked else home
    assert gitrepo.publish(str(where), change({"a.yaml": b"2"}), pace) is not None
    assert len(waited) == 3
    assert f"{BRANCH}.lock had stood for 40 seconds" in caplog.text
    assert branch_files(home, BRANCH) == {"prod/a.yaml": b"2"}


def test_a_branch_whose_commit_is_lost_is_told_with_what_to_do_and_begins_anew_after_that(home: Path) -> None:
    commit = gitrepo.publish(str(home), change({"a.yaml": b"1"}), PACE)
    assert commit is not None
    (home / "objects" / commit[:2] / commit[2:]).unlink()
    for _ in range(2):
        with pytest.raises(TerminalError, match=f"{BRANCH} in .* names a commit that is not there") as caught:
            gitrepo.publish(str(home), change({"a.yaml": b"2"}), PACE)
    assert f"git update-ref -d refs/heads/{BRANCH}" in caught.value.hint
    git(home, "update-ref", "-d", f"refs/heads/{BRANCH}")
    assert gitrepo.publish(str(home), change({"a.yaml": b"2"}), PACE) is not None


def test_a_ref_that_another_writer_has_locked_is_waited_for(home: Path) -> None:
    gitrepo.publish(str(home), change({"a.yaml": b"1"}), PACE)
    lock = home / "refs" / "heads" / f"{BRANCH}.lock"
    lock.touch()
    waited: list[float] = []

    def sleep(seconds: float) -> None:
        waited.append(seconds)
        lock.unlink()

    assert gitrepo.publish(str(home), change({"a.yaml": b"2"}), Pace(random=lambda: 0.5, sleep=sleep)) is not None
    assert len(waited) == 1
    assert branch_files(home, BRANCH) == {"prod/a.yaml": b"2"}


WRITERS = """
import random, sys, time
from concurrent.futures import ThreadPoolExecutor
from reconciler.adapters import gitrepo
location, names = sys.argv[1], sys.argv[2].split(",")
def write(name):
    files = {"a.yaml": name.encode(), "README.md": b"table"}
    change = gitrepo.StatusCommit(branch="reconciler-status", prefix=name, files=files, message="status", now=1)
    return gitrepo.publish(location, change, gitrepo.Pace(random=random.random, sleep=time.sleep))
print("ready", flush=True)
sys.stdin.readline()
with ThreadPoolExecutor(len(names)) as pool:
    commits = list(pool.map(write, names))
print(len(set(commits)), flush=True)
"""


def _waiting(command: list[str]) -> subprocess.Popen[str]:
    return subprocess.Popen(command, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)


@pytest.mark.slow
@pytest.mark.parametrize("way", ["file", "http"])
def test_fifty_writers_at_once_lose_nothing_and_are_done_in_two_minutes(tmp_path: Path, home: Path, way: str) -> None:
    git(home, "config", "http.receivepack", "true")
    with contextlib.ExitStack() as stack:
        if way == "http":
            web = stack.enter_context(web_server(tmp_path / "web", tmp_path / "served"))
            url = f"{web.url}/public/config.git"
        else:
            url = home.as_uri()
        names = [[f"target-{process}-{thread}" for thread in range(5)] for process in range(10)]
        command = [sys.executable, "-c", WRITERS, url]
        writers = [stack.enter_context(_waiting([*command, ",".join(mine)])) for mine in names]
        assert [writer.stdout.readline() for writer in writers if writer.stdout] == ["ready\n"] * 10
        started = time.monotonic()
        for writer in writers:
            assert writer.stdin
            writer.stdin.write("\n")
            writer.stdin.flush()
        said = [writer.communicate()[0] for writer in writers]
        took = time.monotonic() - started
    assert said == ["5\n"] * 10
    assert took < 120
    expected = {f"{name}/a.yaml": name.encode() for mine in names for name in mine}
    assert branch_files(home, BRANCH) == expected | {f"{name}/README.md": b"table" for mine in names for name in mine}
    assert git(home, "rev-list", "--count", BRANCH) == "50"
    assert git(home, "rev-list", "--count", "--merges", BRANCH) == "0"


def test_whence_a_repository_comes_is_known(tmp_path: Path, home: Path) -> None:
    git(tmp_path, "clone", "--quiet", "--branch", "main", str(home), "clone")
    assert gitrepo.origin(str(tmp_path / "clone")) == str(home)
    assert gitrepo.origin("https://git.example/m.git") == "https://git.example/m.git"
    assert gitrepo.origin(str(home)) is None
    assert gitrepo.origin(str(tmp_path)) is None


@pytest.mark.parametrize("name", ["pre-receive", "update"])
def test_a_push_that_a_hook_refuses_is_an_error_with_the_hooks_words(location: str, home: Path, name: str) -> None:
    hook(home, name, "echo 'only releases on fridays' >&2; exit 1")
    with pytest.raises(TerminalError) as caught:
        gitrepo.publish(location, change({"a.yaml": b"1"}), PACE)
    assert caught.value.reason == Reason.PUSH_REFUSED
    assert "only releases on fridays" in caught.value.message
    assert "hook declined" in caught.value.message
    assert BRANCH not in git(home, "branch", "--list")


def test_a_hook_sees_the_old_and_the_new_commit_and_the_ref(location: str, home: Path, tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    hook(home, "pre-receive", f"cat >> {seen}")
    hook(home, "update", f'echo "$2 $3 $1" >> {seen}')
    first = gitrepo.publish(location, change({"a.yaml": b"1"}), PACE)
    second = gitrepo.publish(location, change({"a.yaml": b"2"}), PACE)
    one, two = f"{'0' * 40} {first} refs/heads/{BRANCH}", f"{first} {second} refs/heads/{BRANCH}"
    assert seen.read_text().splitlines() == [one, one, two, two]


def test_a_hook_is_told_the_environment_without_our_own_secrets(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECONCILE_GIT_TOKEN", "hunter2")
    monkeypatch.setenv("OF_THE_HOOK", "its own")
    hook(home, "pre-receive", f"env > {tmp_path / 'seen'}")
    gitrepo.publish(str(home), change({"a.yaml": b"1"}), PACE)
    seen = (tmp_path / "seen").read_text()
    assert "OF_THE_HOOK=its own" in seen
    assert "hunter2" not in seen


def test_a_configured_hooks_folder_is_obeyed_too(home: Path, tmp_path: Path) -> None:
    hook(tmp_path, "pre-receive", "echo from elsewhere; exit 1")
    git(home, "config", "core.hooksPath", str(tmp_path / "hooks"))
    with pytest.raises(TerminalError, match="from elsewhere"):
        gitrepo.publish(str(home), change({"a.yaml": b"1"}), PACE)


def test_a_hook_that_cannot_be_run_refuses(home: Path) -> None:
    hook(home, "pre-receive", "exit 0")
    (home / "hooks" / "pre-receive").write_text("#!/not/there\n")
    with pytest.raises(TerminalError, match="cannot be run"):
        gitrepo.publish(str(home), change({"a.yaml": b"1"}), PACE)


def test_an_unreachable_remote_is_transient() -> None:
    with pytest.raises(TransientError):
        gitrepo.publish("git://127.0.0.1:1/config.git", change({"a.yaml": b"1"}), PACE)


def test_a_branch_with_a_desired_state_never_takes_a_status(location: str, home: Path) -> None:
    before = git(home, "rev-parse", "main")
    with pytest.raises(TerminalError, match="holds a desired state"):
        gitrepo.publish(location, change({"a.yaml": b"1"}, branch="main"), PACE)
    assert git(home, "rev-parse", "main") == before


def test_a_work_trees_repository_gets_the_branch_with_index_and_files_untouched(tmp_path: Path) -> None:
    tree = tmp_path / "laptop"
    head = work_tree(tree, {"models.d/a.yaml": b"a"})
    write(tree, {"models.d/a.yaml": b"edited", "new": b""})
    before = git(tree, "status", "--porcelain=v2", "--branch")
    assert gitrepo.can_publish(str(tree))
    gitrepo.publish(str(tree), change({"a.yaml": b"ready"}), PACE)
    assert branch_files(tree, BRANCH) == {"prod/a.yaml": b"ready"}
    assert git(tree, "status", "--porcelain=v2", "--branch") == before
    assert git(tree, "rev-parse", "HEAD") == head
    assert _files(gitrepo.read_branch(str(tree), BRANCH, "prod")) == {"a.yaml": b"ready"}


def test_a_checked_out_branch_is_not_moved_under_its_work_tree(tmp_path: Path) -> None:
    tree = tmp_path / "laptop"
    work_tree(tree, {"prod/a.yaml": b"a"})
    with pytest.raises(TerminalError, match="checked out"):
        gitrepo.publish(str(tree), change({"a.yaml": b"ready"}, branch="main"), PACE)


def test_a_clone_knows_the_status_of_its_origin(tmp_path: Path, home: Path) -> None:
    gitrepo.publish(str(home), change({"a.yaml": b"ready"}), PACE)
    git(tmp_path, "clone", "--quiet", "--branch", "main", str(home), "clone")
    assert _files(gitrepo.read_branch(str(tmp_path / "clone"), BRANCH, "prod")) == {"a.yaml": b"ready"}


def test_a_plain_directory_has_no_place_for_a_status(tmp_path: Path) -> None:
    write(tmp_path / "plain", {"models.d/a.yaml": b""})
    location = str(tmp_path / "plain")
    assert not gitrepo.can_publish(location)
    assert gitrepo.publish(location, change({"a.yaml": b"1"}), PACE) is None
    assert gitrepo.read_branch(location, BRANCH, "prod") is None
    assert [path.name for path in (tmp_path / "plain").iterdir()] == ["models.d"]


@pytest.mark.parametrize("path", ["prod/deploy.yaml", "prod/README.md", "main.c"])
def test_a_branch_that_holds_anything_else_is_not_taken(location: str, home: Path, path: str) -> None:
    tree = home.parent / "people"
    git(home.parent, "clone", "--quiet", str(home), str(tree))
    git(tree, "switch", "--quiet", "--orphan", "pages")
    write(tree, {path: b"theirs"})
    git(tree, "add", "--all")
    git(tree, "-c", "user.name=Ann", "-c", "user.email=ann@example.org", "commit", "--quiet", "--message", "Ours")
    git(tree, "push", "--quiet", "origin", "pages")
    with pytest.raises(TerminalError, match="holds what reconcile has not written"):
        gitrepo.publish(location, change({"README.md": b"# Status of prod"}, branch="pages"), PACE)
    assert branch_files(home, "pages") == {path: b"theirs"}


def test_why_no_object_can_be_written_is_asked_of_the_disk_where_libgit2_says_nothing(home: Path) -> None:
    before = sorted(home.rglob("*"))
    assert faults.disk_says(str(home)) == ""
    assert sorted(home.rglob("*")) == before
    (home / "objects").rename(home / "elsewhere")
    assert faults.disk_says(str(home)) == "No such file or directory"
    (home / "objects").write_bytes(b"")
    assert faults.disk_says(str(home)) == "Not a directory"


def _files(folder: gitrepo.Folder | None) -> dict[str, bytes] | None:
    return None if folder is None else dict(folder.files)
