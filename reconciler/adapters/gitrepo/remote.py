"""A remote repository seen from a mirror of it: one ref is fetched if it moved, one commit is pushed.

What was fetched stays in the mirror under refs of that remote: the last known revision of each ref that was asked for.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pygit2

from reconciler.adapters import trust
from reconciler.adapters.gitrepo import tunnel
from reconciler.adapters.gitrepo.access import Access, Remote
from reconciler.adapters.gitrepo.faults import refused
from reconciler.adapters.gitrepo.repository import commit_at, ref_not_found
from reconciler.adapters.gitrepo.talk import Talk, talked

_UNSHALLOW = 2**31 - 1  # git's own number for the whole history
_WHOLE = 40
_AUTHORITY, _PROXY = "http.sslCAInfo", "http.proxy"
_REDIRECTS = "http.followRedirects"  # "false": libgit2 then follows them on the same host only, others get our secrets
_DIGITS = re.compile(r"[0-9a-f]{4,40}")
_RACED = re.compile(
    r"fetch first|non-fast-?forward|reference already exists|incorrect old value|failed to update ref"
    r"|cannot lock ref|not present locally|unable to migrate objects",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A remote seen from a mirror of it."""

    repo: pygit2.Repository
    remote: Remote
    access: Access

    def fetch(self, ref: str) -> pygit2.Commit:
        """The commit of a branch, a tag, a commit id or HEAD. Raises TerminalError, TransientError."""
        refs = self._refs()
        name = next((name for name in _names(ref) if name in refs), "")
        if name:
            return self._fetch_ref(name, refs[name])
        self._forget(ref)
        if _DIGITS.fullmatch(ref):
            return self._fetch_commit(ref, refs)
        raise ref_not_found(ref, self.remote.shown, refs)

    def fetch_branch(self, branch: str) -> pygit2.Commit | None:
        """The tip of a branch, None if there is no such branch."""
        name, refs = f"refs/heads/{branch}", self._refs()
        if name in refs:
            return self._fetch_ref(name, refs[name])
        self._forget(name)
        return None

    def tip(self, ref: str) -> str:
        """Where the ref is, without fetching it; a commit that is named by its id stays where it is."""
        refs = self._refs()
        name = next((name for name in _names(ref) if name in refs), "")
        return str(refs.get(f"{name}^{{}}", refs[name])) if name else ref  # what an annotated tag names comes peeled

    def last(self, ref: str) -> pygit2.Commit | None:
        """What the ref was when it was last fetched, without asking anybody; None if it never was."""
        found = next((self.repo.references[name] for name in self._kept(ref)), None)
        return self._whole_commit(ref) if found is None else found.peel(pygit2.Commit)

    def push(self, commit: pygit2.Oid, branch: str) -> bool:
        """Move the branch to the commit; False if another writer was faster. Raises TerminalError, TransientError."""

        def work(talk: Talk) -> str:
            try:
                self._anonymous().push([f"{commit}:refs/heads/{branch}"], callbacks=talk, proxy=True)
            except pygit2.GitError as error:
                if _RACED.search(str(error)):
                    return str(error)
                raise
            return "; ".join(talk.refused) + f" {talk.said}" if talk.refused else ""

        refusal = talked(self.remote, self.access, work)
        if refusal and not _RACED.search(refusal):
            raise refused(branch, self.remote.shown, self.access.hide(refusal))
        return not refusal

    def _fetch_ref(self, name: str, target: pygit2.Oid) -> pygit2.Commit:
        """Nothing is transferred where the mirror has it already."""
        mine = self._mine(name)
        have = self.repo.references.get(mine)
        if have is None or have.target != target:
            self._transfer([f"+{name}:{mine}"], 1)
        return self.repo.references[mine].peel(pygit2.Commit)

    def _fetch_commit(self, digits: str, refs: Mapping[str, pygit2.Oid]) -> pygit2.Commit:
        """A commit by its id: alone where the server gives single commits, else with all history."""
        found = self._whole_commit(digits)
        if found is not None:
            return found
        if len(digits) == _WHOLE:
            try:
                self._transfer([f"+{digits}:{self._mine(digits)}"], 1)
                return commit_at(self.repo, digits, self.remote.shown, refs)
            except pygit2.GitError:  # not at the tip of a ref, and the server gives nothing else
                pass
        branches, tags = self._mine("refs/heads/*"), self._mine("refs/tags/*")
        self._transfer([f"+refs/heads/*:{branches}", f"+refs/tags/*:{tags}"], _UNSHALLOW)
        return commit_at(self.repo, digits, self.remote.shown, refs)

    def _whole_commit(self, digits: str) -> pygit2.Commit | None:
        """A commit of which the mirror has everything: its whole id is its content."""
        if len(digits) != _WHOLE or not _DIGITS.fullmatch(digits):
            return None
        found = self.repo.get(digits)
        return found if isinstance(found, pygit2.Commit) else None

    def _mine(self, name: str) -> str:
        return f"refs/reconcile/{self.remote.key}/{name.removeprefix('refs/')}"

    def _forget(self, ref: str) -> None:
        """What the remote no longer has must not be its last known revision some day."""
        for name in self._kept(ref):
            self.repo.references.delete(name)

    def _kept(self, ref: str) -> list[str]:
        mine = [self._mine(name) for name in _names(ref)]
        return [name for name in mine if pygit2.reference_is_valid_name(name) and name in self.repo.references]

    def _refs(self) -> Mapping[str, pygit2.Oid]:
        heads = talked(self.remote, self.access, lambda talk: self._anonymous().list_heads(callbacks=talk, proxy=True))
        return {str(head.name): head.oid for head in heads}

    def _transfer(self, refspecs: list[str], depth: int) -> None:
        def work(talk: Talk) -> None:
            self._anonymous().fetch(refspecs, callbacks=talk, depth=depth, proxy=True)

        talked(self.remote, self.access, work)

    def _anonymous(self) -> pygit2.Remote:
        milliseconds = int(self.access.timeout * 1000)
        pygit2.settings.server_connect_timeout = milliseconds
        pygit2.settings.server_timeout = milliseconds
        if _REDIRECTS not in self.repo.config or self.repo.config[_REDIRECTS] != "false":
            self.repo.config[_REDIRECTS] = "false"
        self._trust()
        return self.repo.remotes.create_anonymous(self.remote.url)

    def _trust(self) -> None:
        """Certificates of one's own, besides the system's: by git's settings, else by everybody's."""
        if self.remote.scheme not in ("https", "http"):  # the latter leads to the former, often
            return
        named = {_AUTHORITY: str(self.repo.config[_AUTHORITY])} if _AUTHORITY in self.repo.config else {}
        path = trust.bundle({**self.access.environment, **named}, "GIT_SSL_CAINFO", _AUTHORITY)
        if path is not None:
            pygit2.settings.set_ssl_cert_locations(path, None)
        proxy = str(self.repo.config[_PROXY]) if _PROXY in self.repo.config else None
        if self.remote.scheme == "https":
            tunnel.check(self.remote, proxy, path, self.access.timeout)


def _names(ref: str) -> Iterator[str]:
    """What a short name may mean, in git's order."""
    yield from (ref, f"refs/{ref}", f"refs/tags/{ref}", f"refs/heads/{ref}")
