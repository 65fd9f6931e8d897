"""`reconcile init`: writes a starter repository."""

import os

import click

from reconciler.cli import exits, out
from reconciler.cli.helping import Command, examples
from reconciler.cli.options import OUTPUT, reported


@click.command(
    cls=Command,
    epilog=examples(
        "init models",
        "# Only the files.",
        "init --no-git .",
    ),
)
@click.option("--no-git", is_flag=True, help="Do not make it a git repository.")
@OUTPUT
@click.argument("folder", default=".", metavar="[DIR]")
@reported
def init(folder: str, output: str, *, no_git: bool) -> int:
    """Write a starter repository into DIR, which is this folder if none is named.

    With one small model, a workflow for GitHub Actions that says on each pull request what it would do, pre-commit
    hooks and settings for editors. Nothing that is there is changed: if something else is in the way, it is told.
    """
    from reconciler import __version__
    from reconciler.authoring.starting import start
    from reconciler.core.errors import Reason, UsageError
    from reconciler.render import starting

    if not folder or "://" in folder or ".git" in os.path.realpath(folder).split(os.sep):
        raise UsageError(Reason.USAGE, "DIR is no folder that a repository's files could be in", "name one, or none")
    started = start(os.path.abspath(folder), __version__, git=not no_git)
    if output == "json":
        out.document(starting.document(started))
    else:
        out.show(starting.lines(started, folder))
    return exits.Exit.OK
