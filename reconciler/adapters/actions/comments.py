"""The one comment of ours on a pull request: found by its first line and its author, made once, edited in place.

Source: docs.github.com, "REST API endpoints for issue comments", "Best practices for using the REST API".
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

import requests

from reconciler.core.errors import Reason, ReconcileError, TerminalError, TransientError

ATTEMPTS = 4
PATIENCE = 60.0
"""Seconds to wait for a limit of GitHub's to pass, in one go."""
_PAGES = 100
_TIMEOUT = (10, 30)
_BUSY = (500, 502, 503, 504)


class Kept(StrEnum):
    """What became of the comment."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """Where to ask, about which repository (`owner/name`), and with what."""

    url: str
    repository: str
    token: str = field(repr=False)
    pause: Callable[[float], None] = time.sleep


class _BusyError(Exception):
    """No error yet: it is tried again `after` so many seconds."""

    def __init__(self, after: float, error: ReconcileError) -> None:
        super().__init__(error.message)
        self.after = after
        self.error = error


def keep_comment(api: Api, pull: int, author: str, body: str) -> Kept:
    """Makes the comment whose first line is that of the body, or edits the one that `author` wrote.

    Tried again as a whole, so that one which was made though the answer was lost is found. Raises TerminalError where
    GitHub does not want it, TransientError where it cannot be reached.
    """
    with requests.Session() as session:
        session.auth = _Bearer(api.token)
        session.headers.update({"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"})
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return _Thread(api, session, pull).keep(author, body)
            except _BusyError as busy:
                if attempt == ATTEMPTS or busy.after > PATIENCE:
                    raise busy.error from busy
                api.pause(max(busy.after, 2.0 ** (attempt - 1)))
    raise AssertionError


@dataclass(frozen=True, slots=True)
class _Bearer(requests.auth.AuthBase):
    """As an auth of its own, or a netrc would win over it."""

    token: str = field(repr=False)

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self.token}"
        return request


@dataclass(frozen=True, slots=True)
class _Thread:
    api: Api
    session: requests.Session
    pull: int

    def keep(self, author: str, body: str) -> Kept:
        first = body.partition("\n")[0]
        issues = f"{self.api.url}/repos/{self.api.repository}/issues"
        for comment in self._comments(f"{issues}/{self.pull}/comments?per_page=100"):
            text = str(comment.get("body") or "").replace("\r\n", "\n")
            if text.partition("\n")[0] == first and _author(comment) == author.lower():
                if text.rstrip() == body.rstrip():
                    return Kept.UNCHANGED
                self._ask("PATCH", f"{issues}/comments/{int(comment['id'])}", body)
                return Kept.UPDATED
        self._ask("POST", f"{issues}/{self.pull}/comments", body)
        return Kept.CREATED

    def _comments(self, url: str) -> Iterator[dict[str, Any]]:
        for _ in range(_PAGES):
            answer = self._ask("GET", url)
            try:
                found = answer.json()
            except ValueError as error:
                raise _refused("it answered something else than JSON") from error
            yield from (comment for comment in found if isinstance(comment, dict))
            url = answer.links.get("next", {}).get("url", "")
            if not url:
                return
            if urlsplit(url)[:2] != urlsplit(self.api.url)[:2]:
                raise _refused("its next page is at another address")

    def _ask(self, method: str, url: str, body: str | None = None) -> requests.Response:
        try:
            answer = self.session.request(
                method, url, json=None if body is None else {"body": body}, timeout=_TIMEOUT, allow_redirects=False
            )
        except (requests.ConnectionError, requests.Timeout) as error:
            host = urlsplit(self.api.url).hostname
            unreachable = TransientError(Reason.NOT_COMMENTED, f"{host} cannot be reached", "run the job again")
            raise _BusyError(after=0, error=unreachable) from error
        except requests.RequestException as error:
            raise _refused("it could not be understood") from error
        if answer.status_code in (200, 201):
            return answer
        raise _fault(answer)


def _author(comment: dict[str, Any]) -> str:
    return str((comment.get("user") or {}).get("login") or "").lower()


def _fault(answer: requests.Response) -> _BusyError | ReconcileError:
    """Whether to try again: GitHub answers 403 both to who must not and to who asks too much."""
    status, limit = answer.status_code, _limit(answer)
    told = f"it answered {status} {answer.reason or ''}".strip()
    if status in _BUSY:
        return _BusyError(
            after=limit or 0, error=TransientError(Reason.NOT_COMMENTED, f"GitHub: {told}", "run it again")
        )
    if status in (403, 429) and limit is not None:
        hint = "run the job again later"
        return _BusyError(
            after=limit, error=TransientError(Reason.NOT_COMMENTED, f"GitHub: {told}: too many requests", hint)
        )
    if status in (401, 403, 404):
        return _refused(told, "the job needs `pull-requests: write`, which pull requests of forks never get")
    return _refused(told)


def _limit(answer: requests.Response) -> float | None:
    """Seconds until a limit is over, None if there is none."""
    try:
        if "Retry-After" in answer.headers:
            return max(float(answer.headers["Retry-After"]), 0)
        if answer.headers.get("X-RateLimit-Remaining") == "0":
            return max(float(answer.headers.get("X-RateLimit-Reset", "inf")) - time.time(), 0)
    except ValueError:
        return float("inf")
    return None


def _refused(told: str, hint: str = "") -> TerminalError:
    return TerminalError(Reason.NOT_COMMENTED, f"GitHub did not take the comment: {told}", hint)
