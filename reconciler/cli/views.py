"""What a loop's board looks like over HTTP."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime

from reconciler.cli.boarding import Shown
from reconciler.core.views.board import readiness, turns
from reconciler.looping.bell import Bell, Wake
from reconciler.looping.serving import Views, serving

_PATIENCE, _INTERVALS = 600.0, 3
"""Seconds, and intervals, without a pass that begins or ends after which the loop counts as stuck."""


def served(
    listen: str, shown: Shown, bell: Bell, interval: float, now: Callable[[], datetime]
) -> AbstractContextManager[str]:
    """Serves it at `HOST:PORT`, and gives the address. Raises UsageError and TerminalError."""
    patience = max(_PATIENCE, _INTERVALS * interval)
    views = Views(
        board=lambda: shown.board,
        health=lambda: turns(shown.board, now(), patience),
        ready=lambda: readiness(shown.board),
        ask=lambda: bell.ring(Wake.ASKED),
    )
    return serving(listen, views)
