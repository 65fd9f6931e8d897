"""The command line: builds what a command needs, picks a renderer, maps what came of it to an exit code (spec §5)."""

import contextlib
import os
import sys
from collections.abc import Sequence

import click

from reconciler.cli import (
    apply,
    demo,
    exits,
    explain,
    gc,
    graph,
    importing,
    init,
    lock,
    out,
    plan,
    review,
    show,
    signals,
    status,
    validate,
)

NAME = "reconcile"
COMMANDS: tuple[click.Command, ...] = (
    apply.apply,
    demo.demo,
    explain.explain,
    gc.gc,
    graph.graph,
    importing.group,
    init.init,
    lock.lock,
    plan.plan,
    review.review,
    show.show,
    status.status,
    validate.validate,
)


def _version(context: click.Context, _parameter: click.Parameter, asked: bool) -> None:
    if asked and not context.resilient_parsing:
        click.echo(f"{NAME} {installed_version()}")
        context.exit()


def installed_version() -> str:
    """The version of the installed package, or of the source tree where it is not installed."""
    from importlib import metadata

    try:
        return metadata.version("triton-reconcile")
    except metadata.PackageNotFoundError:
        return "0.1.0"


@click.group(
    name=NAME,
    epilog="\b\nExample:\n  reconcile plan --repo ./models --server grpc://localhost:8001 --volume /models",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Print the version."
)
def group() -> None:
    """Make NVIDIA Triton model servers match a git repository.

    Each run reads the repository afresh, looks at the model volume and the servers, plans, and carries the plan out.
    """


for command in COMMANDS:
    group.add_command(command)


def run(arguments: Sequence[str]) -> int:
    """Runs one command line and returns its exit code; nothing but the exit codes of spec §5 gets out."""
    with signals.terminable():
        try:
            return int(group.main(args=list(arguments), prog_name=NAME, standalone_mode=False) or 0)
        except click.Abort:
            out.complain("interrupted: nothing was begun")
            return exits.Exit.INTERRUPTED
        except SystemExit as error:
            if error.code == exits.Exit.TERMINATED:
                out.complain("terminated: nothing was begun")
            raise
        except click.ClickException as error:
            out.complain_of_usage(error)
            return exits.of_click(error)
        except Exception as error:
            if os.environ.get("RECONCILE_DEBUG"):
                raise
            out.complain_of_bug(error)
            return exits.Exit.ERROR


def main() -> None:
    """The entry point of the `reconcile` command."""
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # what gRPC's core prints on its own comes back as errors of ours
    code = run(sys.argv[1:])
    if code in (exits.Exit.INTERRUPTED, exits.Exit.TERMINATED):
        with contextlib.suppress(OSError, ValueError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)  # a read that was left behind would keep Python from ending
    sys.exit(code)
