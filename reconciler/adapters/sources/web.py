"""Reading over http(s) as requests does: redirects, netrc, proxies, CA bundles; and ranges that prove they are ones.

A token goes to the origin it is for and to no other: not to where a redirect leads, and netrc does not replace it. No
redirect leads from https:// to http://, and nothing to the addresses of addresses.py.
"""

import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http.cookiejar import DefaultCookiePolicy
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests
from requests.adapters import HTTPAdapter

from reconciler.adapters.sources import addresses, faults
from reconciler.adapters.sources.patience import patiently
from reconciler.adapters.sources.proxies import check
from reconciler.adapters.sources.shown import shown

CONNECT, STALL = 10.0, 30.0
"""Seconds without a connection, and without a byte. There is no limit on the whole: models are big."""

_BLOCK = 256 << 10
_CONNECTIONS = 32

_PACKED = (".gz", ".tgz", ".bz2", ".xz", ".zst")
"""Names of files that some servers say are encoded, and send as they are."""

_BUSY = frozenset({407, 429, 502, 503, 504})
"""What another method would be answered with as well."""


class _Adapter(HTTPAdapter):
    """Trusts what the system trusts, and a bundle besides; looks at a proxy before it is asked."""

    def __init__(self, bundle: str | None) -> None:
        self._context = ssl.create_default_context()
        if bundle is not None:
            self._context.load_verify_locations(cafile=bundle)
        super().__init__(pool_connections=_CONNECTIONS, pool_maxsize=_CONNECTIONS)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> Any:
        super().init_poolmanager(*args, ssl_context=self._context, **kwargs)
        self.poolmanager.pool_classes_by_scheme = addresses.POOLS

    def send(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        addresses.refuse(str(request.url), shown(str(request.url)))  # a proxy would go there for us
        return super().send(request, *args, **kwargs)

    def get_connection_with_tls_context(self, request: Any, verify: Any, proxies: Any = None, cert: Any = None) -> Any:
        proxy = requests.utils.select_proxy(request.url, proxies)
        check(proxy, shown(request.url), "socks")
        return super().get_connection_with_tls_context(request, verify, proxies, cert)

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        return super().proxy_manager_for(proxy, **{"ssl_context": self._context} | kwargs)


class _Session(requests.Session):
    """Follows redirects, but not to where what comes is no longer protected on its way."""

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        target = super().get_redirect_target(resp)
        if target and resp.url.lower().startswith("https:"):
            there = urljoin(resp.url, target)
            if urlsplit(there).scheme.lower() == "http":
                resp.close()
                raise faults.unprotected(shown(resp.url), shown(there))
        return target


@dataclass(frozen=True, slots=True)
class _Bearer(requests.auth.AuthBase):
    token: str

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self.token}"
        return request

    def __repr__(self) -> str:
        return "_Bearer(…)"


