"""Reading the desired state from real repositories and directories."""

import os
import shutil
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path

import pygit2
import pytest

from reconciler.adapters import gitrepo
from reconciler.adapters.gitrepo import Access, Kind
from reconciler.adapters.gitrepo.access import Remote
from reconciler.adapters.gitrepo.checkout import LIMIT
from reconciler.core.errors import Reason, ReconcileError, TerminalError, TransientError
from tests.git_remotes import bare, commit, daemon, git, keep_home_out, work_tree, write

FILES = {"reconciler.yaml": b"kind: Repository\n", "models.d/a.yaml": b"a\n", "models.d/deep/b.yaml": b"b\n"}


@pytest.fixture(autouse=True)
def _home(tmp_path: Path) -> None:
    keep_home_out(tmp_path / "home")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    work_tree(tmp_path / "tree", {**FILES, "README.md": b"not ours"}, "first\n\nReconcile-Allow-Removals: 2")
    return tmp_path / "tree"


@pytest.fixture
def served(tmp_path: Path, tree: Path) -> Iterator[str]:
    bare(tmp_path / "served" / "config.git", tree)
    with daemon(tmp_path / "served") as url:
        yield f"{url}/config.git"


def refusal(location: str, ref: str | None = None, cache: str | None = None) -> ReconcileError:
    with pytest.raises(ReconcileError) as caught:
        gitrepo.read(location, ref=ref, access=Access(cache=cache))
    return caught.value


def test_a_clean_work_tree_is_its_commit_with_its_message(tree: Path) -> None:
    found = gitrepo.read(str(tree))
    assert (found.files, found.kind, found.root) == (FILES, Kind.WORK_TREE, str(tree))
    assert found.revision == git(tree, "rev-parse", "HEAD")
    assert "Reconcile-Allow-Removals: 2" in found.message


def test_an_edited_work_tree_is_read_as_it_is_and_says_so_in_its_revision(tree: Path) -> None:
    write(tree, {"models.d/a.yaml": b"edited\n"})
    first = gitrepo.read(str(tree))
    assert first.files["models.d/a.yaml"] == b"edited\n"
    assert first.revision.startswith(git(tree, "rev-parse", "HEAD") + "-dirty-")
    write(tree, {"models.d/a.yaml": b"edited again\n"})
    assert gitrepo.read(str(tree)).revision != first.revision


def test_the_commits_message_allows_nothing_for_an_edited_work_tree(tree: Path) -> None:
    (tree / "models.d" / "a.yaml").unlink()
    assert gitrepo.read(str(tree)).message == ""


def test_an_edit_elsewhere_in_the_work_tree_does_not_make_it_dirty(tree: Path) -> None:
    write(tree, {"README.md": b"edited", "other": b"new"})
    assert gitrepo.read(str(tree)).revision == git(tree, "rev-parse", "HEAD")


