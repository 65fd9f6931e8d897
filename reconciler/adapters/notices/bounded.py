"""Nobody waits longer than that: whoever is told too slowly is left behind."""

import random
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from reconciler.core.errors import Reason, ReconcileError, TransientError


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Seconds for all there is to tell, one connection, one silence; the waits between attempts double from `first`."""

    budget: float = 30.0
    connect: float = 5.0
    silence: float = 10.0
    first: float = 0.5
    random: Callable[[], float] = random.random
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    now: Callable[[], float] = time.time


def side_by_side(works: Sequence[tuple[str, Callable[[], None]]], timing: Timing) -> tuple[ReconcileError, ...]:
    """Does all of it at once, each called by whom it tells, and gives what failed. Whoever drips is not waited for."""
    failures: list[ReconcileError | None] = [None] * len(works)
    threads = [
        threading.Thread(target=_done, args=(work, failures, place), name=f"tell {whom}", daemon=True)
        for place, (whom, work) in enumerate(works)
    ]
    until = timing.clock() + timing.budget
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, until - timing.clock()))
    late = [_late(whom) for thread, (whom, _) in zip(threads, works, strict=True) if thread.is_alive()]
    return (*(failure for failure in failures if failure is not None), *late)


def _done(work: Callable[[], None], failures: list[ReconcileError | None], place: int) -> None:
    try:
        work()
    except ReconcileError as error:
        failures[place] = error


def _late(whom: str) -> ReconcileError:
    return TransientError(Reason.NOT_NOTIFIED, f"{whom} takes too long to be told", "what was done stays done")
