"""A plan as JSON. Keys are only ever added within a major `format_version`; what is printed is chosen key by key."""

from collections.abc import Iterable
from typing import cast

from reconciler.core.amounts import Span
from reconciler.core.errors import Problem
from reconciler.core.jsonvalue import Json, JsonObject
from reconciler.core.plan import ModelPlan, Plan, Prune, Refusal, Step
from reconciler.render import resources, words
from reconciler.render.steps import deed
from reconciler.render.summary import asked_for, changes, complete, outlook, summarise

FORMAT_VERSION = "1.0"


def document(plan: Plan, problems: Iterable[Problem] = ()) -> JsonObject:
    """The whole plan. `complete` is false where something could not be looked at: then no news is not good news."""
    shown: JsonObject = {
        "format_version": FORMAT_VERSION,
        "target": plan.target,
        "revision": plan.revision,
        "observed": "status" if plan.remembered else "live",
        "outcome": outlook(plan).value,
        "not_fresh": plan.not_fresh or None,
        "changes": changes(plan),
        "complete": complete(plan),
        "models": [model_line(model) for model in sorted(asked_for(plan), key=lambda model: model.model)],
        "steps": [step(planned) for planned in plan.steps],
        "refusal": _refusal(plan.refusal),
        "unknown": list(plan.unknown),
        "problems": [problem(found) for found in problems],
        "summary": _summary(plan),
        "resources": {span.name: _span(span) for span in plan.spans},
        "warnings": [*resources.warnings(plan.spans)],
        "totals": {name: plan.totals[name] for name in sorted(plan.totals)},
    }
    return cast("JsonObject", words.cleaned(shown))


def model_line(model: ModelPlan) -> JsonObject:
    """What becomes of one model."""
    return {
        "name": model.model,
        "change": model.change.value,
        "action_reason": model.reason.value,
        "message": model.message,
        "generation": {"before": model.active, "after": model.wanted},
        "deferred": model.deferred,
        "stalled": model.stalled,
        "gap": model.gap,
        "gap_kind": None if model.gap_kind is None else model.gap_kind.value,
        "versions": {"before": _numbers(model.versions.before), "after": _numbers(model.versions.after)},
        "servers": None if model.servers is None else list(model.servers),
        "moves": {"from": list(model.moves.leaves), "to": list(model.moves.comes_to)},
        "warnings": list(model.warnings),
        "foreign_needs": list(model.foreign_needs),
        "steps": list(model.steps),
    }


def _numbers(versions: tuple[int, ...] | None) -> Json:
    return None if versions is None else [*versions]


def step(planned: Step) -> JsonObject:
    """One step; `bytes` is null where the size is not known or means nothing."""
    done = deed(planned)
    shown: JsonObject = {
        "id": planned.id,
        "kind": done.verb,
        "model": done.model or None,
        "server": done.server or None,
        "reason": planned.reason.value,
        "detail": planned.detail,
        "after": [*sorted(planned.after)],
        "behind": [*sorted(planned.behind)],
        "bytes": done.size,
    }
    return shown | _pruned(planned)


def _span(span: Span) -> JsonObject:
    """Bytes of one resource; `capacity` is null where none is declared."""
    return {
        "before": span.before,
        "peak": span.peak,
        "after": span.after,
        "capacity": span.capacity,
        "uncounted": list(span.uncounted),
    }


def _pruned(planned: Step) -> JsonObject:
    match planned.action:
        case Prune(trees=trees, blobs=blobs, partials=partials, damaged=damaged):
            counts: JsonObject = {"trees": len(trees), "blobs": len(blobs), "partials": len(partials)}
            return {**counts, "damaged": len(damaged)} if damaged else counts
        case _:
            return {}


def _refusal(refusal: Refusal | None) -> JsonObject | None:
    if refusal is None:
        return None
    return {"reason": refusal.reason.value, "message": refusal.message, "hint": refusal.hint}


def problem(found: Problem) -> JsonObject:
    """One fault of a document."""
    return {
        "file": found.file,
        "line": found.line,
        "column": found.column,
        "path": found.path,
        "found": found.found,
        "expected": found.expected,
    }


def _summary(plan: Plan) -> JsonObject:
    summary = summarise(plan)
    return {
        "add": summary.add,
        "change": summary.change,
        "remove": summary.remove,
        "unchanged": summary.unchanged,
        "held": summary.held,
        "foreign": summary.foreign,
        "unknown": summary.unknown,
    }
