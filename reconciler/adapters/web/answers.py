"""What is asked and what is answered, as values; which page it is, and who may ask it to do something."""

import gzip
import ipaddress
import re
import urllib.parse
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

PLAIN = "text/plain; charset=utf-8"

_SAFE = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
"""With every answer; a page may have a policy of its own."""

_SMALL = 1400
_NO_TEXT = re.compile(r"[^\x20-\x7e]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request. Names of headers are in lower case, their values one line; the body of none is ever read."""

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)

    def header(self, name: str) -> str:
        """Its value, empty where there is none."""
        return self.headers.get(name, "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A response; `headers` win over those that every answer has."""

    status: int = 200
    body: bytes = b""
    media_type: str = PLAIN
    headers: Mapping[str, str] = field(default_factory=dict)

    def told(self) -> Mapping[str, str]:
        """All its headers."""
        return {"Content-Type": self.media_type, "Content-Length": str(len(self.body)), **_SAFE, **self.headers}


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What a path answers. `acts`: it is asked by POST, does something, and only from here."""

    answer: Callable[[Asked], Answer]
    acts: bool = False

    @property
    def methods(self) -> tuple[str, ...]:
        """How it may be asked."""
        return ("POST",) if self.acts else ("GET", "HEAD")


Pages = Mapping[str, Page]
"""By path, each just as it is."""


def answered(asked: Asked, pages: Pages, *, local: bool = False) -> Answer:
    """404 for what is not there, 405 for how it cannot be asked, 403 for what another site's page asks for.

    `local`: only this machine can connect; then 421 for whoever asks by another name than this machine's.
    """
    page = pages.get(asked.path)
    if page is None:
        return plain(404, "there is no such page")
    if asked.method not in page.methods:
        allowed = ", ".join(page.methods)
        return plain(405, f"ask with {' or '.join(page.methods)}", {"Allow": allowed})
    if local and not _is_this_machine(asked.header("host")):
        return plain(421, "here this is asked by address or as localhost: a proxy before it must say so in Host")
    if page.acts and _from_elsewhere(asked):
        return plain(403, "a page of another site may not ask for this")
    return page.answer(asked)


def plain(status: int, told: str, headers: Mapping[str, str] | None = None) -> Answer:
    """A line of text."""
    return Answer(status=status, body=f"{told}\n".encode(), headers=headers or {})


def packed(answer: Answer, asked: Asked) -> Answer:
    """The answer as small as the reader can take it: pages of thousands of models are large."""
    if "gzip" not in asked.header("accept-encoding") or len(answer.body) < _SMALL:
        return answer
    vary = ", ".join(filter(None, (answer.headers.get("Vary"), "Accept-Encoding")))
    headers = {**answer.headers, "Content-Encoding": "gzip", "Vary": vary}
    return replace(answer, body=gzip.compress(answer.body, compresslevel=5, mtime=0), headers=headers)


def one_line(value: str) -> str:
    """A header's value as it may be quoted: nothing of it ends a line."""
    return _NO_TEXT.sub(" ", value).strip()


def _is_this_machine(host: str) -> bool:
    """False for a name that somebody else's name server may have led here, and with it somebody else's page.

    Programs without a Host header are no browsers.
    """
    try:
        name = (urllib.parse.urlsplit(f"//{host}").hostname or "").rstrip(".")
    except ValueError:
        return False
    if name in ("", "localhost") or name.endswith(".localhost"):
        return True
    try:
        return bool(ipaddress.ip_address(name))
    except ValueError:
        return False


def _from_elsewhere(asked: Asked) -> bool:
    """Whether a browser says that another site's page sends it. Programs say nothing of the kind."""
    site, origin = asked.header("sec-fetch-site"), asked.header("origin")
    if site:  # which no page can set; a form's Origin depends on what the page says of referrers
        return site not in ("same-origin", "none")
    return bool(origin) and _netloc(origin) != asked.header("host").lower()


def _netloc(origin: str) -> str:
    """Empty for what is no address, as `null` is none: then it is from elsewhere."""
    try:
        return urllib.parse.urlsplit(origin).netloc.lower()
    except ValueError:
        return ""
