"""Metrics pushed to a Pushgateway, under `job="reconcile"` and the target."""

import urllib.parse
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import requests
from prometheus_client import CollectorRegistry, push_to_gateway, pushadd_to_gateway

from reconciler.adapters import trust
from reconciler.adapters.metrics.families import Collector
from reconciler.core.errors import Reason, ReconcileError, TerminalError, TransientError, UsageError
from reconciler.core.statuses.conditions import stable
from reconciler.core.views.board import Board
from reconciler.core.views.tally import Ending

_JOB = "reconcile"
_SECONDS = (5.0, 15.0)
_STAYS = "what was applied stays applied"
_WORDS = (
    (requests.exceptions.SSLError, "its certificate is not trusted"),
    (requests.exceptions.ProxyError, "the proxy does not let us through"),
    (requests.exceptions.ConnectTimeout, "it does not take connections in time"),
    (requests.exceptions.Timeout, "it does not answer in time"),
    (requests.exceptions.ConnectionError, "the connection fails"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Gateway:
    """Where it is, without its credentials, and these. `shown`: scheme, host and port alone: paths hold secrets."""

    url: str = field(repr=False)
    shown: str
    account: tuple[str, str] | None = field(repr=False)
    bundle: str | None


def check(url: str) -> None:
    """Raises UsageError for what is no address of a gateway."""
    _gateway(url, {})


def push(url: str, board: Board, environment: Mapping[str, str]) -> None:
    """Pushes the metrics of a run; one that ended early replaces only what it can say.

    Raises UsageError for what is no address, TransientError or TerminalError if the gateway does not take them.
    """
    gateway = _gateway(url, environment)
    registry = CollectorRegistry()
    registry.register(Collector(board))
    send = push_to_gateway if board.tally.last is Ending.SUCCESS else pushadd_to_gateway
    send(
        gateway.url,
        job=_JOB,
        registry=registry,
        grouping_key={"target": board.target},
        handler=_sending(gateway),
    )


def _gateway(url: str, environment: Mapping[str, str]) -> _Gateway:
    try:
        parts = urllib.parse.urlsplit(url)
        sound = _is_sound(parts) and url.isascii() and url.isprintable() and " " not in url
    except ValueError:
        sound = False
    if not sound:
        raise UsageError(Reason.USAGE, "the address of the Pushgateway is no http(s):// URL", "give --pushgateway URL")
    place = parts.netloc.rpartition("@")[2]
    account = None
    if parts.username is not None:
        account = (urllib.parse.unquote(parts.username), urllib.parse.unquote(parts.password or ""))
    return _Gateway(
        url=f"{parts.scheme}://{place}{parts.path.rstrip('/')}",
        shown=f"{parts.scheme}://{place}",
        account=account,
        bundle=trust.bundle(environment),
    )


def _is_sound(parts: urllib.parse.SplitResult) -> bool:
    """Raises ValueError for a port that is none."""
    there = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    return there and not parts.query and not parts.fragment


def _sending(gateway: _Gateway) -> Callable[..., Callable[[], None]]:
    """prometheus_client's handler, by requests: proxies and certificates as everywhere else here."""

    def handler(
        *, url: str, method: str, headers: list[tuple[str, str]], data: bytes, **_: object
    ) -> Callable[[], None]:
        def send() -> None:
            request = requests.Request(method, url, headers=dict(headers), data=data)
            _check(gateway, _answer(gateway, request))

        return send

    return handler


def _answer(gateway: _Gateway, request: requests.Request) -> tuple[int, str]:
    try:
        with requests.Session() as session:
            # Of netrc nothing is wanted: without an account in the address there is none.
            session.auth = gateway.account or (lambda prepared: prepared)
            prepared = session.prepare_request(request)
            settings = session.merge_environment_settings(prepared.url, {}, True, gateway.bundle or True, None)
            with session.send(prepared, timeout=_SECONDS, allow_redirects=False, **settings) as answer:
                return answer.status_code, answer.raw.read(1000, decode_content=True).decode("utf-8", "replace")
    except (requests.RequestException, OSError) as error:
        told = next((words for kind, words in _WORDS if isinstance(error, kind)), "it breaks off")
        message = f"the metrics cannot be pushed to {gateway.shown}: {told}"
        raise TransientError(
            Reason.METRICS_NOT_WRITTEN, message, f"{_STAYS}; check the address and the network"
        ) from error


def _check(gateway: _Gateway, answer: tuple[int, str]) -> None:
    """Raises what the answer means."""
    status, said = answer
    if 200 <= status < 300:
        return
    for secret in sorted({part for part in (gateway.account or ()) if part}, key=len, reverse=True):
        said = said.replace(secret, "…")
    words = f": {stable(said)[:300]}" if said.strip() else ""
    message = f"the metrics cannot be pushed to {gateway.shown}: it answers {status}{words}"
    kind: type[ReconcileError] = TransientError if status >= 500 or status in (408, 429) else TerminalError
    raise kind(Reason.METRICS_NOT_WRITTEN, message, f"{_STAYS}; {_HINTS.get(status, 'check the address')}")


_HINTS = {
    400: "it may hold other metrics of the same names, with other types",
    401: "give the address with user and password",
    403: "check the user and the password",
    **dict.fromkeys((301, 302, 303, 307, 308), "redirects are not followed: give the address where it leads"),
}
