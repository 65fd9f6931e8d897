"""Saved plans on the disk."""

import os
import re
from dataclasses import replace

from reconciler.cli.options import Chosen
from reconciler.core.errors import Reason, StaleError, UsageError
from reconciler.core.observed import Serving
from reconciler.core.plan import Plan
from reconciler.core.saved import Saved, differences, from_text, steps_of, to_text
from reconciler.looking import Look
from reconciler.options import Options
from reconciler.render import plan_text

_COMMIT = re.compile(r"[0-9a-f]{40}")


def saved(seen: Look, models: tuple[str, ...], adopt: tuple[str, ...]) -> Saved:
    """The plan as it is saved."""
    servers = {url: view.version for url, view in seen.observed.servers.items() if isinstance(view, Serving)}
    shown = tuple((line.tone.value, line.text) for line in plan_text.lines(seen.plan))
    target, revision = seen.target.name, seen.plan.revision
    steps = steps_of(seen.plan)
    return Saved(
        target=target, revision=revision, models=models, adopt=adopt, steps=steps, servers=servers, shown=shown
    )


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


def read(path: str) -> Saved:
    """The plan in a file. Raises UsageError."""
    try:
        with open(path, "rb") as stream:
            return from_text(path, stream.read())
    except OSError as error:
        raise UsageError(Reason.USAGE, f"{path} cannot be read: {error.strerror}") from error


def meant(plan: Saved, options: Options) -> Options:
    """The options with what the plan says of its revision and its models."""
    ref = plan.revision if options.ref is None and _COMMIT.fullmatch(plan.revision) else options.ref
    return replace(options, ref=ref, target=options.target or plan.target, models=plan.models, adopt=plan.adopt)


def check(path: str, plan: Saved, found: Plan) -> None:
    """Raises StaleError where the world has moved on in a way that touches the plan."""
    moved = list(differences(plan, found.target, found))
    if moved:
        hint = "plan again; nothing was done"
        raise StaleError(Reason.PLAN_STALE, f"{path} is stale: {'; '.join(moved[:8])}", hint)


def beside(path: str | None, chosen: Chosen) -> Chosen:
    """What is chosen beside a saved plan: nothing. Raises UsageError for anything else."""
    if path is not None and len(chosen.models) > 1:
        raise UsageError(Reason.USAGE, "a saved plan says which models it is about", "leave the MODELs out")
    return chosen if path is None else Chosen()
