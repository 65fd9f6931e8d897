"""Signals: before a plan is carried out they end the run at once; from then on the first one asks it to finish cleanly.

A process that is PID 1 of its container ignores SIGTERM unless it has a handler, so there always is one.
"""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from types import FrameType

from reconciler import early

_NOTICE = "interrupted, finishing what is running; Ctrl-C again ends it at once"
_DOWN = ", and a model that is unloaded at that moment stays down until the next run"


def _terminate(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + signal.SIGTERM)


def gentle() -> None:
    """SIGINT raises KeyboardInterrupt from now on, SIGTERM SystemExit: what is open is closed on the way out."""
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, _terminate)


def importing(module: str) -> None:
    """Imports what takes its time, then `gentle`; a signal meanwhile ends the process: an exception might get lost."""
    early.install()
    import_module(module)
    gentle()


@contextmanager
def terminable() -> Iterator[None]:
    """SIGTERM ends the run with exit code 143; the handlers found before are put back at the end."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    if not early.installed():
        gentle()
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@dataclass(slots=True)
class Interruption:
    """What has been asked for by signals since `arm`. `unloads`: the run may have models unloaded for a while.

    `as_json`: stderr is for lines of JSON.
    """

    caught: signal.Signals | None = None
    unloads: bool = False
    as_json: bool = False

    def arm(self) -> None:
        """From now on the first signal only sets the flag, and a SIGINT after it kills."""
        signal.signal(signal.SIGINT, self._note)
        signal.signal(signal.SIGTERM, self._note)

    def cancelled(self) -> bool:
        """Whether the run shall come to an end."""
        return self.caught is not None

    def _note(self, number: int, _frame: FrameType | None) -> None:
        self.caught = self.caught or signal.Signals(number)
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        message = _NOTICE + (_DOWN if self.unloads else "")
        os.write(2, self._line(message).encode())  # print may be what the signal interrupted

    def _line(self, message: str) -> str:
        if not self.as_json:
            return f"\nreconcile: {message}\n"
        from reconciler.cli import logs

        return logs.line("warning", "message", {"logger": __name__, "message": message})
