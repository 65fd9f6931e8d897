"""Metrics in a file, as node_exporter's textfile collector reads them: whole or not at all, readable by everybody."""

import contextlib
import os
from collections.abc import Iterator, Sequence

from prometheus_client import generate_latest
from prometheus_client.core import Metric

from reconciler.adapters.metrics.families import families
from reconciler.adapters.metrics.merged import merged, parsed
from reconciler.core.errors import Reason, TransientError
from reconciler.core.views.board import Board
from reconciler.core.views.tally import Ending

_MODE = 0o644


class _Told:
    """Families as prometheus_client writes them."""

    def __init__(self, told: Sequence[Metric]) -> None:
        self._told = told

    def collect(self) -> Iterator[Metric]:
        yield from self._told


def write(path: str, board: Board) -> None:
    """Writes the metrics of a run. Raises TransientError if they cannot be written; then what was there is there."""
    new = list(families(board))
    whole = board.tally.last is Ending.SUCCESS
    text = generate_latest(_Told(list(merged(new, parsed(_before(path)), board.target, whole=whole))))
    beside = f"{path}.{os.getpid()}.tmp"  # the collector reads *.prom only
    try:
        _write(beside, text)
        os.replace(beside, path)
    except OSError as error:
        with contextlib.suppress(OSError):
            os.unlink(beside)
        message = f"the metrics cannot be written to {path}: {error.strerror}"
        hint = "what was applied stays applied; the folder must be there and writable"
        raise TransientError(Reason.METRICS_NOT_WRITTEN, message, hint) from error


def _before(path: str) -> str:
    """What the last run wrote; nothing if there is none, or it is nothing that can be read."""
    try:
        with open(path, encoding="utf-8") as stream:
            return stream.read()
    except (OSError, UnicodeDecodeError):
        return ""


def _write(path: str, text: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _MODE)
    with os.fdopen(descriptor, "wb") as stream:
        os.fchmod(descriptor, _MODE)  # whatever the umask is: another user's program reads it
        stream.write(text)
