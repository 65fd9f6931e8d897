"""A repository's objects: opening it, finding a commit by its name, reading files out of a tree."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice

import pygit2
from pygit2.enums import FileMode, RepositoryOpenFlag

from reconciler.adapters.gitrepo.checkout import FILE, FOLDER, SUBMODULE, At, limit_of, link_words, no_folder, require
from reconciler.core.checking.opaque import Opaque
from reconciler.core.errors import Reason, TerminalError

_SHOWN_REFS = 8


def open_repository(path: str) -> pygit2.Repository:
    """The repository at exactly this path. Raises TerminalError with words for why it cannot be used."""
    try:
        return pygit2.Repository(path, RepositoryOpenFlag.NO_SEARCH)
    except (pygit2.GitError, KeyError, ValueError, OSError) as error:
        raise _unusable(path, str(error)) from error


def is_repository(path: str) -> bool:
    """Whether there is a repository at this path that can be used."""
    try:
        open_repository(path)
    except TerminalError:
        return False
    return True


def is_bare(path: str) -> bool:
    """Whether there is a repository without a work tree."""
    try:
        return bool(open_repository(path).is_bare)
    except TerminalError:
        return False


def _unusable(path: str, words: str) -> TerminalError:
    if "not owned by current user" in words:
        message = f"{path} belongs to another user, so git does not trust it"
        hint = f"run as its owner, chown it, or: git config --global --add safe.directory {path}"
    elif ".gitconfig" in words or ".config/git" in words:
        message = f"git cannot read this user's settings: {words}"
        hint = "let HOME name a folder that this user may read"
    else:
        message = f"{path} is not a git repository that can be opened: {words.removeprefix(f'{path}: ')}"
        hint = "--repo names a git repository or a directory with models.d/"
    return TerminalError(Reason.REPOSITORY_UNREADABLE, message, hint)


def commit_at(repo: pygit2.Repository, ref: str, where: str, refs: Iterable[str] | None = None) -> pygit2.Commit:
    """The commit that a branch, tag, commit id or HEAD names. Raises TerminalError naming some of `refs`."""
    try:
        return repo.revparse_single(ref).peel(pygit2.Commit)
    except (pygit2.GitError, KeyError, ValueError) as error:
        raise ref_not_found(ref, where, repo.references if refs is None else refs) from error


def tip_of(repo: pygit2.Repository, name: str) -> pygit2.Commit | None:
    """The commit that a ref names, None if there is no such ref. Raises TerminalError if the commit is lost."""
    ref = repo.references.get(name)
    try:
        return None if ref is None else ref.peel(pygit2.Commit)
    except (pygit2.GitError, KeyError, ValueError) as error:
        message = f"{name} in {repo.path} names a commit that is not there: {str(error).strip(chr(34))}"
        hint = f"`git fsck` says what is lost; a branch of statuses begins anew after `git update-ref -d {name}`"
        raise TerminalError(Reason.REPOSITORY_UNREADABLE, message, hint) from error


def ref_not_found(ref: str, where: str, refs: Iterable[str]) -> TerminalError:
    """The error for a ref that is not there, with a few that are."""
    names = sorted(name.removeprefix("refs/").partition("/")[2] for name in refs if name.startswith("refs/"))
    few = ", ".join(islice(names, _SHOWN_REFS)) + (", …" if len(names) > _SHOWN_REFS else "")
    hint = f"there are: {few}; --ref names one of them or a commit" if few else "it has no commits yet: push one"
    return TerminalError(Reason.REF_NOT_FOUND, f"{where} has no commit {ref!r}", hint)


def configuration(commit: pygit2.Commit, where: str, at: At) -> dict[str, bytes]:
    """The configuration's files of a commit; of other folders no more than names are read.

    Raises TerminalError if there are none to be found.
    """
    tree = subtree(commit, at.path)
    if tree is None:
        raise no_folder(at.path, where)
    entries = [entry for entry in tree if entry.name in (FILE, FOLDER)]
    require((str(entry.name) for entry in entries), at.within(where))
    files = dict(_files(entries, ""))
    for folder in at.further(files):
        if folder in tree:
            files |= _files([tree[folder]], "".join(folder.rpartition("/")[:2]))
    return files


def files_of(tree: pygit2.Tree) -> Mapping[str, bytes]:
    """Every file of a tree by its path."""
    return dict(_files(list(tree), ""))


def subtree(commit: pygit2.Commit, path: str) -> pygit2.Tree | None:
    """The folder of a commit at a path like `a/b`, all of it for an empty one."""
    if not path:
        return commit.tree
    entry = commit.tree[path] if path in commit.tree else None  # noqa: SIM401 - a tree has no get
    return entry if isinstance(entry, pygit2.Tree) else None


def _files(entries: list[pygit2.Object], prefix: str) -> Iterator[tuple[str, bytes]]:
    for entry in entries:
        path = prefix + (entry.raw_name or b"").decode("utf-8", "backslashreplace")
        if isinstance(entry, pygit2.Tree):
            yield from _files(list(entry), path + "/")
        elif isinstance(entry, pygit2.Blob):
            yield path, _content(entry, limit_of(path))
        else:
            yield path, SUBMODULE


def _content(blob: pygit2.Blob, limit: int) -> bytes:
    head = bytes(memoryview(blob)[: limit + 1])
    return Opaque(link_words(head.decode("utf-8", "replace")).encode()) if blob.filemode == FileMode.LINK else head
