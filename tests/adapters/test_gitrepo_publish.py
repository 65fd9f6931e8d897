"""Committing the status to real repositories, with other writers and with hooks that say no."""

import random
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from reconciler.adapters import gitrepo
from reconciler.adapters.gitrepo import Pace, StatusCommit
from reconciler.core.errors import Reason, TerminalError, TransientError
from tests.git_remotes import bare, branch_files, daemon, git, hook, keep_home_out, work_tree, write

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
    assert gitrepo.read_branch(location, BRANCH, "prod", cache=cache) is None
    gitrepo.publish(location, change({"a.yaml": b"ready"}), PACE, cache=cache)
    assert gitrepo.read_branch(location, BRANCH, "prod", cache=cache) == {"a.yaml": b"ready"}
    assert gitrepo.read_branch(location, BRANCH, "other", cache=cache) == {}


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


def test_a_writer_that_is_always_too_late_gives_up_after_about_ten_seconds(location: str, home: Path) -> None:
    hook(home, "update", FASTER)
    waited: list[float] = []
    with pytest.raises(TransientError) as caught:
        gitrepo.publish(location, change({"a.yaml": b"1"}), Pace(random=lambda: 0.99, sleep=waited.append))
    assert caught.value.reason == Reason.PUSH_RACED
    assert 8 < sum(waited) <= 10
    assert waited[0] < 0.05
    assert max(waited) < 1
    assert int(git(home, "rev-list", "--count", BRANCH)) == len(waited)


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
    assert gitrepo.read_branch(str(tree), BRANCH, "prod") == {"a.yaml": b"ready"}


def test_a_checked_out_branch_is_not_moved_under_its_work_tree(tmp_path: Path) -> None:
    tree = tmp_path / "laptop"
    work_tree(tree, {"prod/a.yaml": b"a"})
    with pytest.raises(TerminalError, match="checked out"):
        gitrepo.publish(str(tree), change({"a.yaml": b"ready"}, branch="main"), PACE)


def test_a_clone_knows_the_status_of_its_origin(tmp_path: Path, home: Path) -> None:
    gitrepo.publish(str(home), change({"a.yaml": b"ready"}), PACE)
    git(tmp_path, "clone", "--quiet", "--branch", "main", str(home), "clone")
    assert gitrepo.read_branch(str(tmp_path / "clone"), BRANCH, "prod") == {"a.yaml": b"ready"}


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
