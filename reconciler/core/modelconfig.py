"""Triton's ModelConfig: read and written as config.pbtxt, and layered.

Configs travel as JSON objects with proto field names, in protobuf's canonical JSON form (64-bit integers as strings).
Promise: `from_pbtxt(to_pbtxt(config)) == normalised(config)`.
"""

from collections.abc import Iterator
from typing import cast

from google.protobuf import json_format, text_format
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from reconciler.core.jsonvalue import Json, JsonObject
from reconciler.core.modelconfig_message import ModelConfigMessage

_ROOT = cast("Descriptor", ModelConfigMessage.DESCRIPTOR)


def from_pbtxt(text: bytes) -> JsonObject:
    """The config in a config.pbtxt. Raises ValueError with line and column for anything Triton would not parse."""
    try:
        parsed = text_format.Parse(text.decode(), ModelConfigMessage())
    except UnicodeDecodeError as error:
        message = f"not UTF-8 at byte {error.start}"
        raise ValueError(message) from error
    except text_format.ParseError as error:
        reason = str(error).replace("inference.", "").replace(" : ", ": ", 1)
        raise ValueError(reason.removesuffix(".")) from error
    return _to_json(parsed)


def to_pbtxt(config: JsonObject) -> str:
    """The text of a config.pbtxt. Raises ValueError as normalised()."""
    return str(text_format.MessageToString(_to_message(config)))


def normalised(config: JsonObject) -> JsonObject:
    """The canonical form. Raises ValueError for unknown fields and values of the wrong type."""
    return _to_json(_to_message(config))


def _to_message(config: JsonObject) -> Message:
    try:
        return json_format.ParseDict(config, ModelConfigMessage(), max_recursion_depth=50)
    except (json_format.ParseError, TypeError) as error:
        reason = str(error).partition("\n")[0].replace(f'"{_ROOT.full_name}"', "ModelConfig")
        raise ValueError(reason.removeprefix("Failed to parse ")) from error


def _to_json(message: Message) -> JsonObject:
    return cast("JsonObject", json_format.MessageToDict(message, preserving_proto_field_name=True))


def layered(*layers: JsonObject) -> JsonObject:
    """The layers as one config, the first that sets a field wins (spec §2.2).

    Maps and messages merge, lists and oneofs replace, `null` removes. Raises ValueError as normalised().
    """
    merged: JsonObject = {}
    for layer in reversed(layers):
        merged = _over(layer, merged, _ROOT)
    return normalised(cast("JsonObject", _without_nulls(merged)))


def _over(upper: JsonObject, lower: JsonObject, kind: Descriptor | None) -> JsonObject:
    """`upper` laid over `lower`; `kind` is the message they are fields of, None inside a map."""
    merged = dict(lower)
    for key, value in upper.items():
        field = kind.fields_by_name.get(key) if kind is not None else None
        for sibling in _siblings(field) if value is not None else ():
            merged.pop(sibling, None)
        below = merged.get(key)
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, dict):
            merged[key] = _over(value, below if isinstance(below, dict) else {}, _inner(kind, field))
        else:
            merged[key] = value
    return merged


def _siblings(field: FieldDescriptor | None) -> Iterator[str]:
    """The other members of the field's oneof."""
    if field is not None and field.containing_oneof is not None:
        yield from (other.name for other in field.containing_oneof.fields if other.name != field.name)


def _inner(kind: Descriptor | None, field: FieldDescriptor | None) -> Descriptor | None:
    """The message that a field's value is, None for a map; inside a map, what its values are."""
    if kind is None or field is None or field.message_type is None:
        return None
    return None if field.message_type.GetOptions().map_entry else field.message_type


def _without_nulls(value: Json) -> Json:
    if isinstance(value, dict):
        return {key: _without_nulls(inner) for key, inner in value.items() if inner is not None}
    return value
