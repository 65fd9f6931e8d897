"""Signals while Python is still importing: the program ends at once, with one sentence instead of a traceback.

It imports little, and is imported first. os._exit, for an exception in the middle of an import may get lost.
"""

import os
import signal
from types import FrameType


def _end(number: int, _frame: FrameType | None) -> None:
    word = b"interrupted" if number == signal.SIGINT else b"terminated"
    os.write(2, b"reconcile: " + word + b": nothing was begun\n")
    os._exit(128 + number)


def install() -> None:
    """From now on SIGINT and SIGTERM end the process with 130 and 143; an ignored signal stays ignored."""
    for number in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _end)


def installed() -> bool:
    """Whether that still holds."""
    return signal.getsignal(signal.SIGTERM) is _end
