"""A configuration in a folder of a repository: that folder is read, and nothing beside it."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.adapters import gitrepo
from reconciler.adapters.gitrepo import Kind, folder_of
from reconciler.core.errors import Reason, TerminalError
from tests.git_remotes import bare, commit, daemon, git, keep_home_out, work_tree, write

FILES = {"reconciler.yaml": b"kind: Repository\n", "models.d/a.yaml": b"a\n"}
AT = "deploy/models"


@pytest.fixture(autouse=True)
def _home(tmp_path: Path) -> None:
    keep_home_out(tmp_path / "home")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    inside = {f"{AT}/{path}": content for path, content in FILES.items()}
    work_tree(tmp_path / "tree", {**inside, "models.d/other.yaml": b"another team's", "src/big": b"x" * 100_000})
    return tmp_path / "tree"


@pytest.fixture(params=["work tree", "commit", "bare", "remote", "directory"])
def location(request: pytest.FixtureRequest, tmp_path: Path, tree: Path) -> Iterator[tuple[str, str | None]]:
    """Where it is, and the ref."""
    match request.param:
        case "work tree":
            yield str(tree), None
        case "commit":
            yield str(tree), "HEAD"
        case "bare":
            yield str(bare(tmp_path / "bare.git", tree)), None
        case "remote":
            bare(tmp_path / "served" / "config.git", tree)
            with daemon(tmp_path / "served") as url:
                yield f"{url}/config.git", "main"
        case _:
            (tree / ".git").rename(tmp_path / "git")
            yield str(tree), None


def test_the_folders_files_are_read_with_paths_from_there(location: tuple[str, str | None], tree: Path) -> None:
    found = gitrepo.read(location[0], ref=location[1], path=AT)
    assert found.files == FILES
    on_disk = location == (str(tree), None)
    assert found.root == (str(tree / AT) if on_disk else None), "relative sources start from the folder"
    if found.kind is not Kind.DIRECTORY:
        assert len(found.revision) == 40


@pytest.mark.parametrize("path", ["nowhere", "deploy/nowhere", "src/big"])
def test_a_folder_that_is_not_there_is_named(location: tuple[str, str | None], path: str) -> None:
    with pytest.raises(TerminalError) as caught:
        gitrepo.read(location[0], ref=location[1], path=path)
    assert caught.value.reason == Reason.REPOSITORY_UNREADABLE
    assert f"no folder {path!r}" in caught.value.message
    assert "--path" in caught.value.hint


def test_a_folder_without_a_configuration_is_said_to_have_none(location: tuple[str, str | None]) -> None:
    with pytest.raises(TerminalError, match=r"deploy.* holds neither models.d/ nor reconciler.yaml"):
        gitrepo.read(location[0], ref=location[1], path="deploy")


def test_nothing_else_of_a_commit_is_read(tmp_path: Path, tree: Path) -> None:
    home = bare(tmp_path / "bare.git", tree)
    for path in ("src/big", "models.d/other.yaml", "src", "models.d"):
        digits = git(home, "rev-parse", f"HEAD:{path}")
        os.unlink(home / "objects" / digits[:2] / digits[2:])
    assert gitrepo.read(str(home), path=AT).files == FILES


def test_only_an_edit_in_the_folder_makes_it_dirty(tree: Path) -> None:
    write(tree, {"models.d/other.yaml": b"edited", "src/new": b"new"})
    assert gitrepo.read(str(tree), path=AT).revision == git(tree, "rev-parse", "HEAD")
    write(tree, {f"{AT}/models.d/b.yaml": b"b"})
    assert "-dirty-" in gitrepo.read(str(tree), path=AT).revision


def test_a_link_to_a_folder_is_followed_in_a_directory_only_and_never_out_of_it(tree: Path, tmp_path: Path) -> None:
    (tree / "current").symlink_to(AT)
    (tree / "outside").symlink_to(tmp_path)
    write(tmp_path, {"models.d/x.yaml": b"x"})
    commit(tree, {})
    for ref in (None, "HEAD"):
        with pytest.raises(TerminalError, match="no folder 'current'"):
            gitrepo.read(str(tree), ref=ref, path="current")
    (tree / ".git").rename(tmp_path / "git")
    assert gitrepo.read(str(tree), path="current").files == FILES
    with pytest.raises(TerminalError, match="no folder 'outside'"):
        gitrepo.read(str(tree), path="outside")


def test_a_folder_given_as_the_repository_is_told_how_to_be_given(tree: Path) -> None:
    with pytest.raises(TerminalError) as caught:
        gitrepo.read(str(tree / "deploy"))
    assert f"--repo {tree}, with --path deploy" in caught.value.hint


def test_locks_are_written_in_the_folder(tree: Path) -> None:
    assert folder_of(str(tree), AT) == str(tree / AT)
    with pytest.raises(TerminalError, match="no folder 'nowhere'"):
        folder_of(str(tree), "nowhere")
