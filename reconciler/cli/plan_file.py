"""Saved plans on the disk."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from reconciler.cli.options import Chosen
from reconciler.core.errors import Reason, UsageError
from reconciler.core.planning.saved import Saved, from_text, to_text
from reconciler.passes.choosing import UnknownModelsError


def write(path: str, plan: Saved) -> None:
    """Writes it whole or not at all, readable by its owner. Raises UsageError where that cannot be done."""
    beside = f"{path}.{os.getpid()}.tmp"
    try:
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(to_text(plan))
        os.replace(beside, path)
    except OSError as error:
        raise UsageError(Reason.USAGE, f"{path} cannot be written: {error.strerror}") from error


def named(models: tuple[str, ...]) -> str | None:
    """The file among the arguments of `apply`: the first, if it is a path or there is a file of that name."""
    first = models[0] if models else ""
    return first if os.sep in first or os.path.isfile(first) else None


@contextmanager
def or_model(chosen: Chosen, path: str | None) -> Iterator[None]:
    """What was named alone, with a suffix, and is no model may have been meant as a file: says that there is none."""
    try:
        yield
    except UnknownModelsError as error:
        if path is not None or len(chosen.models) != 1 or not os.path.splitext(chosen.models[0])[1]:
            raise
        hint = f"{error.hint}; if a saved plan is meant: there is no file {chosen.models[0]} in this folder"
        raise UsageError(error.reason, error.message, hint) from error


def read(path: str) -> Saved:
    """The plan in a file. Raises UsageError."""
    try:
        with open(path, "rb") as stream:
            return from_text(path, stream.read())
    except OSError as error:
        raise UsageError(Reason.USAGE, f"{path} cannot be read: {error.strerror}") from error


def beside(path: str | None, chosen: Chosen) -> Chosen:
    """What is chosen beside a saved plan: nothing. Raises UsageError for anything else."""
    if path is not None and len(chosen.models) > 1:
        raise UsageError(Reason.USAGE, "a saved plan says which models it is about", "leave the MODELs out")
    return chosen if path is None else Chosen()
