"""What a ModelConfig in a document must keep to beyond its schema."""

from collections.abc import Iterator
from typing import cast

from reconciler.core.artifact import MARKS
from reconciler.core.checking.checked import Checked
from reconciler.core.configs.modelconfig import normalised
from reconciler.core.errors import Problem
from reconciler.core.jsonvalue import Json, JsonObject


def unfit_config(checked: Checked, *path: str) -> Iterator[Problem]:
    """What Triton's ModelConfig itself says against the fields at the path: two members of a oneof, say."""
    config = checked.sound(*path)
    if isinstance(config, dict):
        try:
            normalised(cast("JsonObject", _without_nulls(config)))
        except ValueError as error:
            yield checked.fault(path, f"fields that do not go together ({error})", "a ModelConfig that Triton accepts")


def stamped(checked: Checked, *path: str) -> Iterator[Problem]:
    """Our own marks in the fields at the path: nobody else may say what is served."""
    parameters = checked.sound(*path, "parameters")
    named = parameters if isinstance(parameters, dict) else {}
    for mark in MARKS:
        if mark in named:
            whole = (*path, "parameters", mark)
            yield checked.fault(whole, f"the parameter {mark}", "no such parameter: reconcile itself sets it")


def _without_nulls(value: Json) -> Json:
    if isinstance(value, dict):
        return {key: _without_nulls(inner) for key, inner in value.items() if inner is not None}
    return value
