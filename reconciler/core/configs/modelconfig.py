"""Triton's ModelConfig: read and written as config.pbtxt, and layered.

Configs travel as JSON objects with proto field names, in protobuf's canonical JSON form (64-bit integers as strings).
Promise: `from_pbtxt(to_pbtxt(config)) == normalised(config)`.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias, cast

from google.protobuf import json_format, text_format
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from reconciler.core.configs import modelconfig_unknown as unknown
from reconciler.core.configs.modelconfig_message import ModelConfigMessage
from reconciler.core.jsonvalue import Json, JsonObject

_ROOT = cast("Descriptor", ModelConfigMessage.DESCRIPTOR)
_LARGEST, _SHORTER = 3.4028234663852886e38, 3.4028235e38
_LONGEST = 300
Known: TypeAlias = type[Message]
"""The message class that says which fields are known; tests give one that knows less."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """A config.pbtxt; `newer`: names of what is in it that our table does not know."""

    config: JsonObject
    newer: tuple[str, ...] = ()


def from_pbtxt(text: bytes, known: Known = ModelConfigMessage) -> JsonObject:
    """The config in a config.pbtxt. Raises ValueError as read()."""
    return read(text, known).config


def read(text: bytes, known: Known = ModelConfigMessage) -> Read:
    """A config.pbtxt. Raises ValueError with line and column for anything Triton would not parse.

    Fields that a newer Triton may have are kept (core/configs/modelconfig_unknown.py).
    """
    try:
        return _read(text.decode(), known)
    except UnicodeDecodeError as error:
        message = f"not UTF-8 at byte {error.start}"
        raise ValueError(message) from error
    except RecursionError as error:  # protobuf's parser has no limit of its own
        message = "nested too deeply"
        raise ValueError(message) from error


def _read(text: str, known: Known) -> Read:
    try:
        return Read(config=_to_json(text_format.Parse(text, known())))
    except text_format.ParseError as error:
        found = _with_unknown(text, known)
        if found is None:
            raise ValueError(_reason(_sooner(text, known) or error)) from error
        return found


def _with_unknown(text: str, known: Known) -> Read | None:
    """The config, if the strict parser only stumbles over what a newer Triton may know."""
    try:
        plain, kept = unknown.apart(text, cast("Descriptor", known.DESCRIPTOR))
        config = unknown.joined(_to_json(text_format.Parse(plain, known())), kept)
    except (ValueError, text_format.ParseError):
        return None
    return Read(config=config, newer=_names(kept)) if kept else None


def _names(kept: unknown.Kept) -> tuple[str, ...]:
    return tuple(sorted({name for path, text in kept.items() for name in unknown.names(path, text)}))


def _sooner(text: str, known: Known) -> text_format.ParseError | None:
    """What is wrong besides unknown fields: that is what the author has to mend."""
    try:
        text_format.Parse(text, known(), allow_unknown_field=True)
    except text_format.ParseError as error:
        return error
    return None


def _reason(error: text_format.ParseError) -> str:
    words = str(error).replace("inference.", "").replace(" : ", ": ", 1).removesuffix(".")
    return words if len(words) <= _LONGEST else words[:_LONGEST] + "…"  # it quotes the line, and a line may be all


def to_pbtxt(config: JsonObject, known: Known = ModelConfigMessage) -> str:
    """The text of a config.pbtxt. Raises ValueError as normalised()."""
    message, kept = _to_message(config, known)
    return unknown.written(message, kept) if kept else str(text_format.MessageToString(message))


def normalised(config: JsonObject, known: Known = ModelConfigMessage) -> JsonObject:
    """The canonical form. Raises ValueError for unknown fields and values of the wrong type."""
    message, kept = _to_message(config, known)
    return unknown.joined(_to_json(message), kept)


def strangers(config: JsonObject) -> tuple[str, ...]:
    """What of the config our table does not know: names of fields, and values with their field."""
    return _names(unknown.parted(config, _ROOT)[1])


def _to_message(config: JsonObject, known: Known) -> tuple[Message, unknown.Kept]:
    try:
        return json_format.ParseDict(config, known(), max_recursion_depth=50), {}
    except (json_format.ParseError, TypeError) as error:
        plain, kept = unknown.parted(config, cast("Descriptor", known.DESCRIPTOR))
        if kept:
            return _to_message(plain, known)[0], kept
        reason = str(error).partition("\n")[0].replace(f'"{_ROOT.full_name}"', "ModelConfig")
        raise ValueError(reason.removeprefix("Failed to parse ")) from error


def _exact(value: Json) -> Json:
    """The largest float as it is: protobuf writes it shorter, which is larger, and then refuses that."""
    if isinstance(value, dict):
        return {key: _exact(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_exact(inner) for inner in value]
    return math.copysign(_LARGEST, value) if isinstance(value, float) and abs(value) == _SHORTER else value


def _to_json(message: Message) -> JsonObject:
    return cast("JsonObject", _exact(json_format.MessageToDict(message, preserving_proto_field_name=True)))


def layered(*layers: JsonObject, known: Known = ModelConfigMessage) -> JsonObject:
    """The layers as one config, the first that sets a field wins (spec §2.2).

    Maps and messages merge, lists and oneofs replace, `null` removes. Raises ValueError as normalised().
    """
    merged: JsonObject = {}
    for layer in reversed(layers):
        merged = _over(layer, merged, cast("Descriptor", known.DESCRIPTOR))
    return normalised(cast("JsonObject", _without_nulls(merged)), known)


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
