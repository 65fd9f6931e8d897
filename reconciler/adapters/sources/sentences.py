"""What went wrong in a sentence, for foreign errors: their own texts hold URLs, and those hold secrets."""

import os
import re
import ssl
from collections.abc import Iterator

import obstore.exceptions

_KIND = re.compile(r"kind: (Connect|Timeout|Interrupted)")
_KINDS = {"Connect": "no connection", "Timeout": "no answer in time", "Interrupted": "the connection broke"}
"""What obstore tells of a network's failures, and what that is in words."""

_SENTENCES = {
    "TooManyRedirects": "it redirects again and again",
    "LocationParseError": "its address, or one that it redirects to, is no URL",
    "LocationValueError": "its address, or one that it redirects to, names no host",
    "InvalidURL": "its address, or one that it redirects to, is no URL",
    "InvalidSchema": "it redirects to an address that is neither http:// nor https://",
    "MissingSchema": "it redirects to an address that is neither http:// nor https://",
    "UnsupportedProtocol": "its address, or one that it redirects to, is neither http:// nor https://",
    "UnicodeEncodeError": "the token or password for it holds a letter that HTTP cannot carry: only ASCII can be sent",
    "InvalidHeader": "the token for it holds a line break or a blank, which HTTP cannot carry",
    "LocalProtocolError": "the token for it holds a line break or a blank, which HTTP cannot carry",
    "BadStatusLine": "what answers there does not speak HTTP",
    "RemoteDisconnected": "the server closed the connection without an answer",
    "RemoteProtocolError": "the server closed the connection without an answer, or does not speak HTTP",
    "ProtocolError": "the connection broke",
    "ReadTimeoutError": "no answer in time",
    "ConnectTimeoutError": "no connection in time",
    "TimeoutError": "no answer in time",
    "OSError": "the connection failed",
    "ValueError": "its address, or one that it redirects to, is no URL, or its answer was not understood",
    "JSONDecodeError": "its answer was not understood",
}
"""What the names of foreign errors say, whose own texts hold URLs and secrets."""


def chain(error: BaseException) -> Iterator[BaseException]:
    """The error and what led to it, back to the first."""
    found: BaseException | None = error
    while found is not None:
        yield found
        found = found.__cause__ or found.__context__


def in_words(error: BaseException) -> str:
    """The kind of error only: the texts of foreign errors hold URLs, and those hold secrets."""
    cause = list(chain(error))[-1]
    match cause:
        case ssl.SSLCertVerificationError():
            return f"its certificate is not trusted ({cause.verify_message}): SSL_CERT_FILE may name who signed it"
        case ssl.SSLError():
            reason = (cause.reason or "for no reason given").replace("_", " ").lower()
            return f"TLS failed ({reason}), as where a server speaks plain http"
        case OSError(errno=number) if number and number > 0:
            return os.strerror(number)  # asyncio's own words hold Python
        case OSError(strerror=str(words)) if "://" not in words:
            return words
        case _:
            return _by_name(cause)


def _by_name(error: BaseException) -> str:
    """`ServerDisconnectedError` → `server disconnected`."""
    if isinstance(error, obstore.exceptions.BaseError):
        told = _KIND.search(str(error))
        return _KINDS[told[1]] if told else "the store's answer was not understood"
    name = type(error).__name__
    if name in _SENTENCES:
        return _SENTENCES[name]
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name.removesuffix("Error").removesuffix("Exception")).lower() or name
