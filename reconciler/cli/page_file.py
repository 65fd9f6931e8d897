"""The page on the disk, or on standard output."""

import contextlib
import os

import click

from reconciler.core.errors import Reason, UsageError


def write(path: str, content: str) -> None:
    """Writes it whole or not at all; `-` is standard output. Raises UsageError where that cannot be done."""
    if path == "-":
        click.echo(content, nl=False)
        return
    beside = f"{path}.{os.getpid()}.tmp"
    try:
        with open(beside, "x", encoding="utf-8") as stream:
            stream.write(content)
        os.replace(beside, path)
    except OSError as error:
        with contextlib.suppress(OSError):
            os.unlink(beside)
        raise UsageError(Reason.USAGE, f"{path} cannot be written: {error.strerror}") from error
