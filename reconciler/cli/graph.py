"""`reconcile graph`: the dependency graph, coloured by state."""

import click

from reconciler.cli import exits, out
from reconciler.cli.helping import Command, examples
from reconciler.cli.options import Common, shared


@click.command(
    cls=Command,
    epilog=examples(
        "graph --server grpc://localhost:8001 --volume /models --format svg",
        "graph --target prod --format json",
    ),
)
@shared
@click.option(
    "--format",
    "form",
    type=click.Choice(["mermaid", "dot", "svg", "json"]),
    default="mermaid",
    show_default=True,
    help="As what.",
)
def graph(common: Common, *, form: str) -> int:
    """Draw which model needs which, coloured by how each stands."""
    from reconciler import reconcile
    from reconciler.cli.one_pass import now, options
    from reconciler.core.views.picture import drawn
    from reconciler.render import picture_json, picture_svg, picture_text, plan_text, problems

    seen = reconcile.look(options(common), now=now())
    picture = drawn(seen.desired, seen.observed, seen.plan)
    renderers = {
        "mermaid": picture_text.mermaid,
        "dot": picture_text.dot,
        "svg": picture_svg.svg,
        "json": picture_json.text,
    }
    click.echo(renderers[form](picture), nl=False)
    found = problems.of(seen.desired)
    out.show([*plan_text.perhaps_old(seen.plan), *problems.lines(found)], err=True)
    return exits.first(code for code in exits.of_plan(seen.plan, found) if code is not exits.Exit.REFUSED)
