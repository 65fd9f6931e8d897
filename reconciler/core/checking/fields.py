"""Reading fields of JSON that a schema has already checked."""

from typing import cast

from reconciler.core import quantities
from reconciler.core.checking.nodes import Path
from reconciler.core.jsonvalue import Json, JsonObject
from reconciler.core.spec import Resources


def dig(value: Json, path: Path) -> Json:
    """The value at the path, None where there is none; safe on what no schema has seen."""
    for step in path:
        if isinstance(value, dict) and isinstance(step, str):
            value = value.get(step)
        elif isinstance(value, list) and isinstance(step, int) and step < len(value):
            value = value[step]
        else:
            return None
    return value


def mapping(value: JsonObject, key: str) -> JsonObject:
    """The mapping at the key, an empty one where there is none."""
    return cast("JsonObject", value.get(key, {}))


def mappings(value: JsonObject, key: str) -> list[JsonObject]:
    """The list of mappings at the key."""
    return cast("list[JsonObject]", value.get(key, []))


def text(value: JsonObject, key: str) -> str | None:
    """The text at the key, None where there is none."""
    return cast("str | None", value.get(key))


def texts(value: JsonObject, key: str) -> tuple[str, ...]:
    """The list of texts at the key."""
    return tuple(cast("list[str]", value.get(key, [])))


def named_texts(value: JsonObject, key: str) -> dict[str, str]:
    """The texts by name at the key."""
    return cast("dict[str, str]", mapping(value, key))


def flag(value: JsonObject, key: str, *, default: bool) -> bool:
    """The yes or no at the key."""
    return cast("bool", value.get(key, default))


def resources(value: JsonObject) -> Resources:
    """Amounts of memory and disk, in bytes."""
    return Resources(
        memory=_bytes(value.get("memory")),
        gpu_memory=_bytes(value.get("gpuMemory")),
        disk=_bytes(value.get("disk")),
    )


def _bytes(value: Json) -> int | None:
    if isinstance(value, str):
        return quantities.byte_count(value)
    return None if value is None else int(cast("float", value))
