"""Digests of everything that the steps of a plan say, to find out whether two plans would do the same."""

import dataclasses
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from enum import Enum
from typing import Any, cast

from reconciler.core.digest import of_bytes
from reconciler.core.jsonvalue import Json, JsonObject, canonical
from reconciler.core.plan import Plan


def steps_of(plan: Plan) -> dict[str, str]:
    """A digest of everything that each step says, by its id."""
    return {step.id: of_bytes(canonical({"step": _plain(step)})) for step in plan.steps}


def _plain(value: object) -> Json:
    """Any frozen value as JSON, the same in every process."""
    match value:
        case Enum():
            return str(value.value)
        case Mapping():
            return [[_plain(key), _plain(value[key])] for key in sorted(value, key=str)]
        case AbstractSet():
            return [*sorted(str(item) for item in value)]
        case tuple() | list():
            return [_plain(item) for item in value]
        case _:
            return _fields(value) if dataclasses.is_dataclass(value) else _scalar(value)


def _scalar(value: object) -> Json:
    return of_bytes(value) if isinstance(value, bytes) else cast("Json", value)


def _fields(value: Any) -> JsonObject:
    return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value) if field.compare}
