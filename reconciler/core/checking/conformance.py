"""A document against its JSON Schema: every fault at its place, in people's words.

Where a schema wants text and a person wrote a plain number, boolean or date, the text is taken as it was written:
`version: 1.10` is "1.10". The checked value that comes back has those texts in it.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, cast

from jsonschema import ValidationError
from jsonschema.protocols import Validator

from reconciler.core.checking.nodes import MAX_PROBLEMS, Document, Path, described, quoted
from reconciler.core.errors import Problem
from reconciler.core.jsonvalue import Json, JsonObject
from reconciler.core.nearest import nearest

_TYPES = {
    "object": "a mapping",
    "array": "a list",
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "null",
}
_SECRETIVE = ("spec", "credentials")


def conform(document: Document, validator: Validator) -> tuple[JsonObject, tuple[Problem, ...]]:
    """The document's value with texts as they were written, and its faults, at most MAX_PROBLEMS, in file order."""
    value = document.value
    errors = list(validator.iter_errors(value))
    texts = {path: text for error in errors for path, text in _texts(document, error)}
    if texts:
        value = _with_texts(value, texts)
        errors = list(validator.iter_errors(value))
    problems = dict.fromkeys(islice((found for error in errors for found in _faults(document, error)), MAX_PROBLEMS))
    return value, tuple(sorted(problems, key=lambda problem: (problem.line, problem.column, problem.path)))


def _texts(document: Document, error: ValidationError) -> Iterator[tuple[Path, str]]:
    """Where text was wanted and something plain was written."""
    for inner in error.context:
        yield from _texts(document, inner)
    if error.validator == "type" and "string" in cast("str | list[str]", error.validator_value):
        path = tuple(error.absolute_path)
        written = document.node(path).written
        if written is not None:
            yield path, written


def _with_texts(value: JsonObject, texts: Mapping[Path, str]) -> JsonObject:
    """A copy with these texts; by way of JSON, which unshares what aliases share."""
    copy: JsonObject = json.loads(json.dumps(value))
    for path, text in texts.items():
        parent: Any = copy
        for step in path[:-1]:
            parent = parent[step]
        parent[path[-1]] = text
    return copy


def _faults(document: Document, error: ValidationError) -> Iterator[Problem]:
    path = tuple(error.absolute_path)
    schema = cast("JsonObject", error.schema)
    if error.validator == "additionalProperties":
        yield from _unknown_fields(document, path, schema)
    elif error.validator == "required":
        yield from _missing_fields(document, path, error)
    elif error.validator == "anyOf" and "errorMessage" in schema:
        yield document.problem(path, "none of them", _expected(schema))
    elif error.validator == "anyOf":
        for inner in _meant(error.context):
            yield from _faults(document, inner)
    elif "propertyNames" in error.relative_schema_path:
        key = cast("str", error.instance)
        yield document.problem((*path, key), f"the key {quoted(key)}", _expected(schema), at_key=True)
    else:
        yield document.problem(path, _found(document, path, error), _expected(schema, cast("str", error.validator)))


def _meant(errors: Sequence[ValidationError]) -> list[ValidationError]:
    """The faults of the branch that was meant: never the one that wants null."""
    best = max(errors, key=lambda error: (error.validator_value != "null", len(error.absolute_path)))
    return [error for error in errors if error.relative_schema_path[0] == best.relative_schema_path[0]]


def _unknown_fields(document: Document, path: Path, schema: JsonObject) -> Iterator[Problem]:
    known = list(cast("JsonObject", schema["properties"]))
    for key in document.node(path).children:
        if key not in known:
            yield document.problem((*path, key), "an unknown field", suggestion(str(key), known), at_key=True)


def suggestion(word: str, known: list[str]) -> str:
    """The known word nearest to a wrong one, or all of them."""
    close = nearest(word, known)
    if close is not None:
        return f"{close} (did you mean that?)"
    return "one of " + ", ".join(known[:12]) + (", …" if len(known) > 12 else "")


def _missing_fields(document: Document, path: Path, error: ValidationError) -> Iterator[Problem]:
    schema = cast("JsonObject", error.schema)
    fields = cast("dict[str, JsonObject]", schema.get("properties", {}))
    written = cast("JsonObject", error.instance)
    for name in cast("list[str]", error.validator_value):
        if name not in written:
            yield document.problem((*path, name), "nothing", _expected(fields.get(name, {})))


def _found(document: Document, path: Path, error: ValidationError) -> str:
    value = cast("Json", error.instance)
    if path[:2] == _SECRETIVE and isinstance(value, str):
        return f"text of {len(value)} characters (not shown here)"
    return described(value, document.node(path).written)


def _expected(schema: JsonObject, rule: str = "") -> str:
    match schema:
        case {"errorMessage": str(message)}:
            words = message.removeprefix("expected ")
        case {"const": constant}:
            words = str(constant)
        case {"enum": list(values)}:
            words = "one of " + ", ".join(str(value) for value in values)
        case _ if rule in ("minItems", "minProperties"):
            words = "at least one entry"
        case {"minimum": low, "maximum": high}:
            words = f"a whole number from {low} to {high}"
        case {"minimum": low}:
            words = f"a number from {low}"
        case {"type": str(kind)}:
            words = _TYPES[kind]
        case _:
            words = str(schema.get("description", "another value"))
    return words
