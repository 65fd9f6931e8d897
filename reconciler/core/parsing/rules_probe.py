"""Golden requests must add up: as many values as the shape says, each fit for the datatype."""

import math
from collections.abc import Iterator
from typing import cast

from reconciler.core.checking.checked import Checked
from reconciler.core.checking.nodes import Path, described
from reconciler.core.errors import Problem
from reconciler.core.jsonvalue import Json
from reconciler.core.parsing.parse_model import flattened


def misfits(checked: Checked) -> Iterator[Problem]:
    """The faults of a model's probes that its schema cannot see."""
    for path in _tensor_paths(checked):
        if isinstance(checked.sound(*path), dict):
            yield from _count(checked, path)
            yield from _values(checked, path)


def _tensor_paths(checked: Checked) -> Iterator[Path]:
    for number in _indices(checked, "spec", "probe"):
        for side in ("inputs", "outputs"):
            for index in _indices(checked, "spec", "probe", number, side):
                yield ("spec", "probe", number, side, index)


def _indices(checked: Checked, *path: str | int) -> range:
    entries = checked.at(*path)
    return range(len(entries)) if isinstance(entries, list) else range(0)


def _count(checked: Checked, path: Path) -> Iterator[Problem]:
    shape = cast("list[int] | None", checked.at(*path, "shape"))
    count = sum(1 for _ in flattened(checked.at(*path, "data")))
    if shape is not None and math.prod(shape) != count:
        sizes = ", ".join(str(size) for size in shape)
        expected = f"{math.prod(shape):.0f}, as many as its shape [{sizes}] says"
        yield checked.fault((*path, "data"), f"{count} values", expected)


def _values(checked: Checked, path: Path) -> Iterator[Problem]:
    """The first value that does not fit."""
    datatype = cast("str", checked.at(*path, "datatype") or "")
    for inner, datum in flattened(checked.at(*path, "data")):
        if not _fits(datatype, datum):
            where = (*path, "data", *inner)
            yield checked.fault(where, described(datum, checked.document.node(where).written), _wanted(datatype))
            return


def _fits(datatype: str, datum: Json) -> bool:
    if datatype == "BYTES":
        return isinstance(datum, str)
    if datatype == "BOOL":
        return isinstance(datum, bool)
    if datatype.startswith(("FP", "BF")):
        return isinstance(datum, (int, float)) and not isinstance(datum, bool)
    if datatype:
        low, high = _bounds(datatype)
        return isinstance(datum, int) and not isinstance(datum, bool) and low <= datum <= high
    return isinstance(datum, (bool, int, float, str))


def _wanted(datatype: str) -> str:
    if datatype in ("BYTES", "BOOL"):
        return "text in quotes (the datatype is BYTES)" if datatype == "BYTES" else "true or false (BOOL)"
    if datatype.startswith(("FP", "BF")):
        return f"a number ({datatype})"
    return f"a whole number that fits {datatype}" if datatype else "a number, text, true or false"


def _bounds(datatype: str) -> tuple[int, int]:
    bits = int(datatype.removeprefix("U").removeprefix("INT"))
    return (0, 2**bits - 1) if datatype.startswith("U") else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
