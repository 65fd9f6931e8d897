"""Talks to a remote repository: fetches one ref, pushes one commit, and puts what went wrong into words."""

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import pygit2
from pygit2.enums import CredentialType

from reconciler.adapters.gitrepo import certificates
from reconciler.adapters.gitrepo.access import Access, Remote
from reconciler.adapters.gitrepo.repository import commit_at, ref_not_found
from reconciler.core.errors import Reason, ReconcileError, TerminalError, TransientError

_UNSHALLOW = 2**31 - 1  # git's own number for the whole history
_DIGITS = re.compile(r"[0-9a-f]{4,40}")
_PROGRESS = re.compile(r"\s*(Enumerating|Counting|Compressing|Receiving|Resolving|Unpacking|Writing|Total) ")
_RACED = re.compile(
    r"fetch first|non-fast-?forward|reference already exists|incorrect old value|failed to update ref"
    r"|cannot lock ref|not present locally|unable to migrate objects",
    re.IGNORECASE,
)
_DAMAGE = re.compile(r"object not found|no match for id|corrupt|packfile|failed to (lock|open|read|write|create|parse)")
_UNREACHABLE = re.compile(
    r"failed to (connect|resolve|send|receive)|timed out|timeout|could not read|syscall failure|early EOF|reset by peer"
    r"|unexpected (EOF|disconnect)|socket|status code: (408|429|5\d\d)|hung up|connection",
    re.IGNORECASE,
)
_DENIED = re.compile(r"\b40[13]\b|auth|credential|permission denied|publickey", re.IGNORECASE)
_ABSENT = re.compile(r"\b404\b|not found|not exported|does not (exist|appear)|no such", re.IGNORECASE)
_NO_GIT = re.compile(r"content-?type|invalid (pkt|packet|response)|malformed|unexpected http", re.IGNORECASE)
_CERTIFICATE = re.compile(r"certificate|known_hosts|host ?key", re.IGNORECASE)


