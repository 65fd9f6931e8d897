"""`reconcile show`: a saved plan, stale or not."""

from typing import Any

import click

from reconciler.cli import completing, exits, out
from reconciler.cli.helping import Command, examples
from reconciler.cli.options import OUTPUT, Common, shared


@click.command(
    cls=Command,
    pages=True,
    epilog=examples(
        "show friday.plan --server grpc://localhost:8001 --volume /models",
        "show friday.plan --target prod -o json",
    ),
)
@shared
@OUTPUT
@click.argument("file", metavar="PLANFILE", shell_complete=completing.files)
def show(common: Common, output: str, *, file: str) -> int:
    """Print a plan that `plan --out` saved, and say whether it is stale (exit 3)."""
    from reconciler import reconcile
    from reconciler.cli import plan_file, plan_saved
    from reconciler.cli.one_pass import now, options
    from reconciler.core.errors import ReconcileError

    saved, asked = plan_file.read(file), options(common)
    try:
        plan_saved.check_newest(file, saved, asked, now())
        seen = reconcile.look(plan_saved.meant(saved, asked), now=now())
        plan_saved.check(file, saved, seen)
    except ReconcileError as error:
        return _not_current(common, saved, error, as_json=output == "json")
    return _current(saved, seen.plan, as_json=output == "json")


def _current(saved: Any, plan: Any, *, as_json: bool) -> int:
    from reconciler.render import plan_text, saved_json
    from reconciler.render.line import Line, Tone

    if as_json:
        out.document(saved_json.document(saved, plan=plan))
    else:  # not what is written in the file, which anybody may have changed
        sentence = Line("It is not stale: `reconcile apply` would do just this.", Tone.TITLE)
        out.page([*plan_text.lines(plan), Line(""), sentence])
    return exits.Exit.OK


def _not_current(common: Common, saved: Any, error: Any, *, as_json: bool) -> int:
    """What is written in the file, and that it is stale, or why that cannot be told."""
    from reconciler.core.errors import StaleError
    from reconciler.render import saved_json, words
    from reconciler.render.line import Line, Tone

    tones = {tone.value: tone for tone in Tone}
    written = [Line(words.clean(text), tones.get(tone, Tone.PLAIN)) for tone, text in saved.shown]
    if as_json:
        out.document(saved_json.document(saved, error=error))
        out.complain_of(error, as_json=common.log_json)
    elif isinstance(error, StaleError):
        out.page(written)
        out.complain_of(error, as_json=common.log_json)
    else:
        told = f"Whether it is stale cannot be told: {words.line(error.message)}"
        out.page([*written, Line(""), Line(told, Tone.ALERT)])
    return exits.of_error(error)
