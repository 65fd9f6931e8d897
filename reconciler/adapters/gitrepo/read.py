"""Reads the desired state, and a folder of the status branch, from wherever they are."""

import logging
import os
from collections.abc import Mapping

import pygit2

from reconciler.adapters.gitrepo.access import ANONYMOUS, Access, Local, Remote, locate
from reconciler.adapters.gitrepo.checkout import Checkout, Further, Kind, content_digest, nothing
from reconciler.adapters.gitrepo.folder import read_folder
from reconciler.adapters.gitrepo.mirror import in_mirror
from reconciler.adapters.gitrepo.remote import Link
from reconciler.adapters.gitrepo.repository import commit_at, configuration, files_of, open_repository, subtree
from reconciler.core.errors import Reason, TerminalError

_log = logging.getLogger(__name__)


def read(
    location: str,
    *,
    ref: str | None = None,
    cache: str | None = None,
    access: Access = ANONYMOUS,
    further: Further = nothing,
) -> Checkout:
    """The configuration's files.

    A work tree without `ref` is read as it is on the disk, everything else at a commit (HEAD without `ref`); a plain
    directory has no refs. `cache` is a folder to keep what was fetched from a remote in; `further` names folders that
    are read too. Raises TerminalError, TransientError.
    """
    match locate(location):
        case Remote() as remote:
            return in_mirror(
                cache, lambda repo: _at_remote(Link(repo=repo, remote=remote, access=access), ref or "HEAD", further)
            )
        case Local(path=path):
            return _at_path(path, ref, further)


def read_branch(
    location: str, branch: str, prefix: str, *, cache: str | None = None, access: Access = ANONYMOUS
) -> Mapping[str, bytes] | None:
    """The files of a branch's folder, by path in it; empty without the folder, None without the branch.

    In a clone without the branch its remote-tracking branch of `origin` will do. Raises TerminalError, TransientError.
    """
    match locate(location):
        case Remote() as remote:

            def work(repo: pygit2.Repository) -> Mapping[str, bytes] | None:
                return _folder_of(Link(repo=repo, remote=remote, access=access).fetch_branch(branch), prefix)

            return in_mirror(cache, work)
        case Local(path=path):
            return _folder_of(_local_tip(open_repository(path), branch), prefix) if is_repository(path) else None


def is_repository(path: str) -> bool:
    """Whether there is a repository at this path that can be used."""
    try:
        open_repository(path)
    except TerminalError:
        return False
    return True


def _local_tip(repo: pygit2.Repository, branch: str) -> pygit2.Commit | None:
    names = (f"refs/heads/{branch}", f"refs/remotes/origin/{branch}")
    found = next((name for name in names if name in repo.references), None)
    return None if found is None else repo.references[found].peel(pygit2.Commit)


def _folder_of(commit: pygit2.Commit | None, prefix: str) -> Mapping[str, bytes] | None:
    if commit is None:
        return None
    folder = subtree(commit, prefix)
    return {} if folder is None else files_of(folder)


def _at_remote(link: Link, ref: str, further: Further) -> Checkout:
    return _at_commit(link.fetch(ref), link.remote.shown, further)


def _at_commit(commit: pygit2.Commit, where: str, further: Further) -> Checkout:
    revision = str(commit.id)
    files = configuration(commit, f"{where} at {revision[:12]}", further)
    return Checkout(revision=revision, files=files, kind=Kind.COMMIT, message=commit.message, commit=commit.read_raw())


def _at_path(path: str, ref: str | None, further: Further) -> Checkout:
    if not os.path.isdir(path):
        what = "is not a directory" if os.path.lexists(path) else "does not exist"
        hint = "--repo names a git repository (path or URL) or a directory with models.d/"
        raise TerminalError(Reason.REPOSITORY_UNREADABLE, f"{path} {what}", hint)
    try:
        repo = open_repository(path)
    except TerminalError as error:
        return _plain(path, ref, error, further)
    if ref is not None or repo.is_bare:
        return _at_commit(commit_at(repo, ref or "HEAD", path), path, further)
    return _work_tree(path, repo, further)


def _plain(path: str, ref: str | None, error: TerminalError, further: Further) -> Checkout:
    """A directory is read for what it is, even where git does not like the repository in it."""
    work_tree = os.path.lexists(os.path.join(path, ".git"))
    bare = os.path.lexists(os.path.join(path, "HEAD")) and os.path.lexists(os.path.join(path, "objects"))
    if bare or (work_tree and ref is not None):
        raise error
    if ref is not None:
        message = f"{path} is a plain directory, so there is no {ref!r} in it"
        hint = "leave --ref out, or name a repository with --repo"
        raise TerminalError(Reason.REF_NOT_FOUND, message, hint) from error
    files = _files_of(path, further)
    note = error.message if work_tree else ""
    if note:
        _log.warning("%s; it is read as a plain directory, and no status is written (%s)", note, error.hint)
    return Checkout(
        revision=content_digest(files), files=files, kind=Kind.DIRECTORY, root=os.path.abspath(path), note=note
    )


def _files_of(path: str, further: Further) -> Mapping[str, bytes]:
    """A plain directory's files; where it has none, the repository that it is part of may be what is meant."""
    try:
        return read_folder(path, follow=True, further=further)
    except TerminalError as error:
        found = pygit2.discover_repository(os.path.abspath(path))
        if found is None or error.reason is not Reason.REPOSITORY_UNREADABLE:
            raise
        parent = os.path.dirname(found.rstrip("/")) if found.rstrip("/").endswith("/.git") else found
        if os.path.samefile(parent, path):
            raise
        hint = f"it is inside the git repository {parent}: --repo {parent}"
        raise TerminalError(error.reason, error.message, hint) from error


def _work_tree(path: str, repo: pygit2.Repository, further: Further) -> Checkout:
    files = read_folder(path, follow=False, further=further)
    digest = content_digest(files)
    if repo.head_is_unborn:
        return Checkout(revision=digest, files=files, kind=Kind.WORK_TREE, root=os.path.abspath(path))
    commit = repo.head.peel(pygit2.Commit)
    if _committed(commit, further) == files:
        return Checkout(
            revision=str(commit.id),
            files=files,
            kind=Kind.WORK_TREE,
            root=os.path.abspath(path),
            message=commit.message,
            commit=commit.read_raw(),
        )
    dirty = f"{commit.id}-dirty-{digest.removeprefix('sha256:')[:12]}"
    return Checkout(revision=dirty, files=files, kind=Kind.WORK_TREE, root=os.path.abspath(path))


def _committed(commit: pygit2.Commit, further: Further) -> Mapping[str, bytes] | None:
    try:
        return configuration(commit, "HEAD", further)
    except TerminalError:
        return None
