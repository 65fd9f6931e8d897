"""The JSON Schemas of spec §2: editors, CI and our own checks use the same ones."""

import json

from reconciler.core.schema_lock import lock_schema
from reconciler.core.schema_model import model_schema
from reconciler.core.schema_repository import repository_schema


def files() -> dict[str, str]:
    """File name to text, as they are kept in schemas/."""
    schemas = {
        "lock.schema.json": lock_schema(),
        "model.schema.json": model_schema(),
        "repository.schema.json": repository_schema(),
    }
    return {name: json.dumps(schema, indent=2, sort_keys=True) + "\n" for name, schema in schemas.items()}
