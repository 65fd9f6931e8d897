"""How fast and how much at once: what all fetches of a volume have between them, and whom they tell and ask."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from reconciler.adapters.sources import Listed
from reconciler.core.errors import Reason, TransientError
from reconciler.core.progress import Moved

TRANSFERS = 16
"""Files and ranges at once: many small files are bound by round trips (download-facts)."""

_SLICE = 0.2
"""Seconds after which somebody who waits asks whether to stop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """`transfers`: files and ranges that come at once; `bandwidth` in bytes a second, None for no limit."""

    transfers: int = TRANSFERS
    bandwidth: int | None = None


@dataclass(slots=True)
class Pace:
    """What several threads share so as to keep within limits."""

    limits: Limits
    turns: threading.BoundedSemaphore = field(init=False)
    _free_at: float = field(init=False, default=0.0)
    _guard: threading.Lock = field(init=False, default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.turns = threading.BoundedSemaphore(self.limits.transfers)

    def wait(self, count: int, stop: Callable[[], bool]) -> None:
        """Waits until so many bytes more are within the limit, or until asked to stop."""
        if self.limits.bandwidth is None:
            return
        with self._guard:
            self._free_at = max(self._free_at, time.monotonic()) + count / self.limits.bandwidth
            until = self._free_at
        while (left := until - time.monotonic()) > 0 and not stop():
            time.sleep(min(left, _SLICE))


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """Whom a fetch tells what it moved, whom it asks whether to stop, and the pace it keeps."""

    progress: Callable[[Moved], None]
    cancelled: Callable[[], bool]
    pace: Pace

    def moved(self, file: Listed, count: int, *, here: bool = False) -> None:
        """Tells of bytes that came or were `here`, and waits where the pace is too fast.

        Raises TransientError(CANCELLED) if asked to stop.
        """
        self.progress(Moved(count, file.path, file.size, here))
        self.pace.wait(0 if here else count, self.cancelled)
        if self.cancelled():
            raise TransientError(Reason.CANCELLED, "stopped on request", "The next pass goes on from here.")
