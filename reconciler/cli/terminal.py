"""What is asked of the terminal: colours and a pager, by flags, by the variables that everybody knows, by what it is.

There is one terminal for a process and its threads, so there is one value of this; each command line sets it anew.
"""

import os
import shlex
import shutil
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO

PAGER = ("less",)
_OPTIONS = "FRX"
"""Of less, where LESS says nothing: end on one screen, let colours through, leave the text on the screen."""


@dataclass(slots=True)
class Wishes:
    """What the flags said: `colour` is auto, always or never; `pager` whether there may be one."""

    colour: str = "auto"
    pager: bool = True


WISHES = Wishes()


def is_terminal(*, err: bool) -> bool:
    """Whether stdout (or stderr) is a terminal that a person looks at."""
    return (sys.stderr if err else sys.stdout).isatty()


def coloured(*, err: bool) -> bool:
    """Whether what goes there is coloured."""
    return colours(WISHES.colour, os.environ, terminal=is_terminal(err=err))


def colours(wish: str, environment: Mapping[str, str], *, terminal: bool) -> bool:
    """By the flag, then NO_COLOR, then FORCE_COLOR and CLICOLOR_FORCE, then CLICOLOR and TERM, then what it goes to."""
    if wish != "auto":
        return wish == "always"
    if environment.get("NO_COLOR"):
        return False
    if any(environment.get(name, "0") not in ("", "0") for name in ("FORCE_COLOR", "CLICOLOR_FORCE")):
        return True
    return terminal and environment.get("CLICOLOR") != "0" and environment.get("TERM") != "dumb"


def width(*, err: bool) -> int | None:
    """Columns that lines are folded to, None where nobody looks at them."""
    return shutil.get_terminal_size().columns if is_terminal(err=err) else None


def is_screenful(lines: int) -> bool:
    """Whether so many lines on stdout are more than somebody who looks at it can see at once, and wants to page."""
    return WISHES.pager and sys.stdin.isatty() and is_terminal(err=False) and lines >= shutil.get_terminal_size().lines


def paged(text: str) -> bool:
    """Shows it in the pager of RECONCILE_PAGER or PAGER, or in less; false if there is none."""
    command = _pager(os.environ)
    if not command or command == ["cat"] or shutil.which(command[0]) is None:
        return False
    import subprocess

    environment = {"LESS": _OPTIONS, **os.environ}
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the pager's
    try:
        with subprocess.Popen(command, stdin=subprocess.PIPE, env=environment) as process:
            _pour(text, process.stdin)
    finally:
        signal.signal(signal.SIGINT, before)
    return True


def _pager(environment: Mapping[str, str]) -> list[str]:
    asked = environment.get("RECONCILE_PAGER", environment.get("PAGER"))
    try:
        return list(PAGER) if asked is None else shlex.split(asked)
    except ValueError:  # a quotation that does not end
        return list(PAGER)


def _pour(text: str, into: IO[bytes] | None) -> None:
    try:
        if into is not None:
            into.write(text.encode(errors="replace"))
            into.close()
    except OSError:  # the reader has seen enough
        pass
