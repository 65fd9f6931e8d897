"""The bare repository that remote commits are fetched into: kept in a cache, or for one call only.

A cache is thrown away and made again when it is damaged; it carries our mark, and nothing without it is deleted. Where
it cannot be used at all (another run takes long, a full or read-only disk) a temporary one will do.
"""

import contextlib
import fcntl
import logging
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from typing import TypeVar

import pygit2

from reconciler.core.errors import Reason, TerminalError, TransientError

T = TypeVar("T")

_MARK = "reconcile-cache"
_PATIENCE, _PAUSE = 30.0, 0.05
_PACKS, _LOOSE = 100, 30  # files in objects/pack, and in objects/17 as git itself counts: some 7,000 loose objects

FAULTS = (pygit2.GitError, KeyError, ValueError, OSError)
"""What libgit2 raises for a damaged repository, and for everything else that nobody put into words."""

_log = logging.getLogger(__name__)


class _UnusableError(Exception):
    """The cache cannot be used now, which is no reason to stop."""


def in_mirror(cache: str | None, work: Callable[[pygit2.Repository], T]) -> T:
    """Do something in the mirror. Raises TransientError if a new mirror does not help either."""
    if cache is None:
        return _temporary(work)
    try:
        with _claimed(cache):
            return _in_cache(cache, work)
    except _UnusableError as problem:
        _log.warning("the cache for git at %s is not used: %s", cache, problem)
        return _temporary(work)


def in_new_mirror(cache: str, work: Callable[[pygit2.Repository], T]) -> None:
    """Where the cache has grown old, do it in a new one, which takes its place once that is done."""
    repository, beside = os.path.join(cache, "repository"), os.path.join(cache, "next")
    if not _outgrown(repository):
        return
    with contextlib.suppress(*FAULTS, _UnusableError, TransientError), _claimed(cache):
        _remove(beside)
        _work(beside, work)
        _remove(repository)
        os.rename(beside, repository)


def _in_cache(cache: str, work: Callable[[pygit2.Repository], T]) -> T:
    path = os.path.join(cache, "repository")
    try:
        return _work(path, work)
    except FAULTS as error:
        _log.warning("the cache for git at %s is damaged, and made again: %s", cache, error)
    with _put_aside(path, os.path.join(cache, "aside")):
        return _work(path, work)


@contextlib.contextmanager
def _put_aside(path: str, aside: str) -> Iterator[None]:
    """What is there goes once there is a better one, and comes back if there is none: the fault may be elsewhere."""
    _remove(aside)
    with contextlib.suppress(OSError):
        os.rename(path, aside)
    try:
        yield
    except BaseException as error:
        if os.path.lexists(aside):
            _remove(path)
            os.rename(aside, path)
        if isinstance(error, FAULTS):
            raise _UnusableError(str(error)) from error
        raise
    _remove(aside)


def _remove(path: str) -> None:
    shutil.rmtree(path, ignore_errors=True)
    with contextlib.suppress(OSError):
        os.unlink(path)


def _temporary(work: Callable[[pygit2.Repository], T]) -> T:
    try:
        with tempfile.TemporaryDirectory(prefix="reconcile-git-") as folder:
            return _work(os.path.join(folder, "repository"), work)
    except FAULTS as error:
        raise TransientError(Reason.REPOSITORY_UNREADABLE, f"git failed: {error}", "try again") from error


def _work(path: str, work: Callable[[pygit2.Repository], T]) -> T:
    repo = _repository(path)
    try:
        return work(repo)
    finally:
        repo.free()  # libgit2 shares open packs by their path, so a damaged one would outlive its file


@contextlib.contextmanager
def _claimed(cache: str) -> Iterator[None]:
    """One user at a time; raises TerminalError for a folder that is not ours."""
    try:
        above = os.path.dirname(cache)
        if not os.path.lexists(above):
            os.makedirs(above, 0o755)
        os.makedirs(cache, 0o700, exist_ok=True)  # what is in git is for whoever may read it there
        if os.listdir(cache) and not os.path.exists(os.path.join(cache, _MARK)):
            raise TerminalError(
                Reason.REPOSITORY_UNREADABLE,
                f"{cache} should be the cache for git, but holds something that is not ours",
                "move it away, or name another folder",
            )
        mark = open(os.path.join(cache, _MARK), "ab")  # noqa: SIM115 - the lock lives as long as the file is open
    except OSError as error:
        raise _UnusableError(error.strerror or str(error)) from error
    with mark:
        _wait_for(mark.fileno())
        yield


def _wait_for(descriptor: int) -> None:
    until = time.monotonic() + _PATIENCE
    while True:
        try:
            return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() > until:
                raise _UnusableError("another run has been using it for a while") from error
            time.sleep(_PAUSE)
        except OSError as error:
            raise _UnusableError(f"it cannot be locked: {error.strerror}") from error


def _repository(path: str) -> pygit2.Repository:
    if not os.path.lexists(path):
        return pygit2.init_repository(path, bare=True)
    return pygit2.Repository(path, pygit2.enums.RepositoryOpenFlag.NO_SEARCH)


def _outgrown(path: str) -> bool:
    """Whether many fetches and commits have left so much that a new one is better."""
    counts = ((os.path.join(path, "objects", name), most) for name, most in (("pack", _PACKS), ("17", _LOOSE)))
    return any(os.path.isdir(folder) and len(os.listdir(folder)) > most for folder, most in counts)
