"""A plan that has nothing to do, and what it followed from: where that is as it was, so is the plan (docs/adr/0015).

Promise: what is kept is only a plan that the hour and signatures have no say in; everything else that it follows from
is in its grounds, but for what sources say.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, cast

from reconciler.core.amounts import Span
from reconciler.core.content import Known
from reconciler.core.digest import Digest
from reconciler.core.errors import Reason
from reconciler.core.jsonvalue import Json, JsonObject
from reconciler.core.observed import ForeignEntry, Observed, ServerView, Serving, Unreachable
from reconciler.core.plan import Change, GapKind, ModelPlan, Moves, Plan, Versions
from reconciler.core.spec import Desired


@dataclass(frozen=True, slots=True, kw_only=True)
class Grounds:
    """What a plan follows from, each as a text that is another one once that is.

    Git's commit, the target's folder on the status branch, the volume, what its servers serve.
    """

    revision: str
    statuses: str
    volume: str
    served: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Quiet:
    """The plan with its grounds, and how to look at them again.

    `branch` and `target` name the folder of statuses, `urls` the servers, `paths` what tells whether the volume is as
    it was.
    """

    grounds: Grounds
    plan: Plan
    branch: str
    urls: tuple[str, ...]
    paths: tuple[str, ...] = field(repr=False)


def is_quiet(plan: Plan, desired: Desired, observed: Observed) -> bool:
    """Whether the plan has nothing to do, and will have nothing to do until any of its grounds changes."""
    policy = desired.repository.policy
    said = (plan.steps, plan.refusal, plan.unknown, plan.not_fresh, desired.problems, desired.rejected)
    elsewhere = (policy.freeze, policy.commit_signers, policy.model_signers)
    known = all(isinstance(content, Known) for content in observed.contents.values())
    short = any(Reason.NO_SPACE in (line.reason, line.kept) for line in plan.models)  # others may make room
    return not any((*said, *elsewhere, short)) and known and _own(observed)


def listed(observed: Observed) -> frozenset[str]:
    """The models for which a source was asked: it may say another thing the next time, and is no ground of a plan."""
    contents = observed.contents.items()
    return frozenset(name for name, content in contents if isinstance(content, Known) and content.listed)


def _own(observed: Observed) -> bool:
    """Whether nothing in models/ leads out of the volume, where changes would not be seen."""
    entries = observed.volume.entries.values()
    return not any(isinstance(entry, ForeignEntry) and entry.kind.startswith("link") for entry in entries)


def to_json(quiet: Quiet) -> JsonObject:
    """The same as JSON."""
    plan = quiet.plan
    return {
        "grounds": {each.name: getattr(quiet.grounds, each.name) for each in fields(Grounds)},
        "branch": quiet.branch,
        "urls": [*quiet.urls],
        "paths": [*quiet.paths],
        "target": plan.target,
        "models": [_row(model) for model in plan.models],
        "totals": dict(plan.totals),
        "spans": [
            [span.name, span.before, span.peak, span.after, span.capacity, *span.uncounted] for span in plan.spans
        ],
    }


def from_json(value: Any) -> Quiet:
    """Raises ValueError, TypeError, AttributeError or LookupError for what `to_json` has not written."""
    grounds = Grounds(**value["grounds"])
    return Quiet(
        grounds=grounds,
        branch=value["branch"],
        urls=tuple(value["urls"]),
        paths=tuple(value["paths"]),
        plan=Plan(
            target=value["target"],
            revision=grounds.revision,
            models=tuple(_model(row) for row in value["models"]),
            totals=value["totals"],
            spans=tuple(_span(*row) for row in value["spans"]),
        ),
    )


def told(servers: Mapping[str, ServerView]) -> Digest:
    """A digest of all that servers serve."""
    running = hashlib.sha256()
    for name, view in sorted(servers.items()):
        running.update(repr((name, view if isinstance(view, Unreachable) else view.version)).encode())
        for model, served in sorted(view.models.items()) if isinstance(view, Serving) else ():
            running.update(repr((model, replace(served, members=frozenset()), sorted(served.members))).encode())
    return Digest("sha256:" + running.hexdigest())


def with_room(plan: Plan, free_bytes: int) -> Plan:
    """The plan with the room that there is now."""
    return replace(plan, totals={**plan.totals, "free_bytes": free_bytes})


def _row(model: ModelPlan) -> JsonObject:
    """What is anything but the default."""
    told = ((each.name, getattr(model, each.name), each.default) for each in fields(ModelPlan))
    return {name: _plain(value) for name, value, default in told if value != default}


def _plain(value: object) -> Json:
    match value:
        case Versions(before=before, after=after):
            return [_plain(before), _plain(after)]
        case Moves(leaves=leaves, comes_to=comes_to):
            return [_plain(leaves), _plain(comes_to)]
        case tuple():
            return [*value]
        case _:
            return cast("Json", value)


def _numbers(row: list[int] | None) -> tuple[int, ...] | None:
    return None if row is None else tuple(row)


_VALUES: Mapping[str, Callable[[Any], Any]] = {
    "change": Change,
    "reason": Reason,
    "kept": Reason,
    "gap_kind": GapKind,
    "steps": tuple,
    "warnings": tuple,
    "foreign_needs": tuple,
    "servers": tuple,
    "versions": lambda row: Versions(before=_numbers(row[0]), after=_numbers(row[1])),
    "moves": lambda row: Moves(leaves=tuple(row[0]), comes_to=tuple(row[1])),
}


def _model(row: dict[str, Any]) -> ModelPlan:
    return ModelPlan(**{name: _VALUES[name](value) if name in _VALUES else value for name, value in row.items()})


def _span(name: str, before: int | None, peak: int | None, after: int | None, capacity: int | None, *rest: str) -> Span:
    return Span(name=name, before=before, peak=peak, after=after, capacity=capacity, uncounted=rest)
