"""What `reconcile apply` says at the end, and the exit code that goes with it."""

from signal import Signals

from reconciler.cli import exits, out
from reconciler.cli.voice import Voice
from reconciler.core.errors import Reason
from reconciler.passes.committing import Report
from reconciler.render import outcome_text, problems, report_json


def told(report: Report, voice: Voice, caught: Signals | None, *, as_json: bool, must_tell: bool) -> int:
    """Prints what was done, and gives the exit code. `voice`: how stderr is written."""
    found, plan = problems.of(report.look.desired), report.look.plan
    unasked = {model.model for model in report.last.models if model.reason is Reason.NOT_SELECTED}
    statuses = {name: status for name, status in report.statuses.items() if name not in unasked}
    if as_json:
        document = report_json.document(plan, report.outcomes, found) | {"gaps": report_json.gaps(report.gaps)}
        ending = report_json.ending(statuses, report.published, report.publish_error, report.unpublished)
        out.document({**document, **ending, "not_notified": report_json.untold(report.untold)})
    else:
        out.show(outcome_text.closing(report.outcomes, plan.target))
        out.show(outcome_text.gaps(report.gaps))
        out.show(outcome_text.not_ready(statuses))
        out.show(outcome_text.pushed(report.published, report.publish_error, report.unpublished))
    out.faults(found, as_json=voice.as_json)
    if voice.as_json:
        for error in report.untold:
            out.complain_of(error, as_json=True)
    else:
        out.show(outcome_text.untold(report.untold), err=True)
    voice.about(report.last)
    voice.passed(report.result, report.reason, report.outcomes)
    done = exits.of_outcomes(report.outcomes, published=report.publish_error is None)
    left = exits.of_what_is_left(report.last, statuses.values())
    left += [exits.Exit.INCOMPLETE] if must_tell and report.untold else []
    return exits.first([*exits.of_signal(caught), *exits.of_plan(report.last, found), *done, *left])