def session(token: str | None, bundle: str | None) -> requests.Session:
    """Connections that may be used from several threads."""
    opened = _Session()
    adapter = _Adapter(bundle)
    opened.mount("http://", adapter)
    opened.mount("https://", adapter)
    opened.headers["Accept-Encoding"] = "identity"
    opened.cookies.set_policy(DefaultCookiePolicy(allowed_domains=()))
    opened.auth = _Bearer(token) if token else None
    return opened


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server says of a file. `validator`: a strong one, by which a range can be told to be of the same file."""

    size: int | None
    etag: str | None
    modified: str | None
    takes_ranges: bool

    @property
    def fingerprint(self) -> str | None:
        """What changes with the content."""
        return self.etag or self.modified

    @property
    def validator(self) -> str | None:
        """The fingerprint, if it is strong."""
        return None if (self.etag or "").startswith("W/") else self.fingerprint


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads URLs; `where` is how one is shown."""

    session: requests.Session
    stall: float = STALL

    def ask(self, url: str, where: str) -> Answer:
        """What is there. Servers that refuse HEAD (signed URLs are signed for GET) are asked for a byte."""
        return patiently(lambda: self._ask(url, where))

    def _ask(self, url: str, where: str) -> Answer:
        with faults.translated(where):
            with self._open("HEAD", url, {}) as answer:
                if answer.ok:
                    return _told(answer.headers, _length(answer.headers.get("Content-Length")))
                if answer.status_code in _BUSY:
                    _refuse(answer, where)
            with self._open("GET", url, {"Range": "bytes=0-0"}) as answer:
                _refuse(answer, where)
                if answer.status_code == requests.codes.partial:
                    return _told(answer.headers, _total(answer.headers))
                return _told(answer.headers, _length(answer.headers.get("Content-Length")))

    def gives_range(self, url: str, where: str, validator: str | None) -> bool:
        """Whether a range of the same file is answered with that range; costs one request."""
        return patiently(lambda: self._gives_range(url, where, validator))

    def _gives_range(self, url: str, where: str, validator: str | None) -> bool:
        with faults.translated(where), self._open("GET", url, _range(0, 1, validator)) as answer:
            _refuse(answer, where)
            return answer.status_code == requests.codes.partial and _start(answer.headers) == 0

    def read(self, url: str, where: str, answer: Answer, span: tuple[int, int | None]) -> Iterator[bytes]:
        """The bytes in `span`. Raises TransientError(SOURCE_CHANGED) if it is no longer what `answer` told."""
        first, past = span
        asked = _range(first, past, answer.validator) if first or past is not None else {}
        with faults.translated(where), self._open("GET", url, asked) as response:
            self._check(response, where, answer, first if asked else None)
            while block := response.raw.read1(_BLOCK, decode_content=False):  # what is there: one may wait for long
                yield block

    def _check(self, response: requests.Response, where: str, answer: Answer, first: int | None) -> None:
        """Whether it is what was asked for, which is the whole file if `first` is None."""
        if response.status_code == requests.codes.requested_range_not_satisfiable:
            raise faults.changed(where)
        _refuse(response, where)
        _refuse_encoded(response, where)
        now = _told(response.headers, None).fingerprint
        if answer.fingerprint and now and now != answer.fingerprint:
            raise faults.changed(where)
        if first is not None and (response.status_code != requests.codes.partial or _start(response.headers) != first):
            raise faults.whole(where)

    def _open(self, method: str, url: str, headers: Mapping[str, str]) -> requests.Response:
        timeout = (CONNECT, self.stall)
        return self.session.request(method, url, headers=headers, stream=True, allow_redirects=True, timeout=timeout)


def _refuse(answer: requests.Response, where: str) -> None:
    if answer.status_code >= 400:
        raise faults.of_status(answer.status_code, where, answer.headers.get("Retry-After", ""))


def _refuse_encoded(answer: requests.Response, where: str) -> None:
    """Packed on its way, although nobody asked for that: other bytes than those of the file, unless that is packed."""
    encoding = answer.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in ("", "identity") and not urlsplit(answer.url).path.lower().endswith(_PACKED):
        raise faults.encoded(where, encoding)


def _range(first: int, past: int | None, validator: str | None) -> dict[str, str]:
    bounds = {"Range": f"bytes={first}-{'' if past is None else past - 1}"}
    return bounds | ({"If-Range": validator} if validator else {})


def _told(headers: Mapping[str, str], size: int | None) -> Answer:
    ranges = headers.get("Accept-Ranges", "").lower() != "none"
    etag, modified = headers.get("ETag") or None, headers.get("Last-Modified") or None
    return Answer(size=size, etag=etag, modified=modified, takes_ranges=ranges)


def _length(text: str | None) -> int | None:
    return int(text) if text is not None and text.isdecimal() else None


def _total(headers: Mapping[str, str]) -> int | None:
    return _length(headers.get("Content-Range", "").rpartition("/")[2])


def _start(headers: Mapping[str, str]) -> int | None:
    return _length(headers.get("Content-Range", "").removeprefix("bytes ").partition("-")[0])
