"""Reads the desired state, and a folder of the status branch, from wherever they are."""

import logging
import os
from collections.abc import Mapping
from dataclasses import replace

import pygit2

from reconciler.adapters.gitrepo.access import ANONYMOUS, Access, Local, Remote, locate
from reconciler.adapters.gitrepo.checkout import At, Checkout, Folder, Further, Kind, content_digest, no_folder, nothing
from reconciler.adapters.gitrepo.folder import read_folder
from reconciler.adapters.gitrepo.mirror import in_mirror, in_new_mirror
from reconciler.adapters.gitrepo.remote import Link
from reconciler.adapters.gitrepo.repository import (
    commit_at,
    configuration,
    files_of,
    is_repository,
    open_repository,
    subtree,
    tip_of,
)
from reconciler.core.errors import Reason, TerminalError, TransientError

_log = logging.getLogger(__name__)


def read(
    location: str,
    *,
    ref: str | None = None,
    path: str = "",
    access: Access = ANONYMOUS,
    further: Further = nothing,
) -> Checkout:
    """The configuration's files.

    A work tree without `ref` is read as it is on the disk, everything else at a commit (HEAD without `ref`); a plain
    directory has no refs. `path`: a folder in it, as `a/b`, of which alone is read; `further` names folders in there
    that are read too. Where a remote cannot be reached, what `access.cache` has of it will do, and `not_fresh` says
    so. Raises TerminalError, TransientError.
    """
    at = At(ref=ref, path=path, further=further)
    match locate(location):
        case Remote() as remote:
            return _remote(remote, at, access)
        case Local(path=folder):
            return _at_path(folder, at)


def work_tree(location: str, path: str = "") -> str | None:
    """The folder that relative paths of a work tree, or of a folder in it, start from; None for what is no work tree.

    Raises TerminalError.
    """
    place = locate(location)
    if not isinstance(place, Local) or open_repository(place.path).is_bare:
        return None
    return _below(place.path, At(path=path), follow=False)


def read_branch(location: str, branch: str, prefix: str, *, access: Access = ANONYMOUS) -> Folder | None:
    """A folder of a branch; an empty one where there is none, None without the branch.

    In a clone without the branch its remote-tracking branch of `origin` will do. Raises TerminalError, TransientError.
    """
    match locate(location):
        case Remote() as remote:

            def work(repo: pygit2.Repository) -> Folder | None:
                link = Link(repo=repo, remote=remote, access=access)
                tip = link.last(f"refs/heads/{branch}") if access.offline else link.fetch_branch(branch)
                return _folder_of(tip, prefix)

            return in_mirror(access.cache, work)
        case Local(path=path):
            return _folder_of(local_tip(open_repository(path), branch), prefix) if is_repository(path) else None


def origin(location: str) -> str | None:
    """The address of the remote that this is, or that a repository here was cloned from: it may hold a secret."""
    match locate(location):
        case Remote(url=url):
            return url
        case Local(path=path):
            if not is_repository(path):
                return None
            remotes = open_repository(path).remotes
            return str(remotes["origin"].url) if "origin" in remotes.names() else None


def local_tip(repo: pygit2.Repository, branch: str) -> pygit2.Commit | None:
    """A branch of a repository here, or what was last fetched of it."""
    names = (f"refs/heads/{branch}", f"refs/remotes/origin/{branch}")
    return next((tip for name in names if (tip := tip_of(repo, name)) is not None), None)


def _folder_of(commit: pygit2.Commit | None, prefix: str) -> Folder | None:
    if commit is None:
        return None
    folder = subtree(commit, prefix)
    return Folder() if folder is None else Folder(id=str(folder.id), files=files_of(folder))


def _remote(remote: Remote, at: At, access: Access) -> Checkout:
    def work(repo: pygit2.Repository) -> Checkout:
        return _at_remote(Link(repo=repo, remote=remote, access=access), at)

    found = in_mirror(access.cache, work)
    if access.cache is not None and not found.not_fresh:
        in_new_mirror(access.cache, work)
    return found


