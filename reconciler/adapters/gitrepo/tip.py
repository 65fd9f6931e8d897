"""Where a ref is now, asked as cheaply as that can be told: nothing is fetched, and no file is read."""

import hashlib
import os

import pygit2

from reconciler.adapters.gitrepo.access import ANONYMOUS, Access, Local, Remote, locate
from reconciler.adapters.gitrepo.checkout import FILE, FOLDER
from reconciler.adapters.gitrepo.mirror import in_mirror
from reconciler.adapters.gitrepo.read import local_tip
from reconciler.adapters.gitrepo.remote import Link
from reconciler.adapters.gitrepo.repository import commit_at, is_repository, open_repository, subtree
from reconciler.core.errors import Reason, TransientError


def tip(location: str, *, ref: str | None = None, path: str = "", access: Access = ANONYMOUS) -> str:
    """A text that is another one once `read` of the same would be: a commit, or a digest of names, sizes and times.

    Raises TerminalError, TransientError.
    """
    match locate(location):
        case Remote() as remote:

            def work(repo: pygit2.Repository) -> str:
                return Link(repo=repo, remote=remote, access=access).tip(ref or "HEAD")

            return in_mirror(access.cache, work)
        case Local(path=folder):
            return _local(folder, ref, path)


def folder_tip(location: str, branch: str, prefix: str, *, access: Access = ANONYMOUS) -> str:
    """What git calls the folder that `read_branch` would read now, empty where there is none. Raises as `tip`."""
    match locate(location):
        case Remote() as remote:

            def work(repo: pygit2.Repository) -> str:
                return _id(Link(repo=repo, remote=remote, access=access).fetch_branch(branch), prefix)

            return in_mirror(access.cache, work)
        case Local(path=path):
            return _id(local_tip(open_repository(path), branch), prefix) if is_repository(path) else ""


def _id(commit: pygit2.Commit | None, prefix: str) -> str:
    folder = None if commit is None else subtree(commit, prefix)
    return "" if folder is None else str(folder.id)


def _local(folder: str, ref: str | None, path: str) -> str:
    head = ""
    if is_repository(folder):
        repo = open_repository(folder)
        head = "" if ref is None and repo.head_is_unborn else str(commit_at(repo, ref or "HEAD", folder).id)
        if ref is not None or repo.is_bare:
            return head
    try:
        return head + _digest(os.path.join(folder, path))
    except OSError as error:
        raise TransientError(Reason.REPOSITORY_UNREADABLE, f"{folder} cannot be read: {error.strerror}") from error


def _digest(root: str) -> str:
    """Of everything in a directory that `read` might read; links count as what they lead to."""
    found = hashlib.sha256(os.path.realpath(root).encode("utf-8", "surrogateescape"))
    names = [os.path.join(root, FILE)]
    for folder, below, files in os.walk(os.path.join(root, FOLDER), followlinks=False):
        below.sort()
        names += [os.path.join(folder, name) for name in sorted([*below, *files])]
    for name in names:
        try:
            state = os.stat(name)
        except FileNotFoundError:
            continue
        told = f"{name}\0{os.path.realpath(name)}\0{state.st_ino}\0{state.st_size}\0{state.st_mtime_ns}\0"
        found.update(told.encode("utf-8", "surrogateescape"))
    return found.hexdigest()
