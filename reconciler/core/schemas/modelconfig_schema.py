"""The JSON Schema of Triton's ModelConfig, for editors and for checking `config` without a network."""

from typing import cast

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from reconciler.core.configs.modelconfig_message import ModelConfigMessage
from reconciler.core.jsonvalue import Json, JsonObject

_SCALARS: dict[int, JsonObject] = {
    FieldDescriptor.TYPE_DOUBLE: {"type": "number"},
    FieldDescriptor.TYPE_FLOAT: {"type": "number"},
    FieldDescriptor.TYPE_INT64: {"type": "integer"},
    FieldDescriptor.TYPE_UINT64: {"type": "integer", "minimum": 0},
    FieldDescriptor.TYPE_INT32: {"type": "integer", "minimum": -(2**31), "maximum": 2**31 - 1},
    FieldDescriptor.TYPE_UINT32: {"type": "integer", "minimum": 0, "maximum": 2**32 - 1},
    FieldDescriptor.TYPE_BOOL: {"type": "boolean"},
    FieldDescriptor.TYPE_STRING: {"type": "string"},
}


def json_schema() -> JsonObject:
    """A schema with `$defs` of every message; `null` is allowed for every field, since it removes (spec §2.2)."""
    root = cast("Descriptor", ModelConfigMessage.DESCRIPTOR)
    definitions: JsonObject = {}
    _define(root, definitions)
    return {"$ref": f"#/$defs/{_name(root)}", "$defs": definitions}


def _name(message: Descriptor) -> str:
    return str(message.full_name).removeprefix("inference.")


def _define(message: Descriptor, definitions: JsonObject) -> None:
    if _name(message) in definitions:
        return
    properties: JsonObject = {}
    definitions[_name(message)] = {"type": "object", "additionalProperties": False, "properties": properties}
    for field in message.fields:
        properties[field.name] = {"anyOf": [_field(field, definitions), {"type": "null"}]}


def _field(field: FieldDescriptor, definitions: JsonObject) -> JsonObject:
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        value = _value(field.message_type.fields_by_name["value"], definitions)
        return {"type": "object", "additionalProperties": {"anyOf": [value, {"type": "null"}]}}
    value = _value(field, definitions)
    return {"type": "array", "items": value} if field.is_repeated else value


def _value(field: FieldDescriptor, definitions: JsonObject) -> JsonObject:
    if field.message_type is not None:
        _define(field.message_type, definitions)
        return {"$ref": f"#/$defs/{_name(field.message_type)}"}
    if field.enum_type is not None:
        return {"enum": cast("list[Json]", [value.name for value in field.enum_type.values])}
    return dict(_SCALARS[field.type])
