"""JSON as a type, and its one canonical text."""

import json
from collections.abc import Mapping
from typing import TypeAlias, Union

Json: TypeAlias = Union[None, bool, int, float, str, list["Json"], dict[str, "Json"]]
JsonObject: TypeAlias = dict[str, Json]


def canonical(value: Mapping[str, Json]) -> bytes:
    """The same value, the same bytes: sorted keys, no spaces, UTF-8."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
