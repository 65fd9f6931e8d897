"""What wakes the loop, and the one who rings when git's ref moves."""

import queue
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


class Bell:
    """What wakes the loop; any thread and any signal handler may ring it."""

    def __init__(self) -> None:
        self._rung: queue.SimpleQueue[Wake] = queue.SimpleQueue()  # its put is reentrant, as a handler needs

    def ring(self, why: Wake) -> None:
        """Wakes the loop, now or when it next rests."""
        self._rung.put(why)

    def wait(self, seconds: float) -> Wake | None:
        """The first ring, None if nobody rang for so long."""
        try:
            return self._rung.get(timeout=max(seconds, 0.0))
        except queue.Empty:
            return None


def watching(tip: Callable[[], str], bell: Bell, every: float, over: Callable[[float], bool]) -> None:
    """Rings when git's ref moves: asked `every` so many seconds until `over`, which waits so long, says so.

    What cannot be asked is no news: the next pass tells of it.
    """
    last: str | None = None
    while not over(every):
        try:
            found = tip()
        except ReconcileError:
            continue
        if last is not None and found != last:
            bell.ring(Wake.MOVED)
        last = found
