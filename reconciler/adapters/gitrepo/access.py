"""Where a repository is, how to get in, and its name as people may see it."""

import hashlib
import os
import re
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass, field

from reconciler.core.errors import Reason, TerminalError

SCHEMES = ("https", "http", "ssh", "git")
SSH_PORT = 22

_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_PORT = re.compile(r"^[^:]*$|:\d*$|\]$")  # at the end of an authority that does not break off in a password
_FILE = re.compile(r"^file:/(?!/)", re.IGNORECASE)  # one slash: what some tools make of file:///
_ONE_SLASH = re.compile(r"(https?|ssh|git):/(?!/)", re.IGNORECASE)
_SCP = re.compile(r"[^/:]+:.+|[^/:]*\[[^/]+\]:.+")
_SCP_HOST = re.compile(r"(?:.*@)?(?:\[(?:(?P<host>[^\]:]+):(?P<port>\d+)|(?P<bare>[^\]]+))\]|(?P<plain>[^:]+)):")
_OPTION = re.compile(r"(?:^|@)\[?-")
_USERINFO = re.compile(r"((?:^|\s|['\"])(?:[A-Za-z][A-Za-z0-9+.-]*://)?)[^/\s'\"]*@(?=[^/\s])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """How to get at a remote, and what is kept of it.

    `ssh_key`: the path of a private key; the agent and the user's own keys where there is none. `known_hosts`: a file
    instead of the usual ones. `environment`: where netrc and certificates are looked up. `timeout` in seconds for one
    silence. `cache`: a folder to keep what was fetched in; `offline`: only what is there counts, nobody is asked.
    """

    username: str = ""
    token: str | None = field(default=None, repr=False)
    ssh_key: str | None = None
    known_hosts: str | None = None
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    timeout: float = 60.0
    cache: str | None = None
    offline: bool = False

    def hide(self, text: str) -> str:
        """The text without the token and without the userinfo of any URL."""
        cleaned = _USERINFO.sub(r"\1", text)
        return cleaned.replace(self.token, "***") if self.token else cleaned


ANONYMOUS = Access()


@dataclass(frozen=True, slots=True, kw_only=True)
class Remote:
    """A repository on the other side of a network."""

    url: str = field(repr=False)

    @property
    def shown(self) -> str:
        """The URL without userinfo and query."""
        return shown(self.url)

    @property
    def scheme(self) -> str:
        """How it is spoken to; `ssh` for git@host:path."""
        match = _URL.match(self.url)
        return match[1].lower() if match else "ssh"

    @property
    def host(self) -> str:
        """The host as it is written."""
        return self._address()[0]

    @property
    def port(self) -> int:
        """The port, that of ssh if none is written."""
        return self._address()[1] or SSH_PORT

    @property
    def key(self) -> str:
        """A name for what is kept of it."""
        return hashlib.sha256(self.shown.encode()).hexdigest()[:16]

    def _address(self) -> tuple[str, int | None]:
        if not _URL.match(self.url):
            match = _SCP_HOST.match(self.url)
            host = (match["host"] or match["bare"] or match["plain"]) if match else ""
            return host, int(match["port"]) if match and match["port"] else None
        try:
            parts = urllib.parse.urlsplit(self.url)
            netloc, port = parts.netloc.rpartition("@")[2], parts.port
        except ValueError:
            return "", None
        host = netloc.removesuffix(f":{port}")
        return host.removeprefix("[").removesuffix("]"), port


@dataclass(frozen=True, slots=True, kw_only=True)
class Local:
    """A repository or a plain directory on this machine."""

    path: str

    @property
    def shown(self) -> str:
        """The path."""
        return self.path


def shown(url: str) -> str:
    """A URL or scp-like address as people may see it: no userinfo, no query.

    A password may hold anything, also what should have been escaped: then all before the last @ is taken for it.
    """
    match = _URL.match(url)
    if match is None:
        return _USERINFO.sub(r"\1", url).partition("?")[0]
    rest = url[match.end() :]
    authority, slash, path = rest.partition("/")
    if "@" in authority:
        rest = authority.rpartition("@")[2] + slash + path
    elif "@" in path and not _PORT.search(authority):
        rest = rest.rpartition("@")[2]
    return match[0] + rest.partition("?")[0]


def locate(location: str) -> Remote | Local:
    """Tell a path from a URL. Raises TerminalError for a scheme that git does not speak here."""
    location = _FILE.sub("file:///", location)
    match = _URL.match(location)
    if (slipped := _ONE_SLASH.match(location)) and not os.path.lexists(location):
        # What follows may be a password: nobody can tell where it ends.
        hint = f"write {slipped[1]}://HOST/PATH"
        raise TerminalError(Reason.REPOSITORY_UNREADABLE, f"{slipped[1]}:/ with one slash is no address", hint)
    if match is None:
        scp = _SCP.fullmatch(location) is not None and not os.path.lexists(location)
        return _reachable(Remote(url=location)) if scp else Local(path=location)
    scheme = match[1].lower()
    if scheme == "file":
        return Local(path=urllib.parse.unquote(urllib.parse.urlsplit(location).path))
    if scheme in SCHEMES:
        return _reachable(Remote(url=location))
    raise TerminalError(
        Reason.REPOSITORY_UNREADABLE,
        f"{shown(location)}: git does not speak {scheme}://",
        "--repo takes a path, file://, https://, ssh:// or git@host:path",
    )


def _reachable(remote: Remote) -> Remote:
    """Raises TerminalError for a host or user that an ssh program could take for an option, as git does too."""
    _, mark, rest = remote.url.partition("://")
    if _OPTION.search(rest.partition("/")[0] if mark else remote.url.partition(":")[0]):
        words = f"{remote.shown}: a host or user that begins with '-' is none"
        raise TerminalError(Reason.REPOSITORY_UNREADABLE, words, "check --repo for a typing error")
    return remote
