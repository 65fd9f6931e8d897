"""JSON as a type, and its one canonical text."""

import json
from collections.abc import Mapping
from typing import Any, TypeAlias, Union

Json: TypeAlias = Union[None, bool, int, float, str, list["Json"], dict[str, "Json"]]
JsonObject: TypeAlias = dict[str, Json]


def parsed(text: bytes | str) -> Any:
    """The value of a JSON text from outside. Raises ValueError, also for one that is nested without end."""
    try:
        return json.loads(text)
    except RecursionError as error:
        message = "nested too deeply"
        raise ValueError(message) from error


def canonical(value: Mapping[str, Json]) -> bytes:
    """The same value, the same bytes: sorted keys, no spaces, UTF-8."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
