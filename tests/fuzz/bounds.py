"""How long one input may take, and how much memory: what is beyond that is a broken promise like any other."""

import signal
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

SECONDS = 10.0
"""Of processor time for one input of at most LONGEST bytes: a thousand times what most of them take."""

LONGEST = 1 << 17
MEMORY = 64 << 20


class BrokenError(AssertionError):
    """A promise that does not hold for an input."""


@contextmanager
def in_time(seconds: float = SECONDS) -> Iterator[None]:
    """Raises BrokenError once the block has had this much processor time; C code is only interrupted at its end."""

    def late(_number: int, _frame: FrameType | None) -> None:
        raise BrokenError(f"still busy after {seconds} seconds of processor time")

    before = signal.signal(signal.SIGVTALRM, late)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def bounded(check: Callable[[bytes], None], content: bytes, memory: int = MEMORY) -> None:
    """Checks the input within its time and memory."""
    tracemalloc.start()
    try:
        with in_time():
            check(content)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    if peak > memory:
        raise BrokenError(f"took {peak >> 20} MiB of memory, more than {memory >> 20}")
