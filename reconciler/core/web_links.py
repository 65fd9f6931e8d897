"""Where a forge shows a commit to people: told by the remote's address, or by reconciler.yaml.

Promise: no userinfo, query or token is in a link, and there is none to a forge whose pages are not known.
"""

import re
import urllib.parse
from dataclasses import dataclass

REVISION = "{revision}"

_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_SCP = re.compile(r"(?:[^@/:]+@)?(?P<host>\[[^\]]+\]|[A-Za-z0-9._-]+):(?!//)(?P<path>.+)")
_UNSAFE = re.compile(r"[^A-Za-z0-9._~/%+:@-]")
_SSH_HOSTS = {
    "ssh.github.com": "github.com",
    "altssh.gitlab.com": "gitlab.com",
    "altssh.bitbucket.org": "bitbucket.org",
}
_FORGES = (
    ("gitlab", f"/-/commit/{REVISION}"),
    ("bitbucket.org", f"/commits/{REVISION}"),
    ("github", f"/commit/{REVISION}"),
    ("ghe.com", f"/commit/{REVISION}"),
    ("gitea", f"/commit/{REVISION}"),
    ("forgejo", f"/commit/{REVISION}"),
    ("codeberg.org", f"/commit/{REVISION}"),
)
"""What is in the name of a host, and the page of a commit below its repository's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A remote as it is on the web: scheme and host (with its port), and the repository's path."""

    host: str
    path: str
    scheme: str = "https"

    @property
    def base(self) -> str:
        """The URL of its host."""
        return f"{self.scheme}://{self.host}"

    def folder(self, branch: str, path: str) -> str:
        """Where GitHub shows a folder of a branch."""
        return f"{self.base}/{self.path}/tree/{urllib.parse.quote(branch)}/{urllib.parse.quote(path)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Web:
    """Where commits are shown: a URL with `{revision}` in it, empty where nobody knows."""

    template: str = ""

    def commit(self, revision: str) -> str:
        """The page of a revision, empty if it is no commit (a dirty work tree, a plain directory)."""
        if not self.template or not is_commit(revision):
            return ""
        return self.template.replace(REVISION, revision)


NOWHERE = Web()


def web_of(remote: str | None, template: str | None) -> Web:
    """By the template if there is one, else by the remote's address."""
    if template:
        return Web(template=template)
    address = address_of(remote) if remote else None
    return NOWHERE if address is None else Web(template=_template(address))


def is_commit(revision: str) -> bool:
    """Whether it is a commit's whole id, not a dirty work tree or a plain directory."""
    return _COMMIT.fullmatch(revision) is not None


def public(remote: str | None) -> str:
    """A remote's address on the web, without any secret; empty where it has none."""
    address = address_of(remote) if remote else None
    return "" if address is None else f"{address.base}/{address.path}"


def address_of(remote: str) -> Address | None:
    """A remote's address as it is on the web, of https, http, ssh and git@host:path; None for all else."""
    match = _SCP.fullmatch(remote)
    if match is not None:
        return _address("ssh", match["host"], None, match["path"])
    try:
        parts = urllib.parse.urlsplit(remote)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return None
    return _address(parts.scheme, f"[{host}]" if ":" in host else host, port, parts.path)


def _address(scheme: str, host: str, port: int | None, path: str) -> Address | None:
    """The port of ssh says nothing of the web."""
    path = path.strip("/").removesuffix(".git").rstrip("/")
    if scheme not in ("https", "http", "ssh") or not host or not path or _UNSAFE.search(path):
        return None
    if scheme == "ssh":
        return Address(host=_SSH_HOSTS.get(host.lower(), host.lower()), path=path)
    return Address(scheme=scheme, host=host if port is None else f"{host}:{port}", path=path)


def _template(address: Address) -> str:
    names = (page for name, page in _FORGES if name in address.host)
    page = next(names, None)
    if page is not None:
        return f"{address.base}/{address.path}{page}"
    return _on_bitbucket_server(address) if "bitbucket" in address.host else ""


def _on_bitbucket_server(address: Address) -> str:
    """One of one's own has /scm/PROJECT/repo over https, /PROJECT/repo over ssh, and ~user for a person's."""
    project, _, repository = address.path.removeprefix("scm/").partition("/")
    if not repository or "/" in repository:
        return ""
    folder = f"users/{project[1:]}" if project.startswith("~") else f"projects/{project}"
    return f"{address.base}/{folder}/repos/{repository}/commits/{REVISION}"
