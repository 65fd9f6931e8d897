"""The command line: builds what a command needs, picks a renderer, maps what came of it to an exit code (spec §5)."""

import contextlib
import gc
import os
import sys
from collections.abc import Sequence

import click

from reconciler import __version__
from reconciler.cli import signals
from reconciler.cli.codes import Exit, of_click
from reconciler.cli.commands import COMMANDS, Group

__all__ = ["COMMANDS", "NAME", "group", "invoke", "main"]

NAME = "reconcile"


def _version(context: click.Context, _parameter: click.Parameter, asked: bool) -> None:
    if asked and not context.resilient_parsing:
        click.echo(f"{NAME} {__version__}")
        context.exit()


@click.group(
    name=NAME,
    cls=Group,
    epilog="\b\nExamples:\n  reconcile init models\n  reconcile plan --server grpc://localhost:8001 --volume /models",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Print the version."
)
def group() -> None:
    """Make NVIDIA Triton model servers match a git repository.

    Each run reads the repository afresh, looks at the model volume and the servers, plans, and carries the plan out.
    """


def invoke(arguments: Sequence[str]) -> int:
    """Runs one command line and returns its exit code; nothing but the exit codes of spec §5 gets out."""
    with signals.terminable():
        try:
            return int(group.main(args=list(arguments), prog_name=NAME, standalone_mode=False) or 0)
        except click.Abort:
            from reconciler.cli import out

            out.complain("interrupted: nothing was begun")
            return Exit.INTERRUPTED
        except SystemExit as error:
            if error.code == Exit.TERMINATED:
                from reconciler.cli import out

                out.complain("terminated: nothing was begun")
            raise
        except click.ClickException as error:
            from reconciler.cli import out

            out.complain_of_usage(error)
            return of_click(error)
        except Exception as error:  # noqa: BLE001 - told as what it is
            from reconciler.cli import out, tracebacks

            if os.environ.get("RECONCILE_DEBUG"):
                tracebacks.show(error, os.environ)
            out.complain_of_bug(tracebacks.hidden(f"{type(error).__name__}: {error}", os.environ))
            return Exit.ERROR


def main() -> None:
    """The entry point of the `reconcile` command."""
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # what gRPC's core prints on its own comes back as errors of ours
    # A pass makes millions of small values and keeps them to its end: to look for rings among them again and again
    # would take a third of its time.
    gc.set_threshold(200_000, 50, 1000)
    code = invoke(sys.argv[1:])
    if code in (Exit.INTERRUPTED, Exit.TERMINATED):
        with contextlib.suppress(OSError, ValueError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)  # a read that was left behind would keep Python from ending
    sys.exit(code)
