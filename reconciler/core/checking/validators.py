"""Our schemas as validators, built once.

Their patterns end where the text ends, as in JavaScript: Python's `$` would let a line break follow.
"""

import re
from collections.abc import Iterator
from functools import cache
from typing import Any, cast

import jsonschema
from jsonschema import Draft202012Validator, ValidationError
from jsonschema.protocols import Validator

from reconciler.core.jsonvalue import JsonObject
from reconciler.core.schemas.schema_lock import lock_schema
from reconciler.core.schemas.schema_model import model_schema
from reconciler.core.schemas.schema_repository import repository_schema


def _pattern(_: Any, pattern: str, instance: Any, __: Any) -> Iterator[ValidationError]:
    if isinstance(instance, str) and _compiled(pattern).search(instance) is None:
        yield ValidationError(f"does not match {pattern}")


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\$\Z", r"\\Z", pattern))


_STRICT = jsonschema.validators.extend(Draft202012Validator, {"pattern": _pattern})  # type: ignore[no-untyped-call]


def validator_of(schema: JsonObject) -> Validator:
    """A validator of the schema."""
    return cast("Validator", _STRICT(schema, format_checker=Draft202012Validator.FORMAT_CHECKER))


MODEL = validator_of(model_schema())
REPOSITORY = validator_of(repository_schema())
LOCK, LOCK_WITHOUT_FILES = validator_of(lock_schema()), validator_of(lock_schema(files_too=False))
