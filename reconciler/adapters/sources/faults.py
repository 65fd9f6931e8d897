"""Whatever a store's library raises, in our words: refused, missing, changed or out of reach."""

import contextlib
import ftplib
import re
from collections.abc import Iterator

import obstore.exceptions

from reconciler.adapters.sources.sentences import chain, in_words
from reconciler.core.errors import Reason, ReconcileError, TerminalError, TransientError

_NO_CREDENTIALS = frozenset({"NoCredentialsError", "PartialCredentialsError", "ProfileNotFound", "TokenRetrievalError"})
"""Names of botocore's errors: it is there only with the s3 extra."""

_OBSTORE = re.compile(r"status code: (\d{3})")
"""How obstore tells an HTTP status: in its words only."""

_PROXY = "ProxyError"
"""What urllib3, requests and httpx call it."""

_PROXY_REFUSES = re.compile(r"\b407\b|proxy authorization required", re.IGNORECASE)

_TRUNCATED = frozenset({"IncompleteRead", "InvalidChunkLength"})
"""Names of urllib3's and http.client's errors."""

_LONGEST = 60.0
"""Seconds that a server may ask us to wait."""


class BusyError(TransientError):
    """The server asks for so many seconds of rest."""

    def __init__(self, where: str, status: int, after: float) -> None:
        words = f"the server of {where} answered {status} and asks for {after:g} seconds of rest"
        super().__init__(Reason.SOURCE_UNREACHABLE, words, "The next pass tries again.")
        self.after = after


@contextlib.contextmanager
def translated(where: str, *, by_proxy: bool = False) -> Iterator[None]:
    """Raises TransientError or TerminalError for anything that goes wrong inside; `where` is shown to people.

    `by_proxy`: httpx goes through one, and does not tell whom it got no connection to.
    """
    try:
        yield
    except ReconcileError:
        raise
    except Exception as error:
        raise (_of_proxy(error, where, by_proxy=by_proxy) or explained(error, where)) from error


def explained(error: BaseException, where: str) -> ReconcileError:
    """Our error for a foreign one."""
    names, status = _names(error), _status(error)
    if names & _NO_CREDENTIALS or _has_none(error, status):
        return TerminalError(
            Reason.CREDENTIALS_MISSING,
            f"there are no usable credentials for {where}",
            "Set them in the environment, or name a profile of reconciler.yaml with `credentials`.",
        )
    if status is not None:
        return of_status(status, where, _retry_after(error))
    if names & _TRUNCATED:
        return truncated(where)
    if isinstance(error, PermissionError) or (
        isinstance(error, ftplib.error_perm) and not str(error).startswith("550")
    ):
        return unreadable(where)
    if isinstance(error, (FileNotFoundError, NotADirectoryError, ftplib.error_perm)) and not isinstance(
        error.__cause__, OSError
    ):
        return missing(where)
    return TransientError(
        Reason.SOURCE_UNREACHABLE,
        f"{where} could not be read: {in_words(error)}",
        "The next pass tries again; if it stays so, check the network and the endpoint.",
    )


def _has_none(error: BaseException, status: int | None) -> bool:
    """Whether obstore knows no account or key, and was refused a token by the machine's own service too."""
    words = str(error) if isinstance(error, obstore.exceptions.BaseError) else ""
    return "MissingAccount" in words or ("performing token request" in words and status is not None and status < 500)


def _of_proxy(error: BaseException, where: str, *, by_proxy: bool) -> TransientError | None:
    """The proxy's fault, if it is one. obstore tells it in its words only."""
    names, told = _names(error), " ".join(map(str, chain(error)))
    tunnel = isinstance(error, obstore.exceptions.BaseError) and "tunnel" in told.lower()
    if not tunnel and _PROXY not in names and not (by_proxy and "ConnectError" in names):
        return None
    return proxied(where, refused=_PROXY_REFUSES.search(told) is not None)


def proxied(where: str, *, refused: bool) -> TransientError:
    """A proxy is in the way; `refused`: it wants another password. Transient, for the source is not at fault."""
    if refused:
        words = f"{where} could not be asked: the proxy of HTTP_PROXY or HTTPS_PROXY refuses us (407)"
        hint = "Put the proxy's user and password into that variable: http://user:password@host:port, percent-encoded."
        return TransientError(Reason.CREDENTIALS_MISSING, words, hint)
    words = f"{where} could not be asked: the proxy of HTTP_PROXY, HTTPS_PROXY or ALL_PROXY lets nothing through"
    hint = "Check that the proxy runs, knows our password and lets this host through, or name it in NO_PROXY."
    return TransientError(Reason.SOURCE_UNREACHABLE, words, hint)


