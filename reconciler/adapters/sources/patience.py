"""A look at a source is tried again a few times: what is busy or breaks off once is no reason to hold a model."""

import time
from collections.abc import Callable
from typing import TypeVar

from reconciler.adapters.sources.faults import BusyError
from reconciler.core.errors import Reason, TransientError

T = TypeVar("T")

_TRIES = 3
_PAUSE = 0.5
"""Seconds before the second try; twice as many before each further one."""

_RESTS = 10.0
"""Seconds of rest in all: whoever asks for more is asked by the next pass."""

_LONGEST = 45.0
"""Seconds after which no further try is begun: servers that stall take long to fail."""


def patiently(look: Callable[[], T]) -> T:
    """What `look` gives at last. Raises as it does."""
    begun, rested = time.monotonic(), 0.0
    for tries in range(_TRIES - 1):
        try:
            return look()
        except TransientError as error:
            rest = max(_PAUSE * 2**tries, error.after if isinstance(error, BusyError) else 0.0)
            rested += rest
            late = rested > _RESTS or time.monotonic() - begun > _LONGEST
            if late or error.reason is not Reason.SOURCE_UNREACHABLE:
                raise
        time.sleep(rest)
    return look()
