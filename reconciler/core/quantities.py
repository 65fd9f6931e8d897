"""Durations, amounts of bytes and percentages as people write them, and the patterns that schemas check them with."""

import math
import re
from fractions import Fraction
from functools import lru_cache

DURATION = (
    r"^(?=.*[1-9])([0-9]{1,6}(\.[0-9]{1,9})?h)?([0-9]{1,6}(\.[0-9]{1,9})?m)?"
    r"([0-9]{1,9}(\.[0-9]{1,9})?s)?([0-9]{1,9}ms)?$"
)
BYTES = r"^([0-9]{1,18}|[0-9]{1,9}(\.[0-9]{1,9})?([kMGTPE]|[KMGTPE]i))$"
PERCENTAGE = r"^(100(\.0{1,6})?|[0-9]{1,2}(\.[0-9]{1,6})?)%$"

_SECONDS = {"h": Fraction(3600), "m": Fraction(60), "s": Fraction(1), "ms": Fraction(1, 1000)}
_POWERS = "kMGTPE"
_UNITS = ("KiB", "MiB", "GiB", "TiB", "PiB", "EiB")
_DURATION_PART = re.compile(r"([0-9.]+)(ms|h|m|s)")
_AMOUNT = re.compile(r"([0-9.]+)([A-Za-z]*)")


@lru_cache(1024)
def duration(text: str) -> float:
    """Seconds of `1h30m`, `10m`, `5s`, `250ms`. Raises ValueError for anything else, and for nothing at all."""
    _check(DURATION, text)
    return float(sum(Fraction(amount) * _SECONDS[unit] for amount, unit in _DURATION_PART.findall(text)))


@lru_cache(1024)
def byte_count(text: str) -> int:
    """Bytes of `1Gi`, `500M`, `1.5k` or `1024`, rounded up as Kubernetes does. Raises ValueError for anything else."""
    _check(BYTES, text)
    amount, unit = _AMOUNT.findall(text)[0]
    return math.ceil(Fraction(amount) * _factor(unit))


def percentage(text: str) -> float:
    """30.0 of `30%`; 0 to 100. Raises ValueError for anything else."""
    _check(PERCENTAGE, text)
    return float(text.removesuffix("%"))


def in_words(count: int) -> str:
    """Bytes for people: `512 B`, `12.3 MiB`."""
    if abs(count) < 1024:
        return f"{count} B"
    value, unit = count / 1024, 0
    while abs(round(value, 1)) >= 1024 and unit < len(_UNITS) - 1:
        value, unit = value / 1024, unit + 1
    return f"{value:.1f} {_UNITS[unit]}"


def _factor(unit: str) -> int:
    if not unit:
        return 1
    power = _POWERS.index(unit[0] if unit[0] != "K" else "k") + 1
    return int((1024 if unit.endswith("i") else 1000) ** power)


def _check(pattern: str, text: str) -> None:
    if text.endswith("\n") or re.search(pattern, text) is None:
        message = f"not of the form {pattern}: {text[:80]!r}"
        raise ValueError(message)