def _at_remote(link: Link, at: At) -> Checkout:
    """The ref as the remote has it; as it last had it where that cannot be reached just now."""
    ref = at.ref or "HEAD"
    try:
        return _at_commit(link.fetch(ref), link.remote.shown, at)
    except TransientError as error:
        if error.reason is not Reason.REPOSITORY_UNREACHABLE:
            raise
        last = link.last(ref)
        if last is None:
            raise
        found = _at_commit(last, link.remote.shown, at)
        return found if found.revision == ref else replace(found, not_fresh=error.message)


def _at_commit(commit: pygit2.Commit, where: str, at: At) -> Checkout:
    revision = str(commit.id)
    files = configuration(commit, f"{where} at {revision[:12]}", at)
    return Checkout(revision=revision, files=files, kind=Kind.COMMIT, message=commit.message, commit=commit.read_raw())


def _at_path(path: str, at: At) -> Checkout:
    if not os.path.isdir(path):
        what = "is not a directory" if os.path.lexists(path) else "does not exist"
        hint = "--repo names a git repository (path or URL) or a directory with models.d/"
        raise TerminalError(Reason.REPOSITORY_UNREADABLE, f"{path} {what}", hint)
    try:
        repo = open_repository(path)
    except TerminalError as error:
        return _plain(path, at, error)
    if at.ref is not None or repo.is_bare:
        return _at_commit(commit_at(repo, at.ref or "HEAD", path), path, at)
    return _work_tree(path, repo, at)


def _below(path: str, at: At, *, follow: bool) -> str:
    """The folder that is asked for. `follow`: links on the way that stay inside are followed."""
    root, found = os.path.realpath(path), os.path.realpath(os.path.join(path, at.path))
    inside = os.path.commonpath([root, found]) == root if follow else found == os.path.normpath(f"{root}/{at.path}")
    if not inside or not os.path.isdir(found):
        raise no_folder(at.path, path)
    return os.path.abspath(os.path.join(path, at.path))


def _plain(path: str, at: At, error: TerminalError) -> Checkout:
    """A directory is read for what it is, even where git does not like the repository in it."""
    work_tree = os.path.lexists(os.path.join(path, ".git"))
    bare = os.path.lexists(os.path.join(path, "HEAD")) and os.path.lexists(os.path.join(path, "objects"))
    if bare or (work_tree and at.ref is not None):
        raise error
    if at.ref is not None:
        message = f"{path} is a plain directory, so there is no {at.ref!r} in it"
        hint = "leave --ref out, or name a repository with --repo"
        raise TerminalError(Reason.REF_NOT_FOUND, message, hint) from error
    root = _below(path, at, follow=True)
    files = _files_of(root, at.further)
    note = error.message if work_tree else ""
    if note:
        _log.warning("%s; it is read as a plain directory, and no status is written (%s)", note, error.hint)
    return Checkout(revision=content_digest(files), files=files, kind=Kind.DIRECTORY, root=root, note=note)


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
        inside = os.path.relpath(os.path.realpath(path), os.path.realpath(parent))
        hint = f"it is inside the git repository {parent}: --repo {parent}, with --path {inside} if it should be there"
        raise TerminalError(error.reason, error.message, hint) from error


def _work_tree(path: str, repo: pygit2.Repository, at: At) -> Checkout:
    root = _below(path, at, follow=False)
    files = read_folder(root, follow=False, further=at.further)
    digest = content_digest(files)
    if repo.head_is_unborn:
        return Checkout(revision=digest, files=files, kind=Kind.WORK_TREE, root=root)
    commit = repo.head.peel(pygit2.Commit)
    if _committed(commit, at) == files:
        return Checkout(
            revision=str(commit.id),
            files=files,
            kind=Kind.WORK_TREE,
            root=root,
            message=commit.message,
            commit=commit.read_raw(),
        )
    dirty = f"{commit.id}-dirty-{digest.removeprefix('sha256:')[:12]}"
    return Checkout(revision=dirty, files=files, kind=Kind.WORK_TREE, root=root)


def _committed(commit: pygit2.Commit, at: At) -> Mapping[str, bytes] | None:
    try:
        return configuration(commit, "HEAD", at)
    except TerminalError:
        return None
