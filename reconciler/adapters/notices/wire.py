"""One request over http(s), tried again within bounds if that may help; no redirect is followed and no netrc read."""

import email.utils
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter

from reconciler.adapters.notices.bounded import Timing
from reconciler.core.errors import Reason, ReconcileError, TerminalError, TransientError
from reconciler.core.jsonvalue import Json, JsonObject, parsed
from reconciler.core.statuses.conditions import stable

_ATTEMPTS, _MOST = 5, 1 << 20
_SECRET = 4  # characters: what is shorter is no secret, and part of many words
_AGAIN = frozenset({408, 425, 429})
_WORDS = (
    (requests.exceptions.SSLError, "its certificate is not trusted"),
    (requests.exceptions.ProxyError, "the proxy does not let us through"),
    (requests.exceptions.ConnectTimeout, "it does not take connections in time"),
    (requests.exceptions.Timeout, "it does not answer in time"),
    (requests.exceptions.ConnectionError, "the connection fails"),
)
"""The first that fits. The libraries' own words would show the whole address, which may be a secret."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is sent; `headers` may hold secrets."""

    method: str
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back: only as much of it as is looked at."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def document(self) -> JsonObject:
        """The answer as JSON, empty where it is none."""
        try:
            found: Json = parsed(self.body)
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}


class _Adapter(HTTPAdapter):
    """Trusts what the system trusts, and a bundle besides."""

    def __init__(self, bundle: str | None) -> None:
        self._context = ssl.create_default_context()
        if bundle is not None:
            self._context.load_verify_locations(cafile=bundle)
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> Any:
        return super().init_poolmanager(*args, ssl_context=self._context, **kwargs)

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        return super().proxy_manager_for(proxy, **{"ssl_context": self._context} | kwargs)


class Wire:
    """Connections to one of those who are told, called `whom`, until the time is up."""

    def __init__(self, whom: str, timing: Timing, bundle: str | None = None) -> None:
        self._whom, self._timing = whom, timing
        self._until = timing.clock() + timing.budget
        self._session = requests.Session()
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, _Adapter(bundle))
        self._session.auth = lambda request: request  # or requests would put netrc's in the place of our token

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._session.close()

    def send(self, request: Request) -> Answer:
        """The answer, if it is a good one. Raises TerminalError, and TransientError when the time is up."""
        for attempt in range(_ATTEMPTS):
            answer = self._tried(request)
            if isinstance(answer, Answer) and 200 <= answer.status < 300:
                return answer
            failure = self._failure(answer, request) if isinstance(answer, Answer) else answer
            wait = self._wait(attempt, answer)
            late = self._timing.clock() + wait >= self._until
            if isinstance(failure, TerminalError) or late or attempt == _ATTEMPTS - 1:
                raise failure
            self._timing.sleep(wait)
        raise AssertionError  # the last attempt has raised

    def _tried(self, request: Request) -> Answer | TransientError:
        left = self._until - self._timing.clock()
        timeout = (min(self._timing.connect, max(left, 0.1)), min(self._timing.silence, max(left, 0.1)))
        try:
            with self._session.request(
                request.method,
                request.url,
                headers=dict(request.headers),
                data=request.body,
                timeout=timeout,
                allow_redirects=False,
                stream=True,
            ) as answer:
                body = next(answer.iter_content(_MOST), b"")
                return Answer(status=answer.status_code, headers=dict(answer.headers.lower_items()), body=body)
        except (requests.RequestException, OSError) as error:
            return self._unreachable(error)

    def _unreachable(self, error: Exception) -> TransientError:
        told = next((words for kind, words in _WORDS if isinstance(error, kind)), "it breaks off")
        hint = "what was done stays done; check the address and the network"
        return TransientError(Reason.NOT_NOTIFIED, f"{self._whom} cannot be told: {told}", hint)

    def _failure(self, answer: Answer, request: Request) -> ReconcileError:
        said = answer.document.get("message")
        words = f": {stable(_without_secrets(said, request))[:300]}" if isinstance(said, str) and said else ""
        message = f"{self._whom} cannot be told: it answers {answer.status}{words}"
        if answer.status in _AGAIN or answer.status >= 500 or _is_limited(answer):
            return TransientError(
                Reason.NOT_NOTIFIED, message, "what was done stays done; the next change is told anew"
            )
        return TerminalError(Reason.NOT_NOTIFIED, message, _HINTS.get(answer.status, "check the address"))

    def _wait(self, attempt: int, answer: Answer | TransientError) -> float:
        """Half of it is chance; what the other side asks for is a floor."""
        doubled = self._timing.first * (1 << attempt)
        asked = _asked_for(answer.headers, self._timing.now()) if isinstance(answer, Answer) else 0.0
        return max(asked, doubled / 2 + self._timing.random() * doubled / 2)


def _without_secrets(said: str, request: Request) -> str:
    """What a server says, without what it may have from the request: some send the whole of it back."""
    address = urlsplit(request.url)
    values = [*request.headers.values(), address.path, address.query]
    secrets = {part for value in values for part in (value, *value.split()) if len(part) >= _SECRET}
    for secret in sorted(secrets, key=len, reverse=True):
        said = said.replace(secret, "…")
    return said


_HINTS = {
    **dict.fromkeys((301, 302, 303, 307, 308), "redirects are not followed: give the address where it leads"),
    401: "check the token",
    403: "check what the token may do",
    404: "check the address, and that the token may see it",
    422: "is the commit pushed there?",
}


def _is_limited(answer: Answer) -> bool:
    """GitHub answers 403 as well where there were too many requests."""
    spent = answer.headers.get("x-ratelimit-remaining") == "0"
    return answer.status == requests.codes.forbidden and (spent or "retry-after" in answer.headers)


def _asked_for(headers: Mapping[str, str], now: float) -> float:
    """How long the other side asks us to wait: in seconds, until a date, until the limit is reset."""
    after = headers.get("retry-after", "")
    if after.isdecimal():
        return float(after)
    if after:
        try:
            return max(0.0, email.utils.parsedate_to_datetime(after).timestamp() - now)
        except ValueError:
            return 0.0
    reset = headers.get("x-ratelimit-reset", "")
    return max(0.0, float(reset) - now) if reset.isdecimal() and headers.get("x-ratelimit-remaining") == "0" else 0.0
