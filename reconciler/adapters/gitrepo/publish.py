"""Commits a target's status to its branch (spec §7): its own folder is replaced, nothing else, and never by force.

Writers of several targets and hosts race. Whoever loses takes the other's commit as the new ground and tries again.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import pygit2

from reconciler.adapters.gitrepo import faults, hooks
from reconciler.adapters.gitrepo.access import ANONYMOUS, Access, Local, Remote, locate
from reconciler.adapters.gitrepo.checkout import FILE, FOLDER
from reconciler.adapters.gitrepo.mirror import in_mirror
from reconciler.adapters.gitrepo.pace import Landed, Pace, Raced, settle
from reconciler.adapters.gitrepo.remote import Link
from reconciler.adapters.gitrepo.repository import is_repository, open_repository, tip_of
from reconciler.adapters.gitrepo.stale import break_stale
from reconciler.core.errors import Reason, TerminalError

_PAGE, _BEGINS = "README.md", b"# Status of "
"""By which a target's folder is known (core/statuses/status_files.py)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusCommit:
    """What the branch's folder `prefix` shall hold, file by file; `now` in seconds since 1970."""

    branch: str
    prefix: str
    files: Mapping[str, bytes]
    message: str
    now: int
    author: tuple[str, str] = ("reconcile", "reconcile@localhost")


def can_publish(location: str) -> bool:
    """Whether there is a repository to keep a status branch in: not so for a plain directory."""
    match locate(location):
        case Remote():
            return True
        case Local(path=path):
            return is_repository(path)


def publish(location: str, change: StatusCommit, pace: Pace, *, access: Access = ANONYMOUS) -> str | None:
    """Commit and push; the new commit, or None if the branch says all this already or there is no repository.

    A remote's own hooks decide, and so do `pre-receive` and `update` of a bare repository on this machine; a work
    tree's repository gets the commit in its own branch, index and work tree untouched. Raises TerminalError with
    PUSH_REFUSED, TransientError with PUSH_RACED when others were always faster, or as the remote makes it.
    """
    match locate(location):
        case Remote() as remote:

            def work(repo: pygit2.Repository) -> str | None:
                link = Link(repo=repo, remote=remote, access=access)
                return settle(lambda: _push_once(link, change), change.branch, pace)

            return in_mirror(access.cache, work)
        case Local(path=path):
            if not is_repository(path):
                return None
            repo = open_repository(path)
            return settle(lambda: _move_once(repo, change), change.branch, pace)


def _push_once(link: Link, change: StatusCommit) -> Landed | Raced:
    commit = _commit(link.repo, link.fetch_branch(change.branch), change)
    if commit is None:
        return Landed(commit=None)
    return Landed(commit=str(commit)) if link.push(commit, change.branch) else Raced()


def _move_once(repo: pygit2.Repository, change: StatusCommit) -> Landed | Raced:
    """One attempt in a repository of this machine: libgit2 compares and swaps the ref."""
    # As git itself: else a power cut leaves a ref to objects that are empty, which nobody writes again.
    pygit2.option(pygit2.enums.Option.ENABLE_FSYNC_GITDIR, True)
    name = f"refs/heads/{change.branch}"
    _not_checked_out(repo, name)
    ref = repo.references.get(name)
    tip = tip_of(repo, name)
    try:
        commit = _commit(repo, tip, change)
    except (pygit2.GitError, OSError) as error:
        raise _unwritable(repo, name, error) from error
    if commit is None:
        return Landed(commit=None)
    words = hooks.refusal(repo, name, tip, commit)
    if words is not None:
        raise faults.refused(change.branch, repo.path, words)
    try:
        if ref is None:
            repo.references.create(name, commit)
        else:
            ref.set_target(commit)
    except (pygit2.GitError, ValueError, OSError) as error:
        return _lost(repo, name, tip, commit, error)
    return Landed(commit=str(commit))


def _lost(repo: pygit2.Repository, name: str, tip: pygit2.Commit | None, commit: pygit2.Oid, error: Exception) -> Raced:
    ref = repo.references.get(name)
    moved = (None if ref is None else ref.target) != (None if tip is None else tip.id)
    if moved:
        return Raced()
    if "lock" in str(error):
        break_stale(repo.path, name)
        return Raced()
    if commit not in repo and not faults.disk_says(repo.path):
        return Raced()  # libgit2 says nothing where the disk refuses it an object
    raise _unwritable(repo, name, error) from error


def _unwritable(repo: pygit2.Repository, name: str, error: Exception) -> TerminalError:
    hint = "make room there, and let the user this runs as write to it"
    said = faults.disk_says(repo.path)
    more = f" ({said})" if said and said not in str(error) else ""
    return TerminalError(Reason.PUSH_REFUSED, f"{name} in {repo.path} cannot be written: {error}{more}", hint)


def _not_checked_out(repo: pygit2.Repository, name: str) -> None:
    head = repo.lookup_reference("HEAD").target
    if not repo.is_bare and head == name:
        raise TerminalError(
            Reason.INVALID,
            f"the status branch {name} is checked out in {repo.path}",
            "check another branch out, or name another in reconciler.yaml (spec.status.branch)",
        )


def _commit(repo: pygit2.Repository, tip: pygit2.Commit | None, change: StatusCommit) -> pygit2.Oid | None:
    """The commit on top of the tip, belonging to no ref yet; None if the tip says it all."""
    if tip is not None and (FILE in tip.tree or FOLDER in tip.tree):
        message = f"{change.branch} holds a desired state ({FOLDER}/ or {FILE}), so it cannot take the status"
        raise TerminalError(Reason.INVALID, message, "name another branch in reconciler.yaml (spec.status.branch)")
    if tip is not None and tip.author.email != change.author[1] and not _is_ours(tip.tree):
        message = f"{change.branch} holds what reconcile has not written, so it cannot take the status"
        hint = "name another branch in reconciler.yaml (spec.status.branch), or delete this one if nobody needs it"
        raise TerminalError(Reason.INVALID, message, hint)
    tree = _tree(repo, tip, change)
    if tip is not None and tree == tip.tree_id:
        return None
    author = pygit2.Signature(*change.author, change.now, 0)
    return repo.create_commit(None, author, author, change.message, tree, [] if tip is None else [tip.id])


def _is_ours(tree: pygit2.Tree) -> bool:
    """Whether there is nothing but folders with our pages, whoever wrote there last."""
    pages = [entry / _PAGE if isinstance(entry, pygit2.Tree) and _PAGE in entry else None for entry in tree]
    return all(isinstance(page, pygit2.Blob) and page.data.startswith(_BEGINS) for page in pages)


def _tree(repo: pygit2.Repository, tip: pygit2.Commit | None, change: StatusCommit) -> pygit2.Oid:
    builder = repo.TreeBuilder() if tip is None else repo.TreeBuilder(tip.tree)
    if change.files:
        index = pygit2.Index()
        for path, content in change.files.items():
            index.add(pygit2.IndexEntry(path, repo.create_blob(content), pygit2.enums.FileMode.BLOB))
        builder.insert(change.prefix, index.write_tree(repo), pygit2.enums.FileMode.TREE)
    elif builder.get(change.prefix) is not None:
        builder.remove(change.prefix)
    return builder.write()