def test_a_work_tree_without_a_commit_is_read_with_a_digest_for_revision(tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    git(tmp_path / "new", "init", "--quiet")
    write(tmp_path / "new", FILES)
    found = gitrepo.read(str(tmp_path / "new"))
    assert (found.kind, found.revision[:7]) == (Kind.WORK_TREE, "sha256:")


def test_relative_paths_of_a_work_tree_start_from_it_or_from_the_folder_in_it_and_those_of_others_from_nowhere(
    tmp_path: Path, tree: Path, served: str
) -> None:
    assert gitrepo.work_tree(str(tree)) == str(tree)
    assert gitrepo.work_tree(str(tree), "models.d") == str(tree / "models.d")
    assert gitrepo.work_tree(str(tmp_path / "served" / "config.git")) is None
    assert gitrepo.work_tree(served) is None


def test_a_linked_work_tree_is_read_through_a_link_as_git_sync_makes_it(tmp_path: Path, tree: Path) -> None:
    git(tree, "worktree", "add", "--quiet", "--detach", str(tmp_path / "sync" / "rev-1"), "HEAD")
    (tmp_path / "sync" / "current").symlink_to("rev-1")
    found = gitrepo.read(str(tmp_path / "sync" / "current"))
    assert (found.files, found.revision) == (FILES, git(tree, "rev-parse", "HEAD"))


def test_a_work_tree_whose_repository_is_elsewhere_is_read_as_a_directory_with_a_note(tmp_path: Path) -> None:
    write(tmp_path / "sync", {**FILES, ".git": b"gitdir: /not/mounted/here\n"})
    found = gitrepo.read(str(tmp_path / "sync"))
    assert (found.files, found.kind) == (FILES, Kind.DIRECTORY)
    assert "cannot" in found.note or "not a git repository" in found.note
    assert refusal(str(tmp_path / "sync"), "HEAD").reason == Reason.REPOSITORY_UNREADABLE
    assert not gitrepo.can_publish(str(tmp_path / "sync"))


@pytest.mark.parametrize("ref", ["main", "HEAD", "v1", "light", "refs/heads/main", "{commit}", "{short}"])
def test_a_ref_reads_that_commit_whatever_lies_in_the_work_tree(tree: Path, ref: str) -> None:
    first = git(tree, "rev-parse", "HEAD")
    git(tree, "tag", "--annotate", "--message", "one", "v1")
    git(tree, "tag", "light")
    write(tree, {"models.d/a.yaml": b"edited\n"})
    found = gitrepo.read(str(tree), ref=ref.format(commit=first, short=first[:8]))
    assert (found.revision, found.files, found.root, found.kind) == (first, FILES, None, Kind.COMMIT)


def test_a_bare_repository_is_read_at_its_head_by_path_and_by_file_url(tmp_path: Path, tree: Path) -> None:
    home = bare(tmp_path / "bare with space.git", tree)
    assert gitrepo.read(str(home)).files == FILES
    assert gitrepo.read(f"file://{str(home).replace(' ', '%20')}").files == FILES


def test_a_missing_ref_is_named_with_a_few_that_exist(tmp_path: Path, tree: Path) -> None:
    git(tree, "tag", "v1")
    error = refusal(str(bare(tmp_path / "bare.git", tree)), "nope")
    assert (type(error), error.reason) == (TerminalError, Reason.REF_NOT_FOUND)
    assert "'nope'" in error.message
    assert "main, v1" in error.hint


def test_an_empty_repository_has_no_commits_yet(tmp_path: Path) -> None:
    error = refusal(str(bare(tmp_path / "bare.git")))
    assert error.reason == Reason.REF_NOT_FOUND
    assert "no commits yet" in error.hint


@pytest.mark.parametrize("location", ["missing", "file"])
def test_a_location_that_is_no_directory_is_refused_with_words(tmp_path: Path, location: str) -> None:
    write(tmp_path, {"file": b""})
    error = refusal(str(tmp_path / location))
    assert (type(error), error.reason) == (TerminalError, Reason.REPOSITORY_UNREADABLE)
    assert "--repo" in error.hint


def test_a_directory_without_our_files_is_an_error_that_says_what_was_looked_for(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    work_tree(tmp_path / "other", {"README.md": b""})
    for location in (tmp_path / "empty", tmp_path / "other"):
        error = refusal(str(location))
        assert error.reason == Reason.REPOSITORY_UNREADABLE
        assert "models.d" in error.message
    assert "models.d" in refusal(str(tmp_path / "other"), "HEAD").message


def test_an_empty_models_directory_is_a_statement(tmp_path: Path) -> None:
    (tmp_path / "plain" / "models.d").mkdir(parents=True)
    assert gitrepo.read(str(tmp_path / "plain")).files == {}


def test_a_plain_directory_has_the_same_revision_for_the_same_content_anywhere(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write(tmp_path / name, FILES)
    first, second = (gitrepo.read(str(tmp_path / name)) for name in ("one", "two"))
    assert first.revision == second.revision
    assert (first.kind, first.root, first.message) == (Kind.DIRECTORY, str(tmp_path / "one"), "")
    write(tmp_path / "two", {"models.d/a.yaml": b"other"})
    assert gitrepo.read(str(tmp_path / "two")).revision != first.revision


def test_a_plain_directory_has_no_refs(tmp_path: Path) -> None:
    write(tmp_path / "plain", FILES)
    error = refusal(str(tmp_path / "plain"), "main")
    assert error.reason == Reason.REF_NOT_FOUND
    assert "plain directory" in error.message


def mount(folder: Path, version: str) -> None:
    """What the kubelet does for a ConfigMap: a new hidden directory, then `..data` swapped in one rename."""
    write(folder / f"..2026_{version}", {"reconciler.yaml": b"", "models.d/a.yaml": version.encode()})
    (folder / "..data_tmp").symlink_to(f"..2026_{version}")
    (folder / "..data_tmp").rename(folder / "..data")
    for name in ("reconciler.yaml", "models.d"):
        if not (folder / name).is_symlink():
            (folder / name).symlink_to(f"..data/{name}")


def test_a_configmap_mount_is_read_once_and_follows_its_swap(tmp_path: Path) -> None:
    mount(tmp_path / "mount", "one")
    assert gitrepo.read(str(tmp_path / "mount")).files == {"reconciler.yaml": b"", "models.d/a.yaml": b"one"}
    mount(tmp_path / "mount", "two")
    assert gitrepo.read(str(tmp_path / "mount")).files["models.d/a.yaml"] == b"two"


def test_a_configmap_mounted_at_the_models_directory_itself_is_read_once(tmp_path: Path) -> None:
    models = tmp_path / "mount" / "models.d"
    write(models / "..2026_1", {"a.yaml": b"a"})
    (models / "..data").symlink_to("..2026_1")
    (models / "a.yaml").symlink_to("..data/a.yaml")
    assert gitrepo.read(str(tmp_path / "mount")).files == {"models.d/a.yaml": b"a"}


@pytest.mark.parametrize(
    ("target", "words"),
    [("/etc/hostname", "outside"), ("nowhere.yaml", "does not exist"), (".", "leads back"), ("../..", "outside")],
)
def test_a_directorys_link_that_leads_astray_is_refused_but_not_absent(tmp_path: Path, target: str, words: str) -> None:
    write(tmp_path / "plain", FILES)
    (tmp_path / "plain" / "models.d" / "link.yaml").symlink_to(target)
    content = gitrepo.read(str(tmp_path / "plain")).files["models.d/link.yaml"].decode()
    assert content.startswith("a symbolic link to ")
    assert words in content


def test_a_link_in_git_is_refused_in_the_same_words_from_commit_and_work_tree(tree: Path) -> None:
    (tree / "models.d" / "link.yaml").symlink_to("a.yaml")
    commit(tree, {})
    found = [gitrepo.read(str(tree), ref=ref) for ref in (None, "HEAD")]
    assert [each.files["models.d/link.yaml"] for each in found] == [b"a symbolic link to 'a.yaml'"] * 2
    assert found[0].revision == found[1].revision


def test_a_pipe_is_refused_without_waiting_for_a_writer(tmp_path: Path) -> None:
    write(tmp_path / "plain", FILES)
    os.mkfifo(tmp_path / "plain" / "models.d" / "pipe.yaml")
    assert gitrepo.read(str(tmp_path / "plain")).files["models.d/pipe.yaml"] == b"a special file"


def test_a_submodule_is_seen_and_not_read(tmp_path: Path, tree: Path) -> None:
    work_tree(tmp_path / "other", {"c.yaml": b"c"})
    git(
        tree, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(tmp_path / "other"), "models.d/sub"
    )
    commit(tree, {})
    seen = {**FILES, "models.d/sub": b"another repository (a submodule)"}
    assert gitrepo.read(str(tree)).files == gitrepo.read(str(tree), ref="HEAD").files == seen


def test_of_a_large_file_just_more_than_the_limit_is_returned(tree: Path) -> None:
    commit(tree, {"models.d/large.yaml": b"x" * (LIMIT + 5000)})
    for ref in (None, "HEAD"):
        assert len(gitrepo.read(str(tree), ref=ref).files["models.d/large.yaml"]) == LIMIT + 1


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
def test_a_repository_of_another_user_is_explained(tmp_path: Path, tree: Path) -> None:
    home = bare(tmp_path / "bare.git", tree)
    os.chown(home, 12345, 12345)
    error = refusal(str(home))
    assert "belongs to another user" in error.message
    assert "safe.directory" in error.hint


@pytest.mark.parametrize("cached", [True, False])
def test_a_remote_is_read_at_its_head_then_follows_new_commits(
    tmp_path: Path, tree: Path, served: str, cached: bool
) -> None:
    cache = str(tmp_path / "cache") if cached else None
    first = gitrepo.read(served, access=Access(cache=cache))
    assert (first.files, first.kind, first.root) == (FILES, Kind.COMMIT, None)
    assert "Reconcile-Allow-Removals" in first.message
    second = commit(tree, {"models.d/c.yaml": b"c"}, "second")
    git(tree, "push", "--quiet", str(tmp_path / "served" / "config.git"), "main")
    found = gitrepo.read(served, ref="main", access=Access(cache=cache))
    assert (found.revision, found.files) == (second, {**FILES, "models.d/c.yaml": b"c"})
    third = git(tree, "commit-tree", "HEAD~1^{tree}", given=b"rewritten")
    git(tree, "push", "--quiet", "--force", str(tmp_path / "served" / "config.git"), f"{third}:refs/heads/main")
    assert gitrepo.read(served, ref="main", access=Access(cache=cache)).revision == third


@pytest.mark.parametrize("cached", [True, False])
def test_a_remotes_tag_and_older_commits_are_read_even_after_a_shallow_fetch(
    tmp_path: Path, tree: Path, served: str, cached: bool
) -> None:
    cache = str(tmp_path / "cache") if cached else None
    first = git(tree, "rev-parse", "HEAD")
    git(tree, "tag", "--annotate", "--message", "one", "v1")
    commit(tree, {"models.d/c.yaml": b"c"})
    git(tree, "push", "--quiet", "--follow-tags", str(tmp_path / "served" / "config.git"), "main")
    assert gitrepo.read(served, access=Access(cache=cache)).revision != first
    for ref in ("v1", first, first[:9]):
        assert gitrepo.read(served, ref=ref, access=Access(cache=cache)).revision == first


def test_a_remotes_missing_ref_is_named_with_those_that_exist(served: str) -> None:
    for ref in ("nope", "deadbeef"):
        error = refusal(served, ref)
        assert error.reason == Reason.REF_NOT_FOUND
        assert "main" in error.hint


@pytest.mark.parametrize("damage", ["objects", "flipped", "no objects", "refs", "lock", "a file", "another"])
def test_a_damaged_cache_is_thrown_away_and_made_again(tmp_path: Path, served: str, damage: str) -> None:
    cache, mine = tmp_path / "cache", f"refs/reconcile/{Remote(url=served).key}/HEAD"
    gitrepo.read(served, access=Access(cache=str(cache)))
    repository = cache / "repository"
    damaging(repository, damage, mine)
    assert gitrepo.read(served, access=Access(cache=str(cache))).files == FILES
    assert git(repository, "cat-file", "-t", mine) == "commit"
    git(repository, "fsck", "--strict")
    assert sorted(os.listdir(cache)) == ["reconcile-cache", "repository"]


def damaging(repository: Path, damage: str, mine: str) -> None:
    packs = [path for path in (repository / "objects" / "pack").iterdir() if path.suffix in (".pack", ".idx")]
    match damage:
        case "objects":
            for pack in packs:
                overwrite(pack, pack.read_bytes()[:60])
        case "flipped":
            content = packs[0].with_suffix(".pack").read_bytes()
            overwrite(packs[0].with_suffix(".pack"), content[:-40] + bytes(16) + content[-24:])
        case "no objects":
            shutil.rmtree(repository / "objects")
            (repository / "objects").mkdir()
        case "refs":
            write(repository, {mine: b"\0\0"})
        case "lock":
            write(repository, {f"{mine}.lock": b"", mine: b"1" * 40 + b"\n"})
        case "a file":
            shutil.rmtree(repository)
            repository.write_bytes(b"no repository")
        case _:
            shutil.rmtree(repository)
            work_tree(repository, {"README.md": b"something"})


@pytest.mark.parametrize("names", [["HEAD"], ["config"], ["HEAD", "config", "shallow", "description"]])
def test_garbage_among_the_caches_own_files_does_no_harm(tmp_path: Path, served: str, names: list[str]) -> None:
    cache = tmp_path / "cache"
    gitrepo.read(served, access=Access(cache=str(cache)))
    for name in names:
        (cache / "repository" / name).write_bytes(b"\0garbage")
    assert gitrepo.read(served, access=Access(cache=str(cache))).files == FILES


def overwrite(path: Path, content: bytes) -> None:
    path.chmod(0o644)
    path.write_bytes(content)


def test_a_folder_that_is_not_our_cache_is_never_deleted(tmp_path: Path, served: str) -> None:
    write(tmp_path / "cache", {"precious": b"1", "repository/precious": b"2"})
    assert "not ours" in refusal(served, cache=str(tmp_path / "cache")).message
    assert (tmp_path / "cache" / "repository" / "precious").read_bytes() == b"2"


def test_a_remote_that_is_not_there_may_come_back_and_a_repository_that_is_not_may_not(served: str) -> None:
    error = refusal("git://127.0.0.1:1/config.git")
    assert (type(error), error.reason) == (TransientError, Reason.REPOSITORY_UNREACHABLE)
    error = refusal(served.replace("config", "other"))
    assert (type(error), error.reason) == (TerminalError, Reason.REPOSITORY_UNREADABLE)


@pytest.mark.parametrize(
    "location",
    ["https://tess:geheim@127.0.0.1:1/c.git", "ssh://tess:geheim@127.0.0.1:1/c", "s3://tess:geheim@bucket/c"],
)
def test_userinfo_of_a_url_is_in_no_message(location: str) -> None:
    text = str(refusal(location))
    assert "geheim" not in text
    assert "tess" not in text


def test_an_access_hides_its_token_from_its_repr_and_from_texts() -> None:
    access = Access(username="tess", token="geheim")
    assert "geheim" not in repr(access)
    assert access.hide("at https://x:y@host/geheim: failed") == "at https://host/***: failed"


def keys_of(files: Mapping[str, bytes]) -> tuple[str, ...]:
    """Further folders, as the configuration's own files say."""
    return tuple(files["reconciler.yaml"].decode().split())


def test_folders_that_the_configuration_names_are_read_with_it_from_wherever_it_is(tree: Path, tmp_path: Path) -> None:
    named = {"reconciler.yaml": b".reconciler/keys nowhere/at/all", ".reconciler/keys/a.pem": b"key"}
    write(tree, {**named, ".reconciler/other": b"not asked for"})
    dirty = gitrepo.read(str(tree), further=keys_of)
    git(tree, "add", "--all")
    git(tree, "-c", "user.name=T", "-c", "user.email=t@example.org", "commit", "--quiet", "--message", "keys")
    clean, commit = gitrepo.read(str(tree), further=keys_of), gitrepo.read(str(tree), ref="HEAD", further=keys_of)
    assert dirty.files == clean.files == commit.files == {**FILES, **named}
    assert clean.revision == commit.revision == git(tree, "rev-parse", "HEAD")
    write(tree, {".reconciler/keys/a.pem": b"another"})
    assert gitrepo.read(str(tree), further=keys_of).revision.startswith(commit.revision + "-dirty-")
    plain = tmp_path / "plain"
    write(plain, {**FILES, **named})
    assert gitrepo.read(str(plain), further=keys_of).files == {**FILES, **named}


def test_a_link_on_the_way_to_a_further_folder_is_not_followed_out_of_a_work_tree(tree: Path, tmp_path: Path) -> None:
    write(tmp_path / "elsewhere", {"keys/a.pem": b"key"})
    write(tree, {"reconciler.yaml": b".reconciler/keys"})
    (tree / ".reconciler").symlink_to(tmp_path / "elsewhere")
    assert gitrepo.read(str(tree), further=keys_of).files == {**FILES, "reconciler.yaml": b".reconciler/keys"}
    (tree / ".git").rename(tmp_path / "git")
    assert not [path for path in gitrepo.read(str(tree), further=keys_of).files if path.endswith(".pem")]


def test_a_commit_comes_with_its_object_and_what_is_no_commit_does_not(tmp_path: Path) -> None:
    revision = work_tree(tmp_path / "tree", FILES)
    raw = git(tmp_path / "tree", "cat-file", "commit", revision)
    assert gitrepo.read(str(tmp_path / "tree")).commit.decode().strip() == raw
    assert gitrepo.read(str(tmp_path / "tree"), ref=revision).commit.decode().strip() == raw
    write(tmp_path / "tree", {"models.d/other.yaml": b""})
    assert gitrepo.read(str(tmp_path / "tree")).commit == b""
    write(tmp_path / "plain", FILES)
    assert gitrepo.read(str(tmp_path / "plain")).commit == b""


def test_a_file_that_is_not_what_the_commit_names_is_not_read(tmp_path: Path) -> None:
    work_tree(tmp_path / "tree", FILES)
    name = git(tmp_path / "tree", "rev-parse", f"HEAD:{next(iter(FILES))}")
    stored = tmp_path / "tree" / ".git" / "objects" / name[:2] / name[2:]
    stored.chmod(0o644)
    stored.write_bytes(zlib.compress(b"blob 4\0evil"))
    with pytest.raises((pygit2.GitError, ReconcileError), match="mismatch"):
        gitrepo.read(str(tmp_path / "tree"), ref="HEAD")
