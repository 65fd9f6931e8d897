"""The JSON Schema of `reconcile plan -o json`: what scripts may rely on. Within a major version keys are only added."""

from reconciler.core.jsonvalue import Json, JsonObject
from reconciler.core.plan import Change, GapKind

_TEXT: JsonObject = {"type": "string"}
_FLAG: JsonObject = {"type": "boolean"}
_COUNTS = ("add", "change", "remove", "unchanged", "held", "foreign", "unknown")
_RESOURCES = (
    "memory, gpuMemory (of the fullest server) and disk along the plan; null where no server could be looked at."
)
_NOT_FRESH = "Why the remote could not say whether the revision is its latest; null if it is."
_COUNT: JsonObject = {"type": "integer", "minimum": 0}
_AMOUNT: JsonObject = {"type": ["integer", "null"], "minimum": 0}
_NUMBERS: JsonObject = {"type": ["array", "null"], "items": _COUNT}
_VERSION: JsonObject = {
    "description": "Major and minor: keys are only ever added within a major version.",
    "type": "string",
    "pattern": "^1\\.[0-9]+$",
}
_ERROR: JsonObject = {
    "type": "object",
    "properties": {"reason": _TEXT, "message": _TEXT, "hint": _TEXT},
    "required": ["reason", "message", "hint"],
}
_GENERATION: JsonObject = {"type": ["string", "null"], "pattern": "^sha256:[0-9a-f]{64}$"}


def plan_schema() -> JsonObject:
    """The schema of all that is printed: a whole plan, or why there is none."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A plan of reconcile",
        "oneOf": [
            {"title": "A plan", **_plan()},
            {
                "title": "The error that kept it from being planned",
                **_all({"format_version": _VERSION, "error": _ERROR}),
            },
        ],
    }


def _plan() -> JsonObject:
    return _all(
        {
            "format_version": _VERSION,
            "target": _TEXT,
            "revision": {"description": "The commit (or digest of a directory) of the desired state.", **_TEXT},
            "not_fresh": {"description": _NOT_FRESH, "type": ["string", "null"]},
            "observed": {
                "description": "What it was planned against: the world itself, or the last committed status.",
                "enum": ["live", "status"],
            },
            "outcome": {
                "description": "changes: some for certain; none: all is known and as wanted; unknown: neither.",
                "enum": ["changes", "none", "unknown"],
            },
            "changes": {"description": "Whether applying it would do anything.", **_FLAG},
            "complete": {
                "description": "False where something could not be looked at: then no change is not good news.",
                **_FLAG,
            },
            "models": _list(_model()),
            "steps": _list(_step()),
            "refusal": {"anyOf": [{"type": "null"}, _ERROR]},
            "unknown": _list(_TEXT),
            "problems": _list(_problem()),
            "summary": _all(dict.fromkeys(_COUNTS, _COUNT)),
            "resources": {"description": _RESOURCES, "type": "object", "additionalProperties": _span()},
            "warnings": {"description": "What a person should see to, of the plan as a whole.", **_list(_TEXT)},
            "totals": {"type": "object", "additionalProperties": {"type": "integer"}},
        }
    )


def _model() -> JsonObject:
    return _all(
        {
            "name": _TEXT,
            "change": {"enum": [change.value for change in Change]},
            "action_reason": {"description": "Why: one of the words of the documentation.", **_TEXT},
            "message": _TEXT,
            "generation": _all({"before": _GENERATION, "after": _GENERATION}),
            "deferred": {"description": "What it will be is known once its source is fetched.", **_FLAG},
            "stalled": {"description": "Trying again will not help.", **_FLAG},
            "gap": {"description": "Why requests will fail for a while; empty if they will not.", **_TEXT},
            "gap_kind": {
                "description": "The same in one word; `removed` is no gap but an end. Null if there is none.",
                "enum": [None, *(kind.value for kind in GapKind)],
            },
            "versions": {
                "description": "Those that answer on any server, before and after; null where that is not known.",
                **_all({"before": _NUMBERS, "after": _NUMBERS}),
            },
            "servers": {
                "description": "The servers it belongs on; null for all of the target's.",
                "type": ["array", "null"],
                "items": _TEXT,
            },
            "moves": {
                "description": "The servers it leaves, and those that it is loaded on before; both empty if it stays.",
                **_all({"from": _list(_TEXT), "to": _list(_TEXT)}),
            },
            "warnings": _list(_TEXT),
            "foreign_needs": {"description": "Models it needs that are not ours to bring.", **_list(_TEXT)},
            "steps": {"description": "Ids of its steps, in order.", **_list(_TEXT)},
        }
    )


def _step() -> JsonObject:
    return _all(
        {
            "id": _TEXT,
            "kind": {"enum": ["fetch", "adopt", "activate", "load", "unload", "deactivate", "retire", "prune"]},
            "model": {"type": ["string", "null"]},
            "server": {"type": ["string", "null"]},
            "reason": _TEXT,
            "detail": _TEXT,
            "after": {"description": "Ids of steps that must have succeeded before.", **_list(_TEXT)},
            "behind": {"description": "Ids of steps that must have ended before, well or not.", **_list(_TEXT)},
            "bytes": {"type": ["integer", "null"]},
        }
    )


def _span() -> JsonObject:
    return _all(
        {
            "before": _AMOUNT,
            "peak": {"description": "The most that is taken at any moment.", **_AMOUNT},
            "after": _AMOUNT,
            "capacity": {"type": ["integer", "null"], "minimum": 0},
            "uncounted": {"description": "What takes an amount that is not known.", **_list(_TEXT)},
        }
    )


def _problem() -> JsonObject:
    return _all(
        {
            "file": _TEXT,
            "line": {"type": ["integer", "null"]},
            "column": {"type": ["integer", "null"]},
            "path": _TEXT,
            "found": _TEXT,
            "expected": _TEXT,
        }
    )


def _all(properties: JsonObject) -> JsonObject:
    """An object that has all of these, and may have more."""
    required: list[Json] = [*properties]
    return {"type": "object", "properties": properties, "required": required}


def _list(items: JsonObject) -> JsonObject:
    return {"type": "array", "items": items}
