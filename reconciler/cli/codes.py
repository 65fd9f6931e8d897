"""The exit codes (spec §5), and what usage errors are: all that start-up needs to know of them."""

from enum import IntEnum

import click


class Exit(IntEnum):
    """Exit codes; in `first`, an earlier member of URGENCY wins over a later one."""

    OK = 0
    ERROR = 1
    CHANGES = 2
    STALE_PLAN = 3
    REFUSED = 4
    LOCKED = 5
    INCOMPLETE = 6
    USAGE = 64
    INVALID = 65
    INTERRUPTED = 130
    TERMINATED = 143


def of_click(error: click.ClickException) -> Exit:
    """Usage errors are 64: click's own 2 would mean "there are changes"."""
    return Exit.USAGE if isinstance(error, (click.UsageError, click.FileError)) else Exit.ERROR
