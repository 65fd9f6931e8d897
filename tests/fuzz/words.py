"""What texts are made of: put in at random places, where single bytes would lead nowhere for long."""

import json
from collections.abc import Iterator
from typing import Any

from reconciler.core.configs.modelconfig_fields import FIELDS
from reconciler.core.schemas import schema

_YAML = (
    '&a |*a|<<: |!!str |!!binary |!<x> |? |- |--- |...|%YAML 1.2\n|"\\u0000"|\'|{|}|[|]|: |, |#|\\x85|~|null|.inf|.nan|'
)
YAML = (
    *(_YAML.encode().split(b"|")),
    b"|\n",
    b">-\n",
    b"\xef\xbb\xbf",
    b"0x7fffffffffffffff",
    b"1e400",
    b"010",
    b"0o7",
)
"""Its signs."""

VALUES = (b"9223372036854775808", b"-1", b"1e999", b"true", b"10m", b"30%", b"1Gi", b"sha256:" + b"0" * 64, b"s3://b/")


def _names(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            if key == "properties" and isinstance(inner, dict):
                yield from inner
            if key == "enum" and isinstance(inner, list):
                yield from map(str, inner)
            yield from _names(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _names(inner)


def of_schemas() -> tuple[bytes, ...]:
    """Every field's name, and every word that a field may have."""
    found = {name for text in schema.files().values() for name in _names(json.loads(text))}
    return tuple(name.encode() + b": " for name in sorted(found)) + VALUES + tuple(filter(None, YAML))


def of_configs() -> tuple[bytes, ...]:
    """Every field's name of Triton's ModelConfig, and the signs of protobuf's text format."""
    names = {part.partition(":")[0].partition("=")[0] for part in FIELDS.split()}
    signs = (b"{ ", b"} ", b"[", b"]", b"<", b">", b": ", b", ", b'"', b"'", b"\\x", b"# ", b"nan", b"-inf", b"1e400f")
    return tuple(name.encode() + b" " for name in sorted(names)) + VALUES + signs
