"""`reconcile plan`: says what would happen; changes nothing."""

import functools
from dataclasses import replace
from typing import Any

import click

from reconciler.cli import out
from reconciler.cli.helping import Command, examples
from reconciler.cli.options import ADOPT, REMOVALS, VERIFY, Chosen, Common, choosing, output_of, shared


@click.command(
    cls=Command,
    pages=True,
    epilog=examples(
        "plan --server grpc://localhost:8001 --volume /models",
        "# In a script: 0 nothing to do, 2 changes.",
        "plan --target prod --detailed-exitcode -o json",
        "# From anywhere: against what was committed last.",
        "plan --repo https://git.example/models --target prod --observed status",
        "# Keep it, to apply just that.",
        "plan --target prod --out friday.plan",
    ),
)
@functools.partial(shared, heavy="reconciler.cli.outlooks")
@output_of("text", "json", "markdown")
@REMOVALS
@ADOPT
@VERIFY
@click.option(
    "--out", "file", metavar="FILE", help="Save the plan, for `reconcile apply FILE` and `reconcile show FILE`."
)
@click.option("--detailed-exitcode", is_flag=True, help="0: no changes, 2: changes, 1: error or not everything known.")
@click.option(
    "--observed",
    type=click.Choice(["live", "status"]),
    default="live",
    show_default=True,
    help="Plan against volume, servers and sources, or against the last committed status alone: it needs no access.",
)
@choosing
def plan(common: Common, output: str, *, allow_removals: int | None, detailed_exitcode: bool, **more: Any) -> int:
    """Say what would happen; change nothing.

    Reads the repository, the volume and the servers. With MODELs only these are planned.
    """
    from reconciler.cli import exits, outlooks
    from reconciler.cli.one_pass import now, options
    from reconciler.render import plan_json, plan_markdown, plan_text
    from reconciler.render.summary import outlook

    chosen: Chosen = more["chosen"]
    remembered = more["observed"] == "status"
    if remembered and more["file"]:
        message = "--out saves what `apply` can carry out, which a plan against the status is not"
        raise click.UsageError(message)
    if remembered and more["verify"]:
        message = "--verify reads the volume, which a plan against the status does not look at"
        raise click.UsageError(message)
    asked = replace(options(common, chosen, allow_removals, more["adopt"]), verify=more["verify"])
    seen = outlooks.outlook(asked, now(), remembered=remembered, file=more["file"])
    plan, found = seen.plan, seen.problems
    if output == "json":
        out.document(plan_json.document(plan, found))
    elif output == "markdown":
        click.echo(plan_markdown.document(plan, found), nl=False)
    else:
        out.page(plan_text.lines(plan))
    out.faults(found, as_json=common.log_json)
    detail = exits.of_outlook(outlook(plan)) if detailed_exitcode else []
    return exits.first([*exits.of_plan(plan, found), *detail])
