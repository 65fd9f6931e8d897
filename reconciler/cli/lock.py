"""`reconcile lock`: resolves sources and writes a lock beside each model's file, or checks the locks."""

import os
from typing import Any

import click

from reconciler.cli import completing, exits, out
from reconciler.cli.helping import Command, examples
from reconciler.cli.options import OUTPUT, PATH, flag, reported
from reconciler.cli.signals import Interruption


@click.command(
    cls=Command,
    epilog=examples(
        "# Every model; then commit the locks.",
        "lock",
        "lock densenet",
        "# In CI: does each lock fit?",
        "lock --check -o json",
    ),
)
@flag("--repo", "A work tree or directory with models.d/.", default=".", show_default=True, metavar="DIR")
@PATH
@flag("--volume", "A model volume, whose memory of what it fetched saves reading it again.", metavar="DIR")
@click.option(
    "--check", is_flag=True, help="Write nothing; 1 if a lock is missing, does not fit its model, or is out of date."
)
@OUTPUT
@click.argument("models", nargs=-1, metavar="[MODEL]...", shell_complete=completing.models)
@reported
def lock(repo: str, path: str, output: str, *, check: bool, models: tuple[str, ...], **more: Any) -> int:
    """Write what the models' sources hold into locks.

    A lock names every file with its size and digest: with it a plan needs no network, and nothing else is ever served.
    Without MODELs every model is locked (or, with --check, must be).
    """
    from reconciler.authoring.locking import Order
    from reconciler.authoring.locking import lock as locked
    from reconciler.render import locking, problems

    interruption = Interruption()
    interruption.arm()
    order = Order(
        repo=repo,
        path=path,
        models=models,
        check=check,
        volume=more["volume"],
        environment=os.environ,
        cancelled=interruption.cancelled,
    )
    report = locked(order)
    if output == "json":
        out.document(locking.document(report))
    else:
        out.show(locking.lines(report, check=check))
        out.show(problems.lines(report.problems), err=True)
    return exits.first([*exits.of_signal(interruption.caught), *exits.of_locks(report)])
