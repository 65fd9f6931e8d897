"""`reconcile show`: a saved plan, stale or not."""

import click

from reconciler.cli import exits, out
from reconciler.cli.options import Common, shared


@click.command(epilog="\b\nExample:\n  reconcile show friday.plan --server grpc://localhost:8001 --volume /models")
@shared
@click.argument("file", metavar="PLANFILE")
def show(common: Common, *, file: str) -> int:
    """Print a plan that `plan --out` saved, and say whether it is stale (exit 3)."""
    from reconciler import reconcile
    from reconciler.cli import plan_file
    from reconciler.cli.one_pass import now, options
    from reconciler.core.errors import ReconcileError, StaleError
    from reconciler.render.line import Line, Tone

    saved = plan_file.read(file)
    tones = {tone.value: tone for tone in Tone}
    out.show([Line(text, tones.get(tone, Tone.PLAIN)) for tone, text in saved.shown])
    try:
        plan_file.check(file, saved, reconcile.look(plan_file.meant(saved, options(common)), now=now()).plan)
    except StaleError:
        raise
    except ReconcileError as error:
        out.show([Line(""), Line(f"Whether it is stale cannot be told: {error.message}", Tone.ALERT)])
        return exits.of_error(error)
    out.show([Line(""), Line("It is not stale: `reconcile apply` would do just this.", Tone.TITLE)])
    return exits.Exit.OK
