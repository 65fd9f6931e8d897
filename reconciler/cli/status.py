"""`reconcile status`: what is desired, on disk, loaded, and why not."""

import click

from reconciler.cli import exits, out
from reconciler.cli.options import OUTPUT, Chosen, Common, choosing, shared


@click.command(epilog="\b\nExample:\n  reconcile status --server grpc://localhost:8001 --volume /models")
@shared
@OUTPUT
@choosing
def status(common: Common, output: str, *, chosen: Chosen) -> int:
    """Show what is desired, on disk and loaded, and why not."""
    from reconciler import reconcile
    from reconciler.cli.one_pass import now, options
    from reconciler.render import problems, status_json, status_text

    seen = reconcile.look(options(common, chosen), now=now())
    found = problems.of(seen.desired)
    if output == "json":
        out.document(status_json.document(seen.plan, seen.observed))
    else:
        out.show(status_text.lines(seen.plan, seen.observed))
    out.show(problems.lines(found), err=True)
    return exits.first(code for code in exits.of_plan(seen.plan, found) if code is not exits.Exit.REFUSED)
