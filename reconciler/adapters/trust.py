"""The certificates that servers are believed by: the system's, and a bundle of one's own by the usual variables."""

import functools
import os
import ssl
from collections.abc import Mapping

from reconciler.core.errors import Reason, TerminalError

_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")


def bundle(environment: Mapping[str, str], *first: str) -> str | None:
    """The path of the bundle; `first`: variables that win over the usual ones.

    Raises TerminalError if one that is named is no PEM, also if it does not win: some libraries read that one.
    """
    named = [name for name in (*first, *_VARIABLES) if environment.get(name)]
    for variable in named:
        _check(variable, environment[variable])
    return environment[named[0]] if named else None


def _check(variable: str, path: str) -> None:
    hint = f"Correct {variable}, or unset it: the system's certificates are trusted without it."
    try:
        found = os.stat(path)
        readable = _holds_certificates(path, found.st_mtime_ns, found.st_size)
    except OSError as error:
        words = f"the certificates that {variable} names cannot be read: {path}: {error.strerror}"
        raise TerminalError(Reason.CREDENTIALS_MISSING, words, hint) from error
    if not readable:
        words = f"{path}, which {variable} names, holds no certificates in PEM form"
        raise TerminalError(Reason.CREDENTIALS_MISSING, words, hint)


@functools.lru_cache(maxsize=16)
def _holds_certificates(path: str, _modified: int, _size: int) -> bool:
    """Read once for as long as it stays as it is, for each source asks."""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=path)
    except ssl.SSLError:
        return False
    return True
