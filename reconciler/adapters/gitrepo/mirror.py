"""The bare repository that remote commits are fetched into: kept in a cache, or for one call only.

A cache is thrown away and made again when it is damaged; it carries our mark, and nothing without it is deleted.
"""

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from typing import TypeVar

import pygit2

from reconciler.core.errors import Reason, TerminalError, TransientError

T = TypeVar("T")

_MARK = "reconcile-cache"

FAULTS = (pygit2.GitError, KeyError, ValueError, OSError)
"""What libgit2 raises for a damaged repository, and for everything else that nobody put into words."""


def in_mirror(cache: str | None, work: Callable[[pygit2.Repository], T]) -> T:
    """Do something in the mirror. Raises TransientError if a new mirror does not help either."""
    with _folder(cache) as folder:
        try:
            return _work(folder, work)
        except FAULTS:
            _clear(folder)
        try:
            return _work(folder, work)
        except FAULTS as error:
            raise TransientError(Reason.REPOSITORY_UNREADABLE, f"git failed: {error}", "try again") from error


def _work(folder: str, work: Callable[[pygit2.Repository], T]) -> T:
    repo = _repository(folder)
    try:
        return work(repo)
    finally:
        repo.free()  # libgit2 shares open packs by their path, so a damaged one would outlive its file


@contextlib.contextmanager
def _folder(cache: str | None) -> Iterator[str]:
    if cache is None:
        with tempfile.TemporaryDirectory(prefix="reconcile-git-") as folder:
            yield folder
    else:
        with _claimed(cache):
            yield cache


@contextlib.contextmanager
def _claimed(cache: str) -> Iterator[None]:
    """One user at a time, in the order they come; raises TerminalError for a folder that is not ours."""
    try:
        os.makedirs(cache, exist_ok=True)
        if os.listdir(cache) and not os.path.exists(os.path.join(cache, _MARK)):
            raise TerminalError(
                Reason.REPOSITORY_UNREADABLE,
                f"{cache} should be the cache for git, but holds something that is not ours",
                "move it away, or name another folder",
            )
        mark = open(os.path.join(cache, _MARK), "ab")  # noqa: SIM115 - the lock lives as long as the file is open
    except OSError as error:
        message = f"the cache for git at {cache} cannot be written: {error.strerror}"
        raise TransientError(Reason.VOLUME_UNUSABLE, message, "free or repair the volume") from error
    with mark:
        fcntl.flock(mark, fcntl.LOCK_EX)
        yield


def _repository(folder: str) -> pygit2.Repository:
    path = os.path.join(folder, "repository")
    if not os.path.lexists(path):
        return pygit2.init_repository(path, bare=True)
    return pygit2.Repository(path, pygit2.enums.RepositoryOpenFlag.NO_SEARCH)


def _clear(folder: str) -> None:
    shutil.rmtree(os.path.join(folder, "repository"), ignore_errors=True)
