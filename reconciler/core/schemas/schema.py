"""The JSON Schemas of spec §2, and of what we print: editors, CI, scripts and our own checks use the same ones."""

import json
from collections.abc import Mapping

from reconciler.core.jsonvalue import JsonObject
from reconciler.core.schemas.schema_lock import lock_schema
from reconciler.core.schemas.schema_model import model_schema
from reconciler.core.schemas.schema_plan import plan_schema
from reconciler.core.schemas.schema_repository import repository_schema


def files() -> dict[str, str]:
    """File name to text, as they are kept in schemas/."""
    return documents() | _texts({"plan.schema.json": plan_schema()})


def documents() -> dict[str, str]:
    """The same, for what people write and we read."""
    schemas = {
        "lock.schema.json": lock_schema(),
        "model.schema.json": model_schema(),
        "repository.schema.json": repository_schema(),
    }
    return _texts(schemas)


def _texts(schemas: Mapping[str, JsonObject]) -> dict[str, str]:
    return {name: json.dumps(schema, indent=2, sort_keys=True) + "\n" for name, schema in schemas.items()}
