"""`reconcile demo`: the whole thing on this machine."""

import click

from reconciler.cli import exits, out
from reconciler.cli.helping import Command, examples
from reconciler.cli.options import reported


@click.command(
    cls=Command,
    epilog=examples(
        "demo",
        "# Leave it running, to play on.",
        "demo --keep",
    ),
)
@click.option("--keep", is_flag=True, help="Leave the server running, and say how to play on.")
@click.option("--prepare", is_flag=True, help="Only set up the local Triton (250 MB, once on a machine).")
@reported
def demo(*, keep: bool, prepare: bool) -> int:
    """Show the whole thing on this machine: a real Triton, real git, small models.

    Nothing is left behind, except for the local Triton's environment in the user's cache.
    """
    from reconciler import demo, embedded

    if prepare:
        click.echo(f"The local Triton is set up in {embedded.prepare().root}.")
        return exits.Exit.OK
    try:
        demo.play(demo.Teller(show=out.show), keep=keep)
    except demo.DemoFailedError as error:
        out.complain(f"the demo failed: this should hold, but does not: {error}")
        return exits.Exit.ERROR
    except KeyboardInterrupt:
        out.complain("interrupted: the server was stopped, and everything that the demo made was removed")
        return exits.Exit.INTERRUPTED
    except SystemExit:
        out.complain("terminated: the server was stopped, and everything that the demo made was removed")
        return exits.Exit.TERMINATED
    return exits.Exit.OK
