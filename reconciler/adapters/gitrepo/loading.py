"""Loads pygit2 although SSL_CERT_FILE names no certificates: it refuses to be imported then, for plain directories too.

Imported before anything else here imports pygit2. A remote over TLS is refused instead, when it is asked.
"""

import importlib
import os

from reconciler.adapters import trust
from reconciler.core.errors import TerminalError

_VARIABLE = "SSL_CERT_FILE"


def _load() -> None:
    named = os.environ.get(_VARIABLE, "")
    try:
        trust.bundle({_VARIABLE: named})
    except TerminalError:
        del os.environ[_VARIABLE]
    try:
        importlib.import_module("pygit2")
    finally:
        if named:
            os.environ[_VARIABLE] = named


_load()
