"""How fast and how much at once: what all fetches of a volume have between them, and whom they tell and ask."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import wait
from dataclasses import dataclass, field

from reconciler.adapters.sources import Listed
from reconciler.adapters.volume.beside import begun
from reconciler.adapters.volume.limits import Limits
from reconciler.core.errors import Reason, TransientError
from reconciler.core.progress import Moved

_SLICE = 0.2
"""Seconds after which somebody who waits asks whether to stop."""

_GRACE = 2.0
"""Seconds in which the work may end in order once it was asked to stop."""

_PATIENCE, _SLOWEST = 60.0, 1000
"""Seconds of waiting for a source, and the bytes in each of them without which it is as good as dead."""


def lively(blocks: Iterator[bytes], where: str) -> Iterator[bytes]:
    """The same. Raises TransientError(SOURCE_UNREADABLE) once they come too slowly ever to end."""
    waited, received = 0.0, 0
    while True:
        began = time.monotonic()
        block = next(blocks, None)
        if block is None:
            return
        waited, received = waited + time.monotonic() - began, received + len(block)
        if waited > _PATIENCE:
            if received < waited * _SLOWEST:
                words = f"{where} came at {received / waited:.0f} bytes a second, which would never end"
                raise TransientError(Reason.SOURCE_UNREADABLE, words, "The next pass goes on from here.")
            waited, received = 0.0, 0
        yield block


@dataclass(slots=True)
class Pace:
    """What several threads share so as to keep within limits."""

    limits: Limits = Limits()  # noqa: RUF009  frozen
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


def promptly(work: Callable[[], None], cancelled: Callable[[], bool]) -> None:
    """Does the work in a thread of its own, to be left behind if need be: nothing ends a read that a library waits in.

    Raises what it raises, and TransientError(CANCELLED) if it was left.
    """
    ended = begun(work, "fetch")
    leave: float | None = None
    while not wait([ended], timeout=_SLICE).done:
        if leave is None and cancelled():
            leave = time.monotonic() + _GRACE
        if leave is not None and time.monotonic() > leave:
            raise TransientError(Reason.CANCELLED, "stopped on request", "The next pass goes on from here.")
    ended.result()
