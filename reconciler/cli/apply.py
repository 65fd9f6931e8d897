"""`reconcile apply`: plans and carries out; a terminal asks first, a batch job does not."""

import sys
from dataclasses import dataclass, field, replace
from typing import Any

import click

from reconciler.cli import metering, out
from reconciler.cli.helping import Command, examples
from reconciler.cli.notices import notifying
from reconciler.cli.options import (
    ADOPT,
    MAX_BANDWIDTH,
    OUTPUT,
    REMOVALS,
    TRACES,
    TRANSFERS,
    VERIFY,
    Chosen,
    Common,
    choosing,
    shared,
)
from reconciler.cli.signals import Interruption
from reconciler.core.plan import Plan
from reconciler.render import plan_text


@dataclass(slots=True, kw_only=True)
class Consent:
    """Shows the plan, asks where somebody is there to answer, and lets signals be gentle from then on.

    `err`: stdout is for JSON, so everything goes to stderr.
    """

    ask: bool
    err: bool
    interruption: Interruption
    shown: bool = field(default=False)

    def __call__(self, plan: Plan) -> bool:
        """Whether the plan shall be carried out."""
        self.show(plan)
        if self.ask and not plan.empty and not click.confirm("\nCarry this out?", err=True):
            return False
        self.interruption.arm()
        return True

    def show(self, plan: Plan) -> None:
        """Prints the plan once; where stdout is for JSON only if there is a question about it."""
        if not self.shown and (self.ask or not self.err):
            out.show(plan_text.lines(plan), err=self.err)
        self.shown = True


@click.command(
    cls=Command,
    epilog=examples(
        "# On a laptop: the plan is shown, and you are asked.",
        "apply --server grpc://localhost:8001 --volume /models",
        "# In a job: nobody is asked; the target says which volume and servers.",
        "apply --repo https://git.example/models --target prod --yes",
        "# Just the plan that was reviewed.",
        "apply friday.plan --server grpc://localhost:8001 --volume /models",
        "# Before Triton starts: fetch and activate only.",
        "apply --repo https://git.example/models --server none --volume /models",
    ),
)
@shared
@OUTPUT
@click.option("-y", "--yes", is_flag=True, envvar="RECONCILE_YES", show_envvar=True, help="Do not ask.")
@REMOVALS
@ADOPT
@VERIFY
@MAX_BANDWIDTH
@TRANSFERS
@notifying
@TRACES
@metering.metered
@choosing
def apply(common: Common, output: str, *, yes: bool, allow_removals: int | None, **more: Any) -> int:
    """Plan, and carry the plan out.

    A terminal is asked first; a batch job (stdin is no terminal) is not. With MODELs only these are planned. With a
    file that `plan --out` wrote, in place of MODELs, just that plan is carried out, or nothing if it is stale (exit 3).
    """
    from reconciler import reconcile
    from reconciler.adapters.volume import Limits
    from reconciler.adapters.volume.applied import note_applied
    from reconciler.cli import closing, plan_file, plan_saved
    from reconciler.cli.one_pass import now, options
    from reconciler.cli.voice import Voice
    from reconciler.cli.watching import watched
    from reconciler.passes.looking import Look

    as_json, interruption = output == "json", Interruption(unloads=True, as_json=common.log_json)
    limits = Limits(transfers=more["transfers"], bandwidth=more["max_bandwidth"])
    consent = Consent(ask=not yes and sys.stdin.isatty(), err=as_json, interruption=interruption)
    voice = Voice(as_json=common.log_json, err=as_json)
    chosen: Chosen = more["chosen"]
    path = plan_file.named(chosen.models)
    asked = options(common, plan_file.beside(path, chosen), allow_removals, more["adopt"])
    asked = replace(asked, limits=limits, notices=more["notices"], verify=more["verify"])
    saved = plan_file.read(path) if path is not None else None

    def confirm(seen: Look) -> bool:
        voice.about(seen.plan)
        if saved is None or path is None:
            return consent(seen.plan)
        plan_saved.check(path, saved, seen)
        agreed = consent(seen.plan)
        if agreed:
            note_applied(seen.target.volume, saved.id)
        return agreed

    if saved is not None and path is not None:
        plan_saved.check_newest(path, saved, asked, now())
    with plan_file.or_model(chosen, path), watched(voice, traces=more["traces"]) as (reporter, trace):
        measures = metering.Metering(more["outlets"], common, reporter)
        meant = asked if saved is None else plan_saved.meant(saved, asked)
        report = measures.measured(
            lambda told: reconcile.apply(
                meant.traced(trace), reporter=told, confirm=confirm, cancelled=interruption.cancelled, now=now()
            )
        )
    consent.show(report.look.plan)
    code = closing.told(report, voice, interruption.caught, as_json=as_json, must_tell=asked.notices.required)
    return measures.told(report, code)
