"""A saved plan as JSON, with the same promises as the plan's."""

from typing import cast

from reconciler.core.errors import ReconcileError, StaleError
from reconciler.core.jsonvalue import JsonObject
from reconciler.core.plan import Plan
from reconciler.core.planning.saved import Saved
from reconciler.render import plan_json, words


def document(saved: Saved, *, plan: Plan | None = None, error: ReconcileError | None = None) -> JsonObject:
    """What was saved, and the `plan` that would be carried out now, or the `error` for which none would.

    `stale` is null where it cannot be told; `shown` is what is written in the file, which anybody may have changed.
    """
    stale = None if error is not None and not isinstance(error, StaleError) else error is not None
    told: JsonObject | None = None
    if error is not None:
        told = {"reason": error.reason.value, "message": error.message, "hint": error.hint}
    shown: JsonObject = {
        "format_version": plan_json.FORMAT_VERSION,
        "stale": stale,
        "error": told,
        "plan": None if plan is None else plan_json.document(plan),
        "saved": {
            "id": saved.id,
            "target": saved.target,
            "revision": saved.revision,
            "models": [*saved.models],
            "shown": [text for _, text in saved.shown],
        },
    }
    return cast("JsonObject", words.cleaned(shown))
