"""TensorFlow Serving's model_config_list, the text protobuf that --model_config_file names."""

from collections.abc import Iterator
from typing import cast

from google.protobuf import json_format, text_format

from reconciler.core.imports import frameworks, sources
from reconciler.core.imports.drafts import Draft, Imported, Refused, Result, one_line
from reconciler.core.imports.kubernetes import mapping
from reconciler.core.imports.tfserving_message import ModelServerConfig
from reconciler.core.jsonvalue import Json, JsonObject


def models(file: str, content: bytes, fallback: str | None) -> Imported:
    """Every config of the list. Raises ValueError in words, with line and column, also for a field nobody knows."""
    found = _parsed(file, content)
    rows = mapping(found, "model_config_list").get("config")
    if "custom_model_config" in found:
        message = f"{file} has a custom_model_config, which names no models"
        raise ValueError(message)
    configs = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    return Imported(results=tuple(_model(file, row, fallback) for row in configs))


def _parsed(file: str, content: bytes) -> JsonObject:
    try:
        message = text_format.Parse(content.decode("utf-8-sig"), ModelServerConfig())
    except (text_format.ParseError, UnicodeDecodeError) as error:
        words = one_line(str(error)).replace("tfserving.", "").replace(" : ", ": ", 1).removesuffix(".")
        raise ValueError(f"{file}:{words}") from error
    return cast("JsonObject", json_format.MessageToDict(message, preserving_proto_field_name=True))


def _model(file: str, row: JsonObject, fallback: str | None) -> Result:
    name, origin = str(row.get("name") or ""), f"{file}, model {row.get('name')}"
    platform = str(row.get("model_platform") or str(row.get("model_type") or "tensorflow").lower())
    backend = frameworks.backend([platform], fallback)
    uri, fault = sources.uri(row.get("base_path"))
    if fault or backend is None:
        why = fault.replace("storageUri", "base_path") or frameworks.unknown(platform)
        return Refused(name=name or "(without a name)", origin=file, why=why)
    spec: JsonObject = {"framework": backend, "source": uri}
    spec |= {"config": {"version_policy": policy}} if (policy := _policy(row)) else {}
    notes = (*frameworks.hints(platform, backend), *_notes(row))
    return Draft(name=name, origin=origin, spec=spec, notes=notes)


def _policy(row: JsonObject) -> JsonObject:
    """Both mean the same by the same names; without one both serve the latest."""
    policy = mapping(row, "model_version_policy")
    if "specific" in policy:
        versions = mapping(policy, "specific").get("versions")
        return {"specific": {"versions": [int(str(one)) for one in cast("list[Json]", versions or [])]}}
    if "latest" in policy:
        return {"latest": {"num_versions": int(str(mapping(policy, "latest").get("num_versions", 1)))}}
    return {"all": {}} if "all" in policy else {}


def _notes(row: JsonObject) -> Iterator[str]:
    labels = row.get("version_labels")
    for label in cast("list[JsonObject]", labels or []):
        yield (
            f"version_labels: {label.get('key')} for version {label.get('value')}: "
            "Triton's clients name versions by number"
        )
    if "logging_config" in row:
        yield "logging_config: requests are not logged"
