"""The JSON Schema of `reconcile plan -o json`: what scripts may rely on. Within a major version keys are only added."""

from reconciler.core.jsonvalue import Json, JsonObject
from reconciler.core.plan import Change, GapKind

_TEXT: JsonObject = {"type": "string"}


def _text(description: str) -> JsonObject:
    return {"description": description, "type": "string"}


_FLAG: JsonObject = {"type": "boolean"}
_COUNTS = {
    "add": "new",
    "change": "updated, recreated, mended or moved",
    "remove": "removed",
    "unchanged": "as wanted",
    "held": "left alone, each with its reason",
    "foreign": "not ours",
    "unknown": "nobody knows what becomes of them",
}
_RESOURCES = (
    "memory, gpuMemory (of the fullest server) and disk along the plan; null where no server could be looked at."
)
_NOT_FRESH = "Why the remote could not say whether the revision is its latest; null if it is."
_COUNT: JsonObject = {"type": "integer", "minimum": 0}
_COUNTED: JsonObject = {
    name: {"description": f"Models in this case: {says}.", **_COUNT} for name, says in _COUNTS.items()
}
_AMOUNT: JsonObject = {"type": ["integer", "null"], "minimum": 0}
_NUMBERS: JsonObject = {"type": ["array", "null"], "items": _COUNT}
_VERSION: JsonObject = {
    "description": "Major and minor: keys are only ever added within a major version.",
    "type": "string",
    "pattern": "^1\\.[0-9]+$",
}
_ERROR: JsonObject = {
    "type": "object",
    "properties": {
        "reason": _text("One of the words of the documentation."),
        "message": _text("What happened, for people."),
        "hint": _text("What to do next; empty where there is nothing to say."),
    },
    "required": ["reason", "message", "hint"],
}
_NOW: JsonObject = {"description": "Before the plan is carried out."}
_THEN: JsonObject = {"description": "Once it is carried out."}
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
                **_all({"format_version": _VERSION, "error": {"description": "Why there is no plan.", **_ERROR}}),
            },
        ],
    }


def _plan() -> JsonObject:
    return _all(
        {
            "format_version": _VERSION,
            "target": _text("The target's name."),
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
            "models": {"description": "What becomes of each model, by name.", **_list(_model())},
            "steps": {"description": "What would be done, in an order in which it could be.", **_list(_step())},
            "refusal": {
                "description": "Why none of it may be carried out; null if it may.",
                "anyOf": [{"type": "null"}, _ERROR],
            },
            "unknown": {"description": "Servers and sources that could not be looked at, in words.", **_list(_TEXT)},
            "problems": {"description": "Faults of files of the configuration.", **_list(_problem())},
            "summary": {"description": "How many models are in each case.", **_all(_COUNTED)},
            "resources": {"description": _RESOURCES, "type": "object", "additionalProperties": _span()},
            "warnings": {"description": "What a person should see to, of the plan as a whole.", **_list(_TEXT)},
            "totals": {
                "description": "fetches, fetch_bytes, fetches_of_unknown_size, and free_bytes of the volume.",
                "type": "object",
                "additionalProperties": {"type": "integer"},
            },
        }
    )


def _model() -> JsonObject:
    return _all(
        {
            "name": _text("The model's name."),
            "change": {"description": "What becomes of it, in one word.", "enum": [change.value for change in Change]},
            "action_reason": {"description": "Why: one of the words of the documentation.", **_TEXT},
            "message": _text("More about that, for people."),
            "generation": {
                "description": "What the volume's link names before and after; null where nothing, or not known.",
                **_all({"before": {**_NOW, **_GENERATION}, "after": {**_THEN, **_GENERATION}}),
            },
            "deferred": {"description": "What it will be is known once its source is fetched.", **_FLAG},
            "stalled": {"description": "Trying again will not help.", **_FLAG},
            "gap": {"description": "Why requests will fail for a while; empty if they will not.", **_TEXT},
            "gap_kind": {
                "description": "The same in one word; `removed` is no gap but an end. Null if there is none.",
                "enum": [None, *(kind.value for kind in GapKind)],
            },
            "versions": {
                "description": "Those that answer on any server, before and after; null where that is not known.",
                **_all({"before": {**_NOW, **_NUMBERS}, "after": {**_THEN, **_NUMBERS}}),
            },
            "servers": {
                "description": "The servers it belongs on; null for all of the target's.",
                "type": ["array", "null"],
                "items": _TEXT,
            },
            "moves": {
                "description": "The servers it leaves, and those that it is loaded on before; both empty if it stays.",
                **_all({"from": {**_NOW, **_list(_TEXT)}, "to": {**_THEN, **_list(_TEXT)}}),
            },
            "warnings": {"description": "Facts worth knowing that do not hold it.", **_list(_TEXT)},
            "foreign_needs": {"description": "Models it needs that are not ours to bring.", **_list(_TEXT)},
            "steps": {"description": "Ids of its steps, in order.", **_list(_TEXT)},
        }
    )


def _step() -> JsonObject:
    return _all(
        {
            "id": _text("Its id in this plan."),
            "kind": {
                "description": "What is done.",
                "enum": ["fetch", "adopt", "activate", "load", "unload", "deactivate", "retire", "prune"],
            },
            "model": {"description": "The model it is about; null for `prune`.", "type": ["string", "null"]},
            "server": {
                "description": "The server it is about; null for what is done on the volume.",
                "type": ["string", "null"],
            },
            "reason": _text("Why: one of the words of the documentation."),
            "detail": _text("More about that, for people."),
            "after": {"description": "Ids of steps that must have succeeded before.", **_list(_TEXT)},
            "behind": {"description": "Ids of steps that must have ended before, well or not.", **_list(_TEXT)},
            "bytes": {
                "description": "How much it fetches or deletes; null where not known or none.",
                "type": ["integer", "null"],
            },
        }
    )


def _span() -> JsonObject:
    return _all(
        {
            "before": {"description": "Bytes before; null where not known.", **_AMOUNT},
            "peak": {"description": "The most that is taken at any moment.", **_AMOUNT},
            "after": {"description": "Bytes once the plan is carried out.", **_AMOUNT},
            "capacity": {
                "description": "What is declared to be there; null if nothing is.",
                "type": ["integer", "null"],
                "minimum": 0,
            },
            "uncounted": {"description": "What takes an amount that is not known.", **_list(_TEXT)},
        }
    )


def _problem() -> JsonObject:
    return _all(
        {
            "file": _text("The file."),
            "line": {"description": "From 1.", "type": ["integer", "null"]},
            "column": {"description": "From 1.", "type": ["integer", "null"]},
            "path": _text("Where in the document."),
            "found": _text("What is there."),
            "expected": _text("What should be."),
        }
    )


def _all(properties: JsonObject) -> JsonObject:
    """An object that has all of these, and may have more."""
    required: list[Json] = [*properties]
    return {"type": "object", "properties": properties, "required": required}


def _list(items: JsonObject) -> JsonObject:
    return {"type": "array", "items": items}
