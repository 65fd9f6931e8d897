"""KServe's multi-model serving: TrainedModel resources, and the models.json that its agent reads from a ConfigMap."""

import json
from collections.abc import Iterator

from reconciler.core.imports import frameworks, sources
from reconciler.core.imports.drafts import Draft, Imported, Refused, Result, shown
from reconciler.core.imports.kubernetes import Resource, leftovers, mapping, resources
from reconciler.core.jsonvalue import Json, JsonObject, parsed

_GROUPS = ("serving.kserve.io", "serving.kubeflow.org", "")
_MODEL = frozenset({"storageUri", "framework", "memory"})
SERVICE = "serving.kserve.io/inferenceservice"
"""KServe's own label for what belongs to an InferenceService."""


def trainedmodels(file: str, content: bytes, fallback: str | None) -> Imported:
    """TrainedModel resources. Raises ValueError in words."""
    found = resources(file, content)
    mine = [one for one in found if one.kind == "TrainedModel" and one.group in _GROUPS]
    passed_over = tuple(f"{one}: not a TrainedModel" for one in found if one not in mine)
    return Imported(results=tuple(_trained(one, fallback) for one in mine), passed_over=passed_over)


def configmaps(file: str, content: bytes, fallback: str | None) -> Imported:
    """ConfigMaps with a models.json, or such a file by itself. Raises ValueError in words."""
    if content.lstrip()[:1] == b"[":
        return Imported(results=tuple(_listed(file, content.decode("utf-8-sig"), fallback)))
    results: list[Result] = []
    passed_over: list[str] = []
    for one in resources(file, content):
        text = mapping(one.body, "data").get("models.json")
        if one.kind != "ConfigMap" or not isinstance(text, str):
            passed_over.append(f"{one}: not a ConfigMap with models.json")
        else:
            results += _listed(str(one), text or "[]", fallback)
    return Imported(results=tuple(results), passed_over=tuple(passed_over))


def _trained(one: Resource, fallback: str | None) -> Result:
    spec = mapping(one.body, "spec")
    service = str(spec.get("inferenceService") or "")
    labels = {**one.labels, **({SERVICE: service} if service else {})}
    notes = leftovers(spec, frozenset({"inferenceService", "model"}), "spec")
    found = _model(one.name, str(one), mapping(spec, "model"), fallback)
    if isinstance(found, Refused):
        return found
    return Draft(
        name=one.name,
        origin=f"the {one}",
        spec=found.spec,
        labels=labels,
        annotations=one.annotations,
        notes=(*found.notes, *notes),
    )


def _listed(origin: str, text: str, fallback: str | None) -> Iterator[Result]:
    try:
        rows = parsed(text)
    except ValueError as error:
        message = f"the models.json of {origin} is no JSON: {error}"
        raise ValueError(message) from error
    for row in rows if isinstance(rows, list) else [rows]:
        name = str(row.get("modelName") or "") if isinstance(row, dict) else ""
        if not name:
            yield Refused(name="(without a name)", origin=origin, why=f"no modelName in {json.dumps(row)[:80]}")
            continue
        found = _model(name, origin, mapping(row, "modelSpec"), fallback)
        notes = tuple(leftovers(row, frozenset({"modelName", "modelSpec"}), "models.json"))
        if isinstance(found, Draft):
            found = Draft(name=name, origin=f"the {origin}", spec=found.spec, notes=(*found.notes, *notes))
        yield found


def _model(name: str, origin: str, model: JsonObject, fallback: str | None) -> Result:
    uri, fault = sources.uri(model.get("storageUri"))
    words = _words(model.get("framework"))
    backend = frameworks.backend([words], fallback)
    if fault or backend is None:
        return Refused(name=name, origin=origin, why=fault or frameworks.unknown(words))
    memory, wrong = sources.memory(model.get("memory", 0))
    spec: JsonObject = {"framework": backend, "source": uri}
    spec |= {"resources": {"memory": memory}} if memory is not None else {}
    notes = [*frameworks.hints(words, backend), *([wrong] if wrong else []), *leftovers(model, _MODEL, "model")]
    return Draft(name=name, origin=origin, spec=spec, notes=tuple(notes))


def _words(value: Json) -> str:
    return value if isinstance(value, str) else shown(value) if value is not None else ""
