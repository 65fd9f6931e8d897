"""The certificates that servers are believed by: the system's, and a bundle of one's own by the usual variables."""

from collections.abc import Mapping

from reconciler.core.errors import Reason, TerminalError

_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")


def bundle(environment: Mapping[str, str], *first: str) -> str | None:
    """The path of the bundle; `first`: variables that win over the usual ones. Raises TerminalError if it is no PEM."""
    variable = next((name for name in (*first, *_VARIABLES) if environment.get(name)), None)
    if variable is None:
        return None
    path = environment[variable]
    hint = f"Correct {variable}, or unset it: the system's certificates are trusted without it."
    try:
        with open(path, "rb") as stream:
            readable = b"-----BEGIN" in stream.read()
    except OSError as error:
        words = f"the certificates that {variable} names cannot be read: {path}: {error.strerror}"
        raise TerminalError(Reason.CREDENTIALS_MISSING, words, hint) from error
    if not readable:
        words = f"{path}, which {variable} names, holds no certificates in PEM form"
        raise TerminalError(Reason.CREDENTIALS_MISSING, words, hint)
    return path
