"""The words that our JSON Schemas are written in: each field says what it is for, with examples.

`errorMessage` is what editors with a YAML language server show; our own errors say the same
(core/checking/conformance.py).
"""

from typing import cast

from reconciler.core import names, quantities
from reconciler.core.jsonvalue import Json, JsonObject


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
    return text(description, *examples, pattern=names.MODEL, says=names.SAYS)


def target_name(description: str, *examples: str) -> JsonObject:
    """A name of a target."""
    return text(
        description, *examples, pattern=names.TARGET, says=f"{names.SAYS}, and is not models.d or reconciler.yaml"
    )


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
