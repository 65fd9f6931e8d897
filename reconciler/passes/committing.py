"""The last act of a pass: what is there now goes to the status branch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from reconciler.adapters import gitrepo
from reconciler.core.errors import ReconcileError
from reconciler.core.plan import Outcome, Plan, Result
from reconciler.core.recording import PassResult
from reconciler.core.statuses import status
from reconciler.core.views import routes
from reconciler.core.views.gaps import Gap, gaps
from reconciler.core.web_links import web_of
from reconciler.passes.looking import Look, Pass
from reconciler.passes.pacing import pace


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What an apply did. `look` was shown before; `last` is the plan of its last round; `gaps` those in service.

    `published`: the status commit, None if nothing was to be written; `unpublished`: why nothing must be. `untold`: who
    could not be told of it. `waiting`: models that have failed and are tried again later.
    """

    look: Look
    last: Plan
    outcomes: tuple[Outcome, ...]
    statuses: Mapping[str, status.ModelStatus]
    gaps: tuple[Gap, ...] = ()
    published: str | None = None
    publish_error: ReconcileError | None = None
    unpublished: str = ""
    untold: tuple[ReconcileError, ...] = ()
    waiting: frozenset[str] = frozenset()

    @property
    def result(self) -> PassResult:
        """How the pass came out."""
        if self.last.refusal is not None:
            return PassResult.REFUSED
        unwell = any(outcome.result is not Result.DONE for outcome in self.outcomes)
        return PassResult.INCOMPLETE if unwell or self.publish_error is not None else PassResult.DONE

    @property
    def reason(self) -> str:
        """Why it was not done: that of the refusal, of the first step that did not succeed, or of the status."""
        if self.last.refusal is not None:
            return self.last.refusal.reason.value
        unwell = [outcome.reason.value for outcome in self.outcomes if outcome.result is not Result.DONE]
        error = [self.publish_error.reason.value] if self.publish_error is not None else []
        return next(iter([*unwell, *error]), "")


def committed(begun: Pass, first: Look, plans: Sequence[Plan], outcomes: tuple[Outcome, ...]) -> Report:
    """Looks again, if anything was done, and writes how every model stands now. What fails at it is in the report.

    `plans`: those of all rounds, where `first` is what the user was shown. Raises ReconcileError if the volume
    cannot be read.
    """
    # Where nothing was done, what was seen a moment ago is what is there: a pass over thousands of models costs a look.
    quiet = len(plans) == 1 and not outcomes
    after = replace(first.observed, stalled={}, before={}) if quiet else begun.observe({})
    last = plans[-1]
    done = status.Pass(plan=last, outcomes=outcomes, observed=after, desired=begun.desired)
    statuses = summarised(begun, done)
    found = gaps(plans, outcomes, first.observed, after)
    return published(begun, Report(look=first, last=last, outcomes=outcomes, statuses=statuses, gaps=found))


def summarised(begun: Pass, done: status.Pass) -> Mapping[str, status.ModelStatus]:
    """How every model stands after what was done, as the status tells it."""
    return status.summarise(done, begun.statuses, now=begun.now.strftime("%Y-%m-%dT%H:%M:%SZ"))


def published(begun: Pass, report: Report) -> Report:
    """The report with its status written, or with why it was not."""
    if unpublished := _unsure_of_target(begun):
        return replace(report, unpublished=unpublished)
    try:
        with begun.options.trace.committing():
            return replace(report, published=_publish(begun, report.statuses))
    except ReconcileError as error:
        return replace(report, publish_error=error)


def _unsure_of_target(begun: Pass) -> str:
    """Why no status may be written, empty if it may: a folder for a target that nobody named would mislead."""
    if not begun.desired.problems or (begun.options.target is not None and begun.statuses):
        return ""
    return f"reconciler.yaml is not valid, so nobody knows whether there is a target called {begun.target.name}"


def _publish(begun: Pass, statuses: Mapping[str, status.ModelStatus]) -> str | None:
    web = web_of(gitrepo.origin(begun.options.repo), begun.desired.repository.commit_url)
    change = gitrepo.StatusCommit(
        branch=begun.desired.repository.status_branch,
        prefix=begun.target.name,
        files=routes.folder(statuses, begun.target.name, web),
        message=f"status of {begun.target.name} at {begun.desired.revision[:12]}\n",
        now=int(begun.now.timestamp()),
    )
    return gitrepo.publish(begun.options.repo, change, pace(), access=begun.options.access(begun.options.volume))
