"""What wakes the loop, and the one who rings when git's ref moves."""

import contextlib
import queue
import time
from collections.abc import Callable
from enum import StrEnum

from reconciler.core.errors import ReconcileError


class Wake(StrEnum):
    """Why the loop turns."""

    BEGIN = "begin"
    INTERVAL = "interval"
    ASKED = "asked"
    MOVED = "moved"
    LANDED = "landed"
    STOP = "stop"


_SLICE = 0.5
"""Seconds: a signal that comes just before a thread begins to wait interrupts nothing, and is handled after it."""


class Bell:
    """What wakes the loop; any thread and any signal handler may ring it."""

    def __init__(self) -> None:
        self._rung: queue.SimpleQueue[Wake] = queue.SimpleQueue()  # its put is reentrant, as a handler needs

    def ring(self, why: Wake) -> None:
        """Wakes the loop, now or when it next rests."""
        self._rung.put(why)

    def wait(self, seconds: float) -> Wake | None:
        """The first ring, None if nobody rang for so long."""
        end = time.monotonic() + seconds
        while True:
            left = end - time.monotonic()
            with contextlib.suppress(queue.Empty):
                return self._rung.get(timeout=min(max(left, 0.0), _SLICE))
            if left <= _SLICE:
                return None


class Watch:
    """Rings when git's ref moves from where it was when this was made: a pass that begins later sees that, or more.

    What cannot be asked is no news, for the next pass tells of it; and counts as moved once it can be asked again.
    """

    def __init__(self, tip: Callable[[], str], bell: Bell) -> None:
        self._tip, self._bell = tip, bell
        self._last = self._asked()

    def keep(self, every: float, over: Callable[[float], bool]) -> None:
        """Asks `every` so many seconds until `over`, which waits so long, says so."""
        while not over(every):
            found = self._asked()
            if found is not None and found != self._last:
                self._bell.ring(Wake.MOVED)
                self._last = found

    def _asked(self) -> str | None:
        try:
            return self._tip()
        except ReconcileError:
            return None
