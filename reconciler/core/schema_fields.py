"""The words that our JSON Schemas are written in: each field says what it is for, with examples.

`errorMessage` is what editors with a YAML language server show; our own errors say the same (core/conformance.py).
"""

import re
from typing import cast

from reconciler.core import quantities
from reconciler.core.jsonvalue import Json, JsonObject

NAME_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$"
TARGET_PATTERN = r"^(?!(models\.d|reconciler\.yaml)$)[A-Za-z0-9][A-Za-z0-9._-]{0,127}$"
"""A target has a folder of its own on the status branch, which must not look like a configuration."""
_NAME_SAYS = "a name of 1 to 128 letters, digits, '.', '_' and '-' that begins with a letter or digit"


def a(kind: str | list[str], description: str, examples: list[Json], **rules: Json) -> JsonObject:
    """A field of these JSON types. The rule `says` is what is expected, in words."""
    says = rules.pop("says", None)
    message: JsonObject = {} if says is None else {"errorMessage": f"expected {says}"}
    types: Json = cast("list[Json]", kind) if isinstance(kind, list) else kind
    return {"type": types, "description": description, "examples": examples, **rules, **message}


def mapping(description: str, example: JsonObject, fields: dict[str, JsonObject], **rules: Json) -> JsonObject:
    """A mapping of exactly these fields; those in the rule `required` must be there."""
    properties = cast("JsonObject", fields)
    return a("object", description, [example], properties=properties, additionalProperties=False, **rules)


def keyed(description: str, example: JsonObject, keys: JsonObject, values: JsonObject, **rules: Json) -> JsonObject:
    """A mapping of free keys to values of one kind."""
    return a("object", description, [example], propertyNames=keys, additionalProperties=values, **rules)


def listing(description: str, example: list[Json], items: JsonObject, **rules: Json) -> JsonObject:
    """A list of values of one kind."""
    return a("array", description, [example], items=items, **rules)


def text(description: str, *examples: str, **rules: Json) -> JsonObject:
    """Some text."""
    return a("string", description, list(examples), **rules)


def choice(description: str, *values: str, **rules: Json) -> JsonObject:
    """One of these words."""
    return a("string", description, list(values), enum=list(values), **rules)


def flag(description: str, *, example: bool, **rules: Json) -> JsonObject:
    """True or false."""
    return a("boolean", description, [example], **rules)


def name(description: str, *examples: str) -> JsonObject:
    """A name of a model, a target or a profile."""
    return text(description, *examples, pattern=NAME_PATTERN, says=_NAME_SAYS)


def target_name(description: str, *examples: str) -> JsonObject:
    """A name of a target."""
    return text(
        description, *examples, pattern=TARGET_PATTERN, says=f"{_NAME_SAYS}, and is not models.d or reconciler.yaml"
    )


def is_model_name(text: str) -> bool:
    """Whether Triton can have a model of this name, and any client ask for it."""
    return re.fullmatch(NAME_PATTERN, text) is not None


def is_target_name(text: str) -> bool:
    """Whether a target may be called so."""
    return re.fullmatch(TARGET_PATTERN, text) is not None


def duration(description: str, *examples: str, **rules: Json) -> JsonObject:
    """A span of time, longer than nothing."""
    return text(
        description,
        *examples,
        pattern=quantities.DURATION,
        says="a duration with units, such as 10m, 1h30m, 5s or 250ms",
        **rules,
    )


def amount(description: str, *examples: str) -> JsonObject:
    """An amount of bytes."""
    return a(
        ["string", "integer"], description, list(examples), pattern=quantities.BYTES, minimum=0, maximum=2**63 - 1,
        says="an amount of bytes such as 1Gi, 500M or 1073741824",
    )  # fmt: skip


def texts(description: str, example: JsonObject) -> JsonObject:
    """Free text by free key."""
    keys = text("A key.", *example, minLength=1, says="a key that is not empty")
    return keyed(description, example, keys, text("Any text.", *(str(value) for value in example.values())))


def head(kind: str) -> dict[str, JsonObject]:
    """The two fields that every document begins with."""
    return {
        "apiVersion": a("string", "The version of this format.", ["reconciler/v1"], const="reconciler/v1"),
        "kind": a("string", "What this document describes.", [kind], const=kind),
    }
