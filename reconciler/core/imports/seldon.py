"""Seldon Core 2's Model resources. Pipelines, Experiments and Servers are no models: they are passed over by name."""

from collections.abc import Iterator

from reconciler.core.imports import frameworks, sources
from reconciler.core.imports.drafts import Draft, Imported, Refused, Result, shown
from reconciler.core.imports.kubernetes import Resource, leftovers, mapping, resources
from reconciler.core.jsonvalue import Json, JsonObject

_GROUP = "mlops.seldon.io"
SERVER = "mlops.seldon.io/server"
"""The label that keeps which Server a model asked for, for targets to select by."""

_CARRIED = frozenset({"storageUri", "requirements", "modelType", "memory", "parameters", "artifactVersion", "server"})
_SAID = {
    "replicas": "every server of a target has each of its models once; config.instance_group has copies within one",
    "minReplicas": "nothing is scaled here",
    "maxReplicas": "nothing is scaled here",
    "preloaded": "everything is loaded by this program",
    "dedicated": "a target with a selector has servers of its own",
    "logger": "requests are not logged",
    "explainer": "there are no explainers",
    "llm": "there is no such runtime",
    "dataflow": "there are no pipelines",
    "schemaUri": "shapes are in the model's config",
    "secretName": "name a credentials profile of reconciler.yaml as source.credentials",
}
"""What has no equivalent, and what comes nearest."""

_SERVERS = ("triton", "mlserver")


def models(file: str, content: bytes, fallback: str | None) -> Imported:
    """Model resources. Raises ValueError in words."""
    found = resources(file, content)
    mine = [one for one in found if one.kind == "Model" and one.group == _GROUP]
    passed_over = tuple(f"{one}: not a Model of {_GROUP}" for one in found if one not in mine)
    return Imported(results=tuple(_model(one, fallback) for one in mine), passed_over=passed_over)


def _model(one: Resource, fallback: str | None) -> Result:
    spec = mapping(one.body, "spec")
    words = _requirements(spec)
    uri, fault = sources.uri(spec.get("storageUri"))
    backend = None if "mlserver" in words else frameworks.backend(words, None)
    backend = backend or fallback
    if fault or backend is None:
        why = fault or frameworks.unknown(", ".join(words))
        return Refused(name=one.name, origin=str(one), why=why)
    labels = {**one.labels, **({SERVER: str(spec["server"])} if spec.get("server") else {})}
    memory, wrong = sources.memory(spec.get("memory", 0))
    made: JsonObject = {"framework": backend, "source": _source(uri, spec.get("artifactVersion"))}
    made |= {"config": config} if (config := _config(spec)) else {}
    made |= {"resources": {"memory": memory}} if memory is not None else {}
    notes = [*_hints(words, backend), *([wrong] if wrong else []), *_notes(spec)]
    return Draft(
        name=one.name, origin=f"the {one}", spec=made, labels=labels, annotations=one.annotations, notes=tuple(notes)
    )


def _requirements(spec: JsonObject) -> list[str]:
    """What the model needs, the one word for its type first."""
    needs = spec.get("requirements")
    words = [str(need) for need in needs] if isinstance(needs, list) else []
    return [str(spec["modelType"]), *words] if spec.get("modelType") else words


def _source(uri: str, version: Json) -> Json:
    """Seldon takes the configs and one version's directory of an artifact."""
    if not isinstance(version, int):
        return uri
    return {"uri": uri, "include": ["config.pbtxt", "configs/*.pbtxt", f"{version}/**"]}


def _config(spec: JsonObject) -> JsonObject:
    rows = spec.get("parameters")
    pairs = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    parameters: JsonObject = {str(row.get("name")): {"string_value": str(row.get("value"))} for row in pairs}
    return {"parameters": parameters} if parameters else {}


def _hints(words: list[str], backend: str) -> Iterator[str]:
    known = next((word for word in words if word.lower() in frameworks.BACKENDS), "")
    yield from frameworks.hints(known, backend)
    others = [word for word in words if word != known and word.lower() not in _SERVERS]
    if others:
        yield f"spec.requirements: {', '.join(others)}: a target's `backends` say what its servers can run"


def _notes(spec: JsonObject) -> Iterator[str]:
    yield from (f"spec.{key}: {shown(spec[key])}: {said}" for key, said in _SAID.items() if spec.get(key) is not None)
    yield from leftovers(spec, _CARRIED | _SAID.keys(), "spec")
    if "parameters" in spec:
        yield "spec.parameters: they are in config.parameters now, where Triton's backends read theirs"
    if isinstance(spec.get("artifactVersion"), int):
        yield f"spec.artifactVersion: it is served as version {spec['artifactVersion']}, not renumbered"
