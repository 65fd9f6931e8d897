"""`reconcile status`: what is desired, on disk, loaded, and why not; as it is, or as the status branch tells it."""

from typing import Any

import click

from reconciler.cli import exits, out
from reconciler.cli.helping import Command, examples
from reconciler.cli.options import OUTPUT, Chosen, Common, choosing, shared

OBSERVED = click.option(
    "--observed",
    type=click.Choice(["live", "status"]),
    help="`status`: as the status branch tells it, from anywhere. Left out: `live` where the target's volume is.",
)


@click.command(
    cls=Command,
    pages=True,
    epilog=examples(
        "status --server grpc://localhost:8001 --volume /models",
        "# One model, with its last generations.",
        "status --target prod densenet",
        "# From anywhere: as it was committed last.",
        "status --repo https://git.example/models --target prod --observed status -o json",
    ),
)
@shared
@OUTPUT
@OBSERVED
@choosing
def status(common: Common, output: str, *, observed: str | None, chosen: Chosen) -> int:
    """Show what is desired, on disk and loaded, and why not; of one MODEL also what became of its last generations.

    It needs the volume and the servers, or with `--observed status` nothing but git: then it is as it was when `apply`
    last wrote it down.
    """
    from reconciler.cli.one_pass import options
    from reconciler.passes import recounting

    asked = options(common, chosen)
    named = common.volume or common.servers or common.no_server
    if observed == "status" or (observed is None and not named):
        told = recounting.account(asked)
        if observed == "status" or recounting.is_elsewhere(told):
            return _account(told, chosen, as_json=output == "json", log_json=common.log_json)
    return _live(common, chosen, as_json=output == "json")


def _account(told: Any, chosen: Chosen, *, as_json: bool, log_json: bool) -> int:
    from reconciler.core.views.routes import table
    from reconciler.render import account_json, account_text, problems

    desired, branch, found = told.desired, told.desired.repository.status_branch, problems.of(told.desired)
    if as_json:
        where = account_json.where(told.target.name, branch, desired, told.unknown)
        out.document({**account_json.document(told.statuses, told.held), **where, "routes": table(told.statuses)})
    else:
        one = told.statuses.get(chosen.models[0]) if len(chosen.models) == 1 else None
        out.page(
            [
                *account_text.circumstances(desired, told.unknown),
                *account_text.lines(told.statuses, told.held),
                *([] if one is None else account_text.history(one)),
                *account_text.ending(told.statuses, told.target.name, branch),
            ]
        )
    out.faults(found, as_json=log_json)
    held = ((bool(told.unknown or desired.not_fresh), exits.Exit.ERROR), (bool(found), exits.Exit.INVALID))
    return exits.first(code for holds, code in held if holds)


def _live(common: Common, chosen: Chosen, *, as_json: bool) -> int:
    from reconciler import reconcile
    from reconciler.cli.one_pass import now, options
    from reconciler.core.views.routes import table
    from reconciler.passes.looking import standing
    from reconciler.render import account_text, problems, status_json, status_text

    seen = reconcile.look(options(common, chosen), now=now())
    found = problems.of(seen.desired)
    if as_json:
        document = status_json.document(seen.plan, seen.observed, seen.statuses)
        out.document({**document, "routes": table(standing(seen))})
    else:
        one = seen.statuses.get(chosen.models[0]) if len(chosen.models) == 1 else None
        history = [] if one is None else account_text.history(one)
        out.page([*status_text.lines(seen.plan, seen.observed), *history])
    out.faults(found, as_json=common.log_json)
    return exits.first(code for code in exits.of_plan(seen.plan, found) if code is not exits.Exit.REFUSED)
