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
    from reconciler.cli import plan_file, plan_saved
    from reconciler.cli.one_pass import now, options
    from reconciler.core.errors import ReconcileError, StaleError
    from reconciler.render import plan_text, words
    from reconciler.render.line import Line, Tone

    saved, asked = plan_file.read(file), options(common)
    tones = {tone.value: tone for tone in Tone}
    written = [Line(words.clean(text), tones.get(tone, Tone.PLAIN)) for tone, text in saved.shown]
    try:
        plan_saved.check_newest(file, saved, asked, now())
        seen = reconcile.look(plan_saved.meant(saved, asked), now=now())
        plan_saved.check(file, saved, seen)
    except StaleError:
        out.show(written)
        raise
    except ReconcileError as error:
        out.show(
            [*written, Line(""), Line(f"Whether it is stale cannot be told: {words.line(error.message)}", Tone.ALERT)]
        )
        return exits.of_error(error)
    out.show(plan_text.lines(seen.plan))  # not what is written in the file, which anybody may have changed
    out.show([Line(""), Line("It is not stale: `reconcile apply` would do just this.", Tone.TITLE)])
    return exits.Exit.OK
