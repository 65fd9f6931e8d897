"""A file of models.d, checked, as a frozen value (spec §2.1)."""

import datetime
from collections.abc import Iterator
from typing import cast

from reconciler.core import quantities
from reconciler.core.checking import fields
from reconciler.core.digest import Digest
from reconciler.core.jsonvalue import Json, JsonObject
from reconciler.core.locations import resolved
from reconciler.core.parsing.parse_repository import Settings
from reconciler.core.spec import (
    LoadPolicy,
    ModelSpec,
    Probe,
    ProbeTensor,
    Source,
    Suspend,
    Unpack,
    Update,
)

Datum = bool | int | float | str


def model_of(file: str, value: JsonObject, settings: Settings) -> ModelSpec:
    """The model in a checked document of kind Model, with the repository's defaults."""
    metadata, spec = fields.mapping(value, "metadata"), fields.mapping(value, "spec")
    versions = fields.mapping(spec, "versions")
    return ModelSpec(
        name=cast("str", metadata["name"]),
        file=file,
        framework=cast("str", spec["framework"]),
        source=_source(spec["source"], settings.root) if "source" in spec else None,
        versions={int(number): _source(versions[number], settings.root) for number in sorted(versions, key=int)},
        config=fields.mapping(spec, "config"),
        labels=fields.named_texts(metadata, "labels"),
        depends_on=fields.texts(spec, "dependsOn"),
        resources=fields.resources(fields.mapping(spec, "resources")),
        update=Update(fields.text(spec, "update") or settings.update),
        load=_load({**settings.load, **fields.mapping(spec, "load")}),
        probes=tuple(_probe(probe) for probe in fields.mappings(spec, "probe")),
        suspend=_suspend(spec.get("suspend", False)),
        replicas=int(cast("float", spec["replicas"])) if "replicas" in spec else None,
    )


def _source(value: Json, root: str | None) -> Source:
    if isinstance(value, str):
        return Source(uri=resolved(value, root), written=value)
    source = cast("JsonObject", value)
    digest, uri = fields.text(source, "digest"), cast("str", source["uri"])
    return Source(
        uri=resolved(uri, root),
        written=uri,
        digest=None if digest is None else Digest(digest),
        include=fields.texts(source, "include") or Source(uri="").include,
        exclude=fields.texts(source, "exclude"),
        unpack=Unpack(fields.text(source, "unpack") or "auto"),
        credentials=fields.text(source, "credentials"),
    )


def _load(value: JsonObject) -> LoadPolicy:
    default = LoadPolicy()
    timeout = fields.text(value, "timeout")
    return LoadPolicy(
        enabled=fields.flag(value, "enabled", default=default.enabled),
        timeout=default.timeout if timeout is None else quantities.duration(timeout),
        retries=int(cast("float", value.get("retries", default.retries))),
    )


def _suspend(value: Json) -> Suspend | None:
    if not isinstance(value, dict):
        return Suspend() if value else None
    until = fields.text(value, "until")
    return Suspend(
        reason=fields.text(value, "reason") or "",
        until=None if until is None else datetime.date.fromisoformat(until),
    )


def _probe(value: JsonObject) -> Probe:
    timeout = fields.text(value, "timeout")
    return Probe(
        inputs=tuple(_tensor(tensor) for tensor in fields.mappings(value, "inputs")),
        outputs=tuple(_tensor(tensor) for tensor in fields.mappings(value, "outputs")),
        timeout=5.0 if timeout is None else quantities.duration(timeout),
    )


def _tensor(value: JsonObject) -> ProbeTensor:
    shape = cast("list[float] | None", value.get("shape"))
    return ProbeTensor(
        name=cast("str", value["name"]),
        datatype=fields.text(value, "datatype") or "",
        shape=None if shape is None else tuple(int(size) for size in shape),
        data=tuple(cast("Datum", datum) for _, datum in flattened(value["data"])),
        tolerance=float(cast("float", value.get("tolerance", 0.0))),
    )


def flattened(data: Json, path: tuple[int, ...] = ()) -> Iterator[tuple[tuple[int, ...], Json]]:
    """The values of nested lists in row-major order, each with its path."""
    if isinstance(data, list):
        for index, inner in enumerate(data):
            yield from flattened(inner, (*path, index))
    else:
        yield path, data
