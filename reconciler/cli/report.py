"""`reconcile report`: how everything stands, what would be done, and who needs whom, as one page for a browser."""

from typing import Any

import click

from reconciler.cli import completing, exits, out
from reconciler.cli.helping import Command, examples
from reconciler.cli.options import Common, shared
from reconciler.cli.status import OBSERVED


@click.command(
    cls=Command,
    epilog=examples(
        "report --server grpc://localhost:8001 --volume /models --out report.html",
        "report --repo https://git.example/models --target prod --observed status --out -",
    ),
)
@shared
@click.option(
    "--out",
    "file",
    required=True,
    metavar="FILE",
    shell_complete=completing.files,
    help="Where the page goes; `-` is standard output.",
)
@OBSERVED
def report(common: Common, *, file: str, observed: str | None) -> int:
    """Write one HTML page that shows every model, why it is not ready, who needs whom, and what would be done.

    It needs nothing from outside: open it in a browser, attach it to a ticket. As `status`, it is read from the volume
    and the servers, or with `--observed status` from git alone.
    """
    from reconciler.cli.one_pass import options
    from reconciler.cli.page_file import write
    from reconciler.passes import recounting
    from reconciler.render import problems
    from reconciler.render.page import page

    asked, account = options(common), None
    if observed == "status" or (observed is None and not (common.volume or common.servers or common.no_server)):
        account = recounting.account(asked)
        account = account if observed == "status" or recounting.is_elsewhere(account) else None
    board, codes = _live(asked) if account is None else _told(account)
    write(file, page(board).text)
    out.show(problems.lines(board.problems), err=True)
    return exits.first(codes)


def _live(asked: Any) -> tuple[Any, list[exits.Exit]]:
    from reconciler import reconcile
    from reconciler.cli.one_pass import now
    from reconciler.passes import showing

    seen = reconcile.look(asked, now=now())
    board = showing.of_look(seen, now())
    return board, [code for code in exits.of_plan(seen.plan, board.problems) if code is not exits.Exit.REFUSED]


def _told(account: Any) -> tuple[Any, list[exits.Exit]]:
    from reconciler.cli.one_pass import now
    from reconciler.passes import showing

    board = showing.of_account(account, now())
    held = ((bool(board.unknown or board.not_fresh), exits.Exit.ERROR), (bool(board.problems), exits.Exit.INVALID))
    return board, [code for holds, code in held if holds]