def missing(where: str) -> TerminalError:
    """The source is not there."""
    hint = "Check `uri` for a typing error, and that the upload has finished."
    return TerminalError(Reason.SOURCE_NOT_FOUND, f"{where} does not exist", hint)


def unreadable(where: str, detail: str = "permission denied") -> TerminalError:
    """The source is there, but not for us."""
    hint = "Give this program's user or credentials the right to list and read it."
    return TerminalError(Reason.SOURCE_UNREADABLE, f"{where} may not be read: {detail}", hint)


def truncated(where: str, detail: str = "the connection ended early") -> TransientError:
    """Fewer bytes came than were promised."""
    hint = "Nothing of it was kept; the next pass fetches it again."
    return TransientError(Reason.SOURCE_UNREADABLE, f"{where} came truncated: {detail}", hint)


def changed(where: str) -> TransientError:
    """The source is no longer what was listed."""
    hint = "Nothing of it was kept; the next pass looks afresh."
    return TransientError(Reason.SOURCE_CHANGED, f"{where} changed while it was being read", hint)


def encoded(where: str, encoding: str) -> TerminalError:
    """A server that sends something else than the file."""
    words = f"the server sends {where} encoded ({encoding[:40]!r}), although it was asked for the file as it is"
    hint = "Let it send no Content-Encoding; for a file that is kept packed, take that off its metadata."
    return TerminalError(Reason.SOURCE_UNREADABLE, words, hint)


def unprotected(where: str, there: str) -> TerminalError:
    """A redirect that takes the protection away under which the source was named."""
    hint = "Let it redirect to https://, or name the http:// address itself if that is what you want."
    return TerminalError(Reason.SOURCE_NOT_ALLOWED, f"{where} redirects to {there}, which is not encrypted", hint)


def whole(where: str) -> TransientError:
    """A server that gave ranges when asked gives the whole file now, which is of no use here."""
    hint = "The next pass looks afresh, and reads the whole file where the server gives no ranges."
    return TransientError(Reason.SOURCE_CHANGED, f"the server of {where} no longer gives ranges of this file", hint)


def of_status(status: int, where: str, retry_after: str = "") -> ReconcileError:
    """What an HTTP status of 400 or more means; `retry_after` is the header of that name."""
    if status == 429 or status >= 500:
        return _busy(status, where, retry_after)
    if status == 407:
        return proxied(where, refused=True)
    if status in (401, 403):
        return unreadable(where, f"the server answered {status}")
    if status in (404, 410):
        return missing(where)
    if status in (412, 416):  # 416: it has become shorter than it was when it was listed
        return changed(where)
    return TerminalError(Reason.SOURCE_UNREADABLE, f"the server of {where} answered {status}", "Check `uri`.")


def _busy(status: int, where: str, retry_after: str) -> TransientError:
    if status in (429, 503) and retry_after.isdecimal():  # dates are not worth it
        return BusyError(where, status, min(float(retry_after), _LONGEST))
    hint = "The next pass tries again."
    return TransientError(Reason.SOURCE_UNREACHABLE, f"the server of {where} answered {status}", hint)


def _names(error: BaseException) -> set[str]:
    return {kind.__name__ for each in chain(error) for kind in type(each).__mro__}


def _status(error: BaseException) -> int | None:
    """The HTTP status that is at the bottom of it: in the `response`, or a `status` of its own."""
    for each in chain(error):
        status = getattr(each, "status", None)
        response = getattr(each, "response", None)
        if isinstance(response, dict):
            status = response.get("ResponseMetadata", {}).get("HTTPStatusCode")
        elif response is not None:
            status = getattr(response, "status_code", None)
        if isinstance(each, (obstore.exceptions.BaseError, FileNotFoundError)):
            told = _OBSTORE.search(str(each))
            status = int(told[1]) if told else status
        if isinstance(status, int) and status >= 400:
            return status
    return None


def _retry_after(error: BaseException) -> str:
    """What the error keeps of the answer; obstore keeps nothing."""
    answers = [getattr(each, "response", each) for each in chain(error)]
    headers = [getattr(each, "headers", None) or {} for each in answers]
    return next((str(text) for each in headers if (text := each.get("Retry-After"))), "")
