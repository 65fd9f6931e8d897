"""What a target's status says after a pass (spec §7): the truth as observed, and what went wrong on the way there.

Promise: the same state gives the same value; a condition's time changes only with its status. What serves and what
failed are kept apart: a new generation that does not load leaves both in the message.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from reconciler.core.errors import Reason
from reconciler.core.observed import Observed, StalledAt
from reconciler.core.plan import Change, Outcome, Plan, Prune
from reconciler.core.spec import Desired
from reconciler.core.statuses import history, noted
from reconciler.core.statuses.circumstances import circumstances, probes
from reconciler.core.statuses.conditions import Condition, Finding, Kind, ModelStatus, Truth, stable
from reconciler.core.statuses.findings import activated, fetched, loaded, probed, ready, stuck
from reconciler.core.statuses.standing import Standing, trouble
from reconciler.core.statuses.status_files import from_files, to_files, unreadable

__all__ = [
    "Condition",
    "Kind",
    "ModelStatus",
    "Pass",
    "Truth",
    "from_files",
    "stalled",
    "summarise",
    "to_files",
    "unreadable",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """What one pass leaves behind: the last plan that it carried out, every outcome, the world looked at again."""

    plan: Plan
    outcomes: tuple[Outcome, ...]
    observed: Observed
    desired: Desired


def summarise(done: Pass, previous: Mapping[str, ModelStatus], *, now: str) -> Mapping[str, ModelStatus]:
    """The status of every model that is ours to tell of; `now` in RFC 3339, UTC.

    A removed model is told of until nothing of it is left, a foreign one never.
    """
    found: dict[str, ModelStatus] = {}
    outcomes = _outcomes(done)
    for line in done.plan.models:
        before = previous.get(line.model)
        standing = Standing(
            line=line,
            spec=done.desired.models.get(line.model),
            outcomes=outcomes.get(line.model, ()),
            observed=done.observed,
            before=before,
        )
        if line.reason is Reason.NOT_SELECTED and before is not None:
            found[line.model] = before
        elif line.change is not Change.FOREIGN and (line.change is not Change.REMOVE or standing.there):
            found[line.model] = _noted(_status(done, standing, now), done)
    return found


def stalled(previous: Mapping[str, ModelStatus]) -> Mapping[str, StalledAt]:
    """The generations that must not be tried again, as the last status remembers them."""
    return {name: status.stalled_at for name, status in previous.items() if status.stalled_at is not None}


def _noted(status: ModelStatus, done: Pass) -> ModelStatus:
    """The status with the circumstances of its stall, where they are not known from before."""
    if status.stalled_at is None or status.stalled_at.circumstances is not None:
        return status
    found = circumstances(status.name, status.stalled_at, done.outcomes, done.desired, done.observed)
    asked = probes(status.name, done.desired)
    return replace(status, stalled_at=replace(status.stalled_at, circumstances=found, probes=asked))


def _outcomes(done: Pass) -> Mapping[str, tuple[Outcome, ...]]:
    found: dict[str, list[Outcome]] = {}
    for outcome in done.outcomes:
        if not isinstance(outcome.step.action, Prune):
            found.setdefault(outcome.step.action.model, []).append(outcome)
    return {model: tuple(outcomes) for model, outcomes in found.items()}


def _status(done: Pass, standing: Standing, now: str) -> ModelStatus:
    before, wrong = standing.before, trouble(standing)
    here, on = fetched(standing, wrong), loaded(standing, wrong)
    hopeless, at = stuck(standing, wrong, on)
    findings = {
        Kind.READY: ready(standing, wrong, activated(standing, here) if standing.no_server else on),
        Kind.FETCHED: here,
        Kind.LOADED: on,
        Kind.PROBED: probed(standing, on),
        Kind.STALLED: hopeless,
    }
    conditions = {kind: _condition(kind, finding, standing, now) for kind, finding in findings.items()}
    revision = before.revision if before is not None and standing.same else done.plan.revision
    return ModelStatus(
        name=standing.line.model,
        target=done.plan.target,
        revision=revision,
        generation=standing.generation,
        active=standing.active.generation if standing.active else None,
        served={server: served.generation for server, served in standing.up.items()},
        versions=_versions(standing),
        digests=standing.digests,
        settings=noted.settings(standing, done.desired),
        servers=tuple(standing.served),
        belongs_on=standing.belongs_on,
        members=noted.members(standing),
        calls=noted.calls(standing),
        stalled_at=at,
        conditions=conditions,
        history=history.extended(standing, wrong, conditions[Kind.READY], revision, now),
    )


def _condition(kind: Kind, finding: Finding, standing: Standing, now: str) -> Condition:
    last = standing.last(kind)
    turned = last is None or last.status is not finding.status
    return Condition(
        kind=kind,
        status=finding.status,
        reason=finding.reason,
        message=stable(finding.message),
        last_transition_time=now if last is None or turned else last.last_transition_time,
    )


def _versions(standing: Standing) -> tuple[int, ...]:
    rows = (row for served in standing.up.values() for row in served.versions)
    return tuple(sorted({row.version for row in rows if row.state == "READY"}))
