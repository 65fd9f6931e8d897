"""What rings for the loop: SIGTERM and SIGINT stop it, SIGHUP asks for a pass at once.

A handler only puts something into queues that are made for that: it may interrupt anything.
"""

import contextlib
import os
import queue
import signal
import sys
import threading
import time
from collections.abc import Iterator
from types import FrameType

from reconciler.looping.bell import Bell, Wake

_LEFT = b"reconcile: what is under way did not end in the grace period and is left as it is: the next run mends it\n"
_SLACK = 3.0
"""Seconds more than the grace period, in which the last status is written."""


@contextlib.contextmanager
def ringing(bell: Bell, grace: float) -> Iterator[list[int]]:
    """Handlers until the end; gives the list that the signal which stops it will be in.

    The process ends for certain some seconds after the grace period, whatever hangs; at a second SIGINT at once.
    """
    caught: list[int] = []
    fuse: queue.SimpleQueue[int] = queue.SimpleQueue()

    def stop(number: int, _frame: FrameType | None) -> None:
        if not caught:
            caught.append(number)
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            fuse.put(number)
            bell.ring(Wake.STOP)

    def ask(_number: int, _frame: FrameType | None) -> None:
        bell.ring(Wake.ASKED)

    def burn() -> None:
        number = fuse.get()
        time.sleep(grace + _SLACK)
        leave(number)

    threading.Thread(target=burn, name="fuse", daemon=True).start()
    handlers = {signal.SIGTERM: stop, signal.SIGINT: stop, signal.SIGHUP: ask}
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield caught
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def leave(number: int) -> None:
    """Ends the process as by this signal, with what hangs in it."""
    with contextlib.suppress(OSError, ValueError):
        sys.stdout.flush()
        sys.stderr.flush()
    os.write(2, _LEFT)
    os._exit(128 + number)
