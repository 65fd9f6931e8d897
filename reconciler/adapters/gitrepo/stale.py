"""The lock of a ref whose writer was killed: git leaves it to a person, and nobody could write the ref until then.

Who writes a ref holds its lock for moments. One that has stood for long is taken away; whoever was only stopped all
that time finds it gone, and fails.
"""

import contextlib
import logging
import os
import time

_LONG, _AHEAD = 30.0, 3600.0
"""Seconds that it has stood; and that it is dated ahead by a clock that was wrong, more than any other host's is."""

_log = logging.getLogger(__name__)


def break_stale(repository: str, ref: str) -> None:
    """Takes the ref's lock away if it has stood for long; none, or one that cannot be taken away, is no error."""
    with contextlib.suppress(OSError):
        lock = os.path.join(_common(repository), f"{ref}.lock")
        age = time.time() - os.stat(lock).st_mtime
        if not -_AHEAD < age < _LONG:
            os.unlink(lock)
            stood = f"had stood for {age:.0f} seconds" if age > 0 else "is dated ahead"
            _log.warning("%s %s, left by a git that was killed: it is taken away", lock, stood)


def _common(repository: str) -> str:
    """Where the refs of all work trees are: a linked one has a folder of its own below."""
    try:
        with open(os.path.join(repository, "commondir"), encoding="utf-8") as stream:
            return os.path.join(repository, stream.read().strip())
    except FileNotFoundError:
        return repository
