"""What an apply did as JSON: its plan, and what came of each step."""

from collections.abc import Iterable, Mapping
from typing import cast

from reconciler.core.errors import Problem, ReconcileError
from reconciler.core.jsonvalue import Json, JsonObject
from reconciler.core.plan import Outcome, Plan, Result
from reconciler.core.statuses.conditions import ModelStatus
from reconciler.core.views.gaps import Gap
from reconciler.render import plan_json, words


def document(plan: Plan, outcomes: Iterable[Outcome], problems: Iterable[Problem] = ()) -> JsonObject:
    """The whole run, without its status commit. `plan` is what `reconcile plan -o json` prints."""
    shown = [outcome(ended) for ended in outcomes]
    results = [ended["result"] for ended in shown]
    report: JsonObject = {
        "format_version": plan_json.FORMAT_VERSION,
        "plan": plan_json.document(plan, problems),
        "outcomes": [*shown],
        "summary": {result.value: results.count(result.value) for result in Result},
    }
    return cast("JsonObject", words.cleaned(report))


def outcome(ended: Outcome) -> JsonObject:
    """How one step ended; `terminal` means that trying again will not mend it."""
    step = plan_json.step(ended.step)
    return {
        "step": step["id"],
        "kind": step["kind"],
        "model": step["model"],
        "server": step["server"],
        "result": ended.result.value,
        "reason": ended.reason.value,
        "message": ended.message,
        "terminal": ended.terminal,
        "seconds": round(ended.seconds, 3),
    }


def gaps(found: Iterable[Gap]) -> list[Json]:
    """Gaps in service; `seconds` is null where it has not ended, `expected` null where the plan did not say so."""
    return [
        cast(
            "JsonObject",
            words.cleaned(
                {
                    "model": gap.model,
                    "server": gap.server,
                    "seconds": None if gap.seconds is None else round(gap.seconds, 3),
                    "expected": None if gap.expected is None else gap.expected.value,
                }
            ),
        )
        for gap in found
    ]


def ending(
    statuses: Mapping[str, ModelStatus], commit: str | None, error: ReconcileError | None, not_written: str = ""
) -> JsonObject:
    """How each model stands afterwards, the status commit or why it failed; `not_written`: why it must not be."""
    failure = None if error is None else _failure(error)
    models: JsonObject = {name: _standing(status) for name, status in sorted(statuses.items())}
    ended: JsonObject = {
        "models": models,
        "status": {"commit": commit, "error": failure, "not_written": not_written or None},
    }
    return cast("JsonObject", words.cleaned(ended))


def untold(errors: Iterable[ReconcileError]) -> list[Json]:
    """Why somebody could not be told of it."""
    return [words.cleaned(_failure(error)) for error in errors]


def _failure(error: ReconcileError) -> JsonObject:
    return {"reason": error.reason.value, "message": error.message, "hint": error.hint}


def _standing(status: ModelStatus) -> JsonObject:
    conditions: JsonObject = {
        kind.value: {"status": found.status.value, "reason": found.reason.value, "message": found.message}
        for kind, found in status.conditions.items()
    }
    served: JsonObject = {**status.served}
    return {"desired": status.generation, "on_disk": status.active, "served": served, "conditions": conditions}
