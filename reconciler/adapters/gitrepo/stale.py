"""The lock of a ref whose writer was killed: git leaves it to a person, and nobody could write the ref until then.

Who writes a ref holds its lock for moments. One that has stood for long is taken away; whoever was only stopped all
that time finds it gone, and fails.
"""

import contextlib
import logging
import os
import time

_LONG = 30.0
"""Seconds."""

_log = logging.getLogger(__name__)


def break_stale(repository: str, ref: str) -> None:
    """Takes the ref's lock away if it has stood for long; none, or one that cannot be taken away, is no error."""
    with contextlib.suppress(OSError):
        lock = os.path.join(_common(repository), f"{ref}.lock")
        age = time.time() - os.stat(lock).st_mtime
        if age > _LONG:
            os.unlink(lock)
            _log.warning("%s had stood for %d seconds, left by a git that was killed: it is taken away", lock, age)


def _common(repository: str) -> str:
    """Where the refs of all work trees are: a linked one has a folder of its own below."""
    try:
        with open(os.path.join(repository, "commondir"), encoding="utf-8") as stream:
            return os.path.join(repository, stream.read().strip())
    except FileNotFoundError:
        return repository
