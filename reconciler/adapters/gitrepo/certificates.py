"""Loads pygit2 although SSL_CERT_FILE names no certificates: it refuses to be imported then, for plain directories too.

Imported before anything else here imports pygit2. A remote over TLS is refused instead, by `check`.
"""

import importlib
import os
import ssl

from reconciler.core.errors import Reason, TerminalError

_VARIABLE = "SSL_CERT_FILE"


def check(where: str) -> None:
    """Whether SSL_CERT_FILE, if it is set, names certificates. Raises TerminalError if not."""
    fault = _fault()
    if fault is not None:
        words = f"{where} cannot be trusted: {_VARIABLE} names {os.environ[_VARIABLE]}, {fault}"
        hint = f"correct {_VARIABLE}, or unset it: the system's certificates are trusted without it"
        raise TerminalError(Reason.REPOSITORY_UNREADABLE, words, hint)


def _fault() -> str | None:
    named = os.environ.get(_VARIABLE)
    if not named:
        return None
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=named)
    except ssl.SSLError:
        return "which holds no certificates in PEM form"
    except OSError as error:
        return f"which cannot be read: {error.strerror}"
    return None


def _load() -> None:
    named = os.environ.pop(_VARIABLE) if _fault() is not None else None
    try:
        importlib.import_module("pygit2")
    finally:
        if named is not None:
            os.environ[_VARIABLE] = named


_load()
