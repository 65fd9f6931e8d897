"""Plain YAML scalars as YAML 1.2's core schema reads them, kept to what JSON can hold.

`no`, `on`, `1_000`, `12:30:45` and `2026-12-01` are text. Numbers that JSON cannot hold (`.inf`, `.nan`, `1e999`, whole
numbers beyond 64 bits) stay text too, so that a field which wants a number says what it found.
"""

import math
import re

from reconciler.core.jsonvalue import Json

_WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_DECIMAL = re.compile(r"[-+]?[0-9]{1,20}")
_PREFIXED = re.compile(r"0o[0-7]{1,22}|0x[0-9a-fA-F]{1,16}")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+\.[0-9]*|[0-9]+(?=[eE]))([eE][-+]?[0-9]+)?")
_FIRST = frozenset("+-.0123456789")


def resolve(text: str) -> Json:
    """The value of a plain scalar: null, true or false, a 64-bit whole number, a finite number, or the text itself."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in _FIRST:
        return text
    if _DECIMAL.fullmatch(text):
        return _whole(int(text), text)
    if _PREFIXED.fullmatch(text):
        return _whole(int(text, 0), text)
    if _FLOAT.fullmatch(text) and math.isfinite(value := float(text)):
        return value
    return text


def _whole(value: int, text: str) -> int | str:
    return value if -(2**63) <= value < 2**64 else text
