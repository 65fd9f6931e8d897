"""`reconcile gc`: removes what nothing refers to."""

import sys
from dataclasses import replace

import click

from reconciler.cli import exits, out
from reconciler.cli.helping import Command, examples
from reconciler.cli.options import OUTPUT, VERIFY, Common, shared
from reconciler.cli.signals import Interruption


@click.command(
    cls=Command,
    epilog=examples(
        "# Only look.",
        "gc --server grpc://localhost:8001 --volume /models --dry-run",
        "gc --target prod --yes",
    ),
)
@shared
@OUTPUT
@click.option("-y", "--yes", is_flag=True, envvar="RECONCILE_YES", show_envvar=True, help="Do not ask.")
@VERIFY
@click.option("--dry-run", is_flag=True, help="Say what would be removed; change nothing.")
def gc(common: Common, output: str, *, yes: bool, dry_run: bool, verify: bool) -> int:
    """Remove what nothing refers to: files, trees and half-fetched files of generations that are gone.

    Never what is active, served, or wanted by the repository; so every server is asked what it serves. A terminal is
    asked first; a batch job (stdin is no terminal) is not.
    """
    from reconciler.cli.one_pass import now, options
    from reconciler.cli.voice import Voice
    from reconciler.cli.watching import progress
    from reconciler.core.errors import Reason, UsageError
    from reconciler.core.plan import Plan
    from reconciler.passes import sweeping
    from reconciler.render import garbage_text, outcome_text, problems, report_json

    if common.no_server:
        hint = "name the servers, so that nothing they serve is taken away"
        raise UsageError(Reason.USAGE, "--server none and gc do not go together", hint)
    as_json, interruption = output == "json", Interruption(as_json=common.log_json)
    voice = Voice(as_json=common.log_json, err=as_json)

    def confirm(plan: Plan) -> bool:
        ask = sys.stdin.isatty() and not yes and not dry_run and not plan.empty
        if ask or not as_json:
            out.show(garbage_text.lines(plan), err=as_json)
        voice.about(plan)
        agreed = not dry_run and (not ask or click.confirm("\nRemove this?", err=True))
        interruption.arm()
        return agreed

    with progress(voice) as reporter:
        swept = sweeping.gc(
            replace(options(common), verify=verify),
            reporter=reporter,
            confirm=confirm,
            cancelled=interruption.cancelled,
            now=now(),
        )
    found = problems.of(swept.desired)
    if as_json:
        out.document(report_json.document(swept.plan, swept.outcomes, found))
    else:
        out.show(outcome_text.closing(swept.outcomes, swept.plan.target))
    out.faults(found, as_json=common.log_json)
    done = exits.of_outcomes(swept.outcomes, published=True)
    return exits.first([*exits.of_signal(interruption.caught), *exits.of_plan(swept.plan, found), *done])
