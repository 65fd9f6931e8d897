"""The JSON Schema of a model (spec §2.1)."""

from reconciler.core.jsonvalue import JsonObject
from reconciler.core.schemas import modelconfig_schema
from reconciler.core.schemas.schema_fields import (
    a,
    amount,
    choice,
    duration,
    flag,
    head,
    keyed,
    listing,
    mapping,
    name,
    text,
    texts,
)  # fmt: skip
from reconciler.core.schemas.schema_probe import PROBE
from reconciler.core.schemas.schema_source import URIS, source

CONFIG = modelconfig_schema.json_schema()
"""Triton's ModelConfig; its `$defs` are put at the head of each schema that uses it."""


def config(description: str) -> JsonObject:
    """Any field of Triton's ModelConfig; `null` removes what a lower layer says."""
    reference = {key: value for key, value in CONFIG.items() if key != "$defs"}
    return {**reference, "description": description, "examples": [{"max_batch_size": 32}]}


LOAD = mapping(
    "Whether and how the model is loaded into the server.",
    {"enabled": True, "timeout": "10m", "retries": 3},
    {
        "enabled": flag("False keeps the model on the volume, but not in the server.", example=True, default=True),
        "timeout": duration("How long one try may take.", "10m", "1h30m", default="10m"),
        "retries": a(
            "integer", "How often to try again after a failure that can pass.", [3], minimum=0, maximum=100,
            says="a whole number from 0 to 100", default=3,
        ),
    },
)  # fmt: skip
UPDATE = choice("How a new generation takes over: replace (no gap), recreate (unload first), auto (as memory allows).",
                "auto", "replace", "recreate", default="auto")  # fmt: skip

VERSION = text(
    "A version.", "7", pattern="^(0|[1-9][0-9]{0,17})$", says="a version number of up to 18 digits, no leading 0"
)
_VERSIONS = keyed(
    "One source per version number, instead of `source` or beside it.",
    {"7": "s3://models/densenet/v7/model.onnx"},
    VERSION,
    source("Where the files of this version come from."),
    minProperties=1,
)

_SUSPEND = a(
    ["boolean", "object"], "Leave the model alone as it is.", [True, {"reason": "incident 4711"}],
    properties={
        "reason": text("Why, for the people who read the plan.", "incident 4711"),
        "until": text(
            "The last day of it (UTC).", "2026-12-01", format="date", pattern="^[0-9]{4}-[0-9]{2}-[0-9]{2}$",
            says="a day such as 2026-12-01",
        ),
    },
    additionalProperties=False, minProperties=1, default=False, says="true, or a mapping with reason, until or both",
)  # fmt: skip

_SOMETHING_TO_SERVE: JsonObject = {
    "anyOf": [
        {"required": ["source"]},
        {"required": ["versions"]},
        {"required": ["config"], "properties": {"config": {"type": "object", "required": ["ensemble_scheduling"]}}},
    ],
    "errorMessage": "expected at least one of source, versions, or config with ensemble_scheduling",
}

_METADATA = mapping(
    "What the model is called.",
    {"name": "densenet", "labels": {"team": "vision"}},
    {
        "name": name("The model's name in Triton: the same as the file's, without .yaml.", "densenet"),
        "labels": texts(
            "What targets select models by. `priority`, a whole number, says who comes first where not all fit.",
            {"team": "vision", "tier": "gold"},
        ),
        "annotations": texts("Free text, never interpreted.", {"owner": "vision@example.com"}),
    },
    required=["name"],
)
_SPEC = mapping(
    "What is to be served.",
    {"framework": "onnxruntime", "source": URIS[0]},
    {
        "framework": text(
            "The Triton backend or platform.", "onnxruntime", "python", "ensemble",
            pattern="^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$", says="a Triton backend or platform such as onnxruntime",
        ),
        "source": source("Where the model's files come from."),
        "versions": _VERSIONS,
        "config": config("Fields of Triton's ModelConfig; they win over the packaged config.pbtxt. null removes."),
        "dependsOn": listing(
            "Models that this one calls from its code (BLS). An ensemble's steps are found by themselves.",
            ["tokenizer"], name("A model's name.", "tokenizer"), default=[],
        ),
        "resources": mapping(
            "What one loaded copy needs.", {"memory": "1Gi", "gpuMemory": "2Gi"},
            {"memory": amount("Main memory.", "1Gi"), "gpuMemory": amount("Memory of the GPU.", "2Gi")},
        ),
        "replicas": a(
            "integer", "On how many of the target's servers it is; on all of them, if it is left out.", [2],
            minimum=1, maximum=100_000, says="a whole number from 1 to 100000",
        ),
        "update": UPDATE,
        "load": LOAD,
        "probe": listing("Golden requests; an update that fails one is taken back.", [], PROBE, default=[]),
        "suspend": _SUSPEND,
    },
    required=["framework"],
    allOf=[_SOMETHING_TO_SERVE],
)  # fmt: skip


def model_schema() -> JsonObject:
    """The schema of a file of models.d."""
    fields = {**head("Model"), "metadata": _METADATA, "spec": _SPEC}
    example: JsonObject = {
        "apiVersion": "reconciler/v1",
        "kind": "Model",
        "metadata": {"name": "densenet"},
        "spec": {"framework": "onnxruntime", "source": URIS[0]},
    }
    whole = mapping("One model of a Triton server.", example, fields, required=list(fields))
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Model",
        **whole,
        "$defs": CONFIG["$defs"],
    }
