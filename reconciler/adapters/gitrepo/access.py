"""Where a repository is, how to get in, and its name as people may see it."""

import os
import re
import urllib.parse
from dataclasses import dataclass, field

from reconciler.core.errors import Reason, TerminalError

SCHEMES = ("https", "http", "ssh", "git")

_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_FILE = re.compile(r"^file:/(?!/)", re.IGNORECASE)  # one slash: what some tools make of file:///
_SCP = re.compile(r"[^/:]+:.+")
_USERINFO = re.compile(r"((?:^|\s|['\"])(?:[A-Za-z][A-Za-z0-9+.-]*://)?)[^/\s'\"]*@(?=[^/\s])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """What a remote may ask for. `ssh_key` is the path of a private key; `timeout` in seconds for one silence."""

    username: str = ""
    token: str | None = field(default=None, repr=False)
    ssh_key: str | None = None
    timeout: float = 60.0

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Local:
    """A repository or a plain directory on this machine."""

    path: str

    @property
    def shown(self) -> str:
        """The path."""
        return self.path


def shown(url: str) -> str:
    """A URL or scp-like address as people may see it: no userinfo, no query."""
    return _USERINFO.sub(r"\1", url).partition("?")[0]


def locate(location: str) -> Remote | Local:
    """Tell a path from a URL. Raises TerminalError for a scheme that git does not speak here."""
    location = _FILE.sub("file:///", location)
    match = _URL.match(location)
    if match is None:
        scp = _SCP.fullmatch(location) is not None and not os.path.lexists(location)
        return Remote(url=location) if scp else Local(path=location)
    scheme = match[1].lower()
    if scheme == "file":
        return Local(path=urllib.parse.unquote(urllib.parse.urlsplit(location).path))
    if scheme in SCHEMES:
        return Remote(url=location)
    raise TerminalError(
        Reason.REPOSITORY_UNREADABLE,
        f"{shown(location)}: git does not speak {scheme}://",
        "--repo takes a path, file://, https://, ssh:// or git@host:path",
    )
