"""One conversation with a remote: whom it may be, what opens it, and what it says for people."""

import contextlib
import re
import urllib.parse
from collections.abc import Callable, Iterator
from typing import TypeVar

import pygit2
from pygit2.enums import CredentialType

from reconciler.adapters.gitrepo import credentials
from reconciler.adapters.gitrepo.access import Access, Remote
from reconciler.adapters.gitrepo.credentials import Offers
from reconciler.adapters.gitrepo.faults import denied, in_words, untrusted
from reconciler.adapters.gitrepo.hostkeys import Known, known

T = TypeVar("T")

_PROGRESS = re.compile(r"\s*(Enumerating|Counting|Compressing|Receiving|Resolving|Unpacking|Writing|Total) ")
_OTHER_KEYS = "exchange encryption keys"  # what libssh2 says where the server has no key of a kind that is known


class Talk(pygit2.RemoteCallbacks):
    """Offers each credential once, since libgit2 asks again for ever, and keeps what the server says."""

    def __init__(self, remote: Remote, access: Access, hosts: Known | None) -> None:
        super().__init__()
        self._remote, self._access, self._hosts = remote, access, hosts
        self._offers: Offers | None = None
        self._sideband: list[str] = []
        self.refused: list[str] = []

    def certificate_check(self, certificate: None, valid: bool, host: bytes) -> bool:
        """What is not proved to be the remote is not spoken to, whatever pygit2 would do."""
        del certificate
        if valid:
            return True
        if self._hosts is not None:
            raise self._hosts.refusal()
        name = host.decode(errors="replace")
        words = f"the certificate of {name} is out of date, for another host, or of an unknown authority"
        raise untrusted(self._remote.shown, words)

    def credentials(
        self, url: str, username_from_url: str | None, allowed_types: CredentialType
    ) -> "pygit2.credentials.UserPass | pygit2.credentials.Keypair | pygit2.credentials.Username":
        """The next credentials for the remote itself."""
        self._is_asked_by_the_remote(url)
        if CredentialType.USERNAME in allowed_types and CredentialType.SSH_KEY not in allowed_types:
            return pygit2.Username(self._access.username or "git")
        words = "it refuses the credentials it was given"
        if self._offers is None:
            self._offers = self._offered(username_from_url, allowed_types)
            words = self._offers.lacking or words
        for offer in self._offers.credentials:
            return offer
        raise denied(self._remote.shown, words)

    def _is_asked_by_the_remote(self, url: str) -> None:
        """Raises TerminalError where somebody else asks, to whom a redirect has led."""
        if self._hosts is not None:  # ssh has no redirects
            return
        asking, meant = (urllib.parse.urlsplit(each).hostname for each in (url, self._remote.url))
        if asking != meant:
            raise denied(self._remote.shown, "another host asks for credentials, which are for this one only")

    def _offered(self, user: str | None, allowed: CredentialType) -> Offers:
        if CredentialType.SSH_KEY in allowed:
            return credentials.keys(self._access, user or self._access.username or "git")
        if CredentialType.USERPASS_PLAINTEXT in allowed:
            return credentials.password(self._remote, self._access, user)
        return Offers(credentials=iter([]), lacking="it lets people in only in ways that are not known here")

    def sideband_progress(self, string: str) -> None:
        """Kept for `said`."""
        self._sideband.append(string)

    def push_update_reference(self, refname: str, message: str | None) -> None:
        """Kept in `refused`."""
        del refname
        if message is not None:
            self.refused.append(message)

    @property
    def said(self) -> str:
        """What the server wrote for people, without its progress."""
        lines = (line.strip() for line in re.split(r"[\r\n]+", "".join(self._sideband)))
        return " ".join(line for line in lines if line and not _PROGRESS.match(line))[:1000]


def talked(remote: Remote, access: Access, work: Callable[[Talk], T]) -> T:
    """Do something that needs a conversation. Raises what `faults` makes of libgit2's errors, or those."""
    with _hosts(remote, access) as hosts:
        try:
            return work(Talk(remote, access, hosts))
        except pygit2.GitError as error:
            if hosts is not None and _OTHER_KEYS in str(error):
                raise hosts.refusal() from error
            raise in_words(error, remote.shown, access.hide(str(error))) from error


@contextlib.contextmanager
def _hosts(remote: Remote, access: Access) -> Iterator[Known | None]:
    if remote.scheme == "ssh":
        with known(remote, access) as hosts:
            yield hosts
    else:
        yield None