class _Talk(pygit2.RemoteCallbacks):
    """Offers each credential once, since libgit2 asks again for ever, and keeps what the server says."""

    def __init__(self, remote: Remote, access: Access) -> None:
        super().__init__()
        self._remote, self._access, self._offered = remote, access, False
        self._sideband: list[str] = []
        self.refused: list[str] = []

    def credentials(
        self, url: str, username_from_url: str | None, allowed_types: CredentialType
    ) -> "pygit2.credentials.UserPass | pygit2.credentials.Keypair | pygit2.credentials.Username":
        if _host(url) != _host(self._remote.url):
            raise _denied(self._remote.shown, f"it leads to {_host(url)}, which asks for credentials of its own")
        user = self._access.username or username_from_url or "git"
        if CredentialType.USERNAME in allowed_types and CredentialType.SSH_KEY not in allowed_types:
            return pygit2.Username(user)
        if self._offered:
            raise _denied(self._remote.shown, "it refuses the credentials it was given")
        self._offered = True
        if CredentialType.SSH_KEY in allowed_types:
            return self._ssh(user)
        if self._access.token is None:
            raise _denied(self._remote.shown, "it asks for credentials and there are none")
        return pygit2.UserPass(user, self._access.token)

    def certificate_check(self, certificate: None, valid: bool, host: bytes) -> bool:
        """libgit2's own word, also for the keys of ssh hosts (known_hosts): pygit2 would take any of these."""
        del certificate, host
        return bool(valid)

    def _ssh(self, user: str) -> "pygit2.credentials.Keypair":
        key = self._access.ssh_key
        if key is not None:
            return pygit2.Keypair(user, None, key, "")
        if "SSH_AUTH_SOCK" not in os.environ:
            raise _denied(self._remote.shown, "it asks for an ssh key and there is none")
        return pygit2.KeypairFromAgent(user)

    def sideband_progress(self, string: str) -> None:
        self._sideband.append(string)

    def push_update_reference(self, refname: str, message: str | None) -> None:
        del refname
        if message is not None:
            self.refused.append(message)

    @property
    def said(self) -> str:
        """What the server wrote for people, without its progress."""
        lines = (line.strip() for line in re.split(r"[\r\n]+", "".join(self._sideband)))
        return " ".join(line for line in lines if line and not _PROGRESS.match(line))[:1000]


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A remote seen from a mirror of it."""

    repo: pygit2.Repository
    remote: Remote
    access: Access

    def fetch(self, ref: str) -> pygit2.Commit:
        """The commit of a branch, a tag, a commit id or HEAD. Raises TerminalError, TransientError."""
        refs = self._refs()
        name = next(
            (name for name in (ref, f"refs/{ref}", f"refs/tags/{ref}", f"refs/heads/{ref}") if name in refs), ""
        )
        if name:
            return self._fetch_ref(name)
        if _DIGITS.fullmatch(ref):
            self._transfer(["+refs/heads/*:refs/reconcile/heads/*", "+refs/tags/*:refs/reconcile/tags/*"], _UNSHALLOW)
            return commit_at(self.repo, ref, self.remote.shown, refs)
        raise ref_not_found(ref, self.remote.shown, refs)

    def fetch_branch(self, branch: str) -> pygit2.Commit | None:
        """The tip of a branch, None if there is no such branch."""
        name = f"refs/heads/{branch}"
        return self._fetch_ref(name) if name in self._refs() else None

    def push(self, commit: pygit2.Oid, branch: str) -> bool:
        """Move the branch to the commit; False if another writer was faster. Raises TerminalError, TransientError."""
        talk = _Talk(self.remote, self.access)
        try:
            self._anonymous().push([f"{commit}:refs/heads/{branch}"], callbacks=talk, proxy=True)
        except pygit2.GitError as error:
            if _RACED.search(str(error)):
                return False
            raise self._words(error) from error
        if not talk.refused:
            return True
        refusal = "; ".join(talk.refused)
        if _RACED.search(refusal):
            return False
        raise refused(branch, self.remote.shown, self.access.hide(f"{refusal} {talk.said}"))

    def _fetch_ref(self, name: str) -> pygit2.Commit:
        mine = f"refs/reconcile/{name.removeprefix('refs/')}"
        self._transfer([f"+{name}:{mine}"], 1)
        return self.repo.references[mine].peel(pygit2.Commit)

    def _refs(self) -> Mapping[str, pygit2.Oid]:
        try:
            heads = self._anonymous().list_heads(callbacks=_Talk(self.remote, self.access), proxy=True)
        except pygit2.GitError as error:
            raise self._words(error) from error
        return {str(head.name): head.oid for head in heads}

    def _transfer(self, refspecs: list[str], depth: int) -> None:
        talk = _Talk(self.remote, self.access)
        try:
            self._anonymous().fetch(refspecs, callbacks=talk, depth=depth, proxy=True)
        except pygit2.GitError as error:
            raise self._words(error) from error

    def _anonymous(self) -> pygit2.Remote:
        if self.remote.url.lower().startswith("https://"):
            certificates.check(self.remote.shown)
        milliseconds = int(self.access.timeout * 1000)
        pygit2.settings.server_connect_timeout = milliseconds
        pygit2.settings.server_timeout = milliseconds
        return self.repo.remotes.create_anonymous(self.remote.url)

    def _words(self, error: pygit2.GitError) -> Exception:
        """The error as ours; as it is where it is not about the network, so that the mirror is suspected."""
        where, text = self.remote.shown, self.access.hide(str(error))
        if _DAMAGE.search(text):
            return error
        found = (make for sign, make in _SITUATIONS if sign.search(text))
        return next((make(where, text) for make in found), error)


def _host(url: str) -> str:
    """The host of a URL, or of an address as scp takes it."""
    if "://" in url:
        return urlsplit(url).hostname or ""
    return url.partition(":")[0].rpartition("@")[2].lower()


def refused(branch: str, where: str, words: str) -> ReconcileError:
    """The error for a push that a server's rule refuses."""
    hint = f"let this user push to {branch}, or name another branch in reconciler.yaml (spec.status.branch)"
    return TerminalError(Reason.PUSH_REFUSED, f"{where} refuses a push to {branch}: {words.strip()}", hint)


def _untrusted(where: str, words: str) -> ReconcileError:
    hint = "trust its authority (SSL_CERT_FILE), or its host key (~/.ssh/known_hosts)"
    return TerminalError(Reason.REPOSITORY_UNREADABLE, f"{where} cannot be trusted: {words}", hint)


def _unreachable(where: str, words: str) -> ReconcileError:
    hint = "check the address and the network; the next run tries again"
    return TransientError(Reason.REPOSITORY_UNREADABLE, f"{where} cannot be reached: {words}", hint)


def _denied(where: str, words: str) -> ReconcileError:
    hint = "set RECONCILE_GIT_TOKEN (and RECONCILE_GIT_USERNAME) for https, or an ssh key or agent for ssh"
    return TerminalError(Reason.CREDENTIALS_MISSING, f"{where}: {words}", hint)


def _absent(where: str, words: str) -> ReconcileError:
    hint = "check --repo, and that these credentials may see it"
    return TerminalError(Reason.REPOSITORY_UNREADABLE, f"there is no repository at {where}: {words}", hint)


def _no_git(where: str, words: str) -> ReconcileError:
    hint = "check --repo: is it the address that `git clone` takes?"
    return TerminalError(Reason.REPOSITORY_UNREADABLE, f"what answers at {where} is no git: {words}", hint)


_SITUATIONS: tuple[tuple[re.Pattern[str], Callable[[str, str], ReconcileError]], ...] = (
    (_CERTIFICATE, _untrusted),
    (_UNREACHABLE, _unreachable),
    (_DENIED, _denied),
    (_ABSENT, _absent),
    (_NO_GIT, _no_git),
)
"""What libgit2 tells only in its messages; the first that fits."""
