"""Resources of Kubernetes as `kubectl get -o yaml` prints them: several documents, lists of them, YAML or JSON."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import cast

import yaml

from reconciler.core.checking.documents import LOADER
from reconciler.core.imports.drafts import shown
from reconciler.core.jsonvalue import Json, JsonObject

_BY_TOOLS = ("kubectl.kubernetes.io/", "meta.helm.sh/", "argocd.argoproj.io/", "kustomize.toolkit.fluxcd.io/")
"""Annotations that tools keep for themselves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One resource; `group` is its API's without the version, empty for core ones."""

    kind: str
    group: str
    name: str
    namespace: str = ""
    body: JsonObject = field(default_factory=dict)

    def __str__(self) -> str:
        where = f"{self.namespace}/" if self.namespace else ""
        return f"{self.kind or 'something without a kind'} {where}{self.name or '(without a name)'}"

    @property
    def labels(self) -> Mapping[str, str]:
        """Its labels."""
        return texts(mapping(self.body, "metadata"), "labels")

    @property
    def annotations(self) -> Mapping[str, str]:
        """Its annotations without those of tools."""
        found = texts(mapping(self.body, "metadata"), "annotations")
        return {key: value for key, value in found.items() if not key.startswith(_BY_TOOLS)}


def resources(file: str, content: bytes) -> tuple[Resource, ...]:
    """Every resource in a file. Raises ValueError in words for what is no YAML of resources."""
    try:
        documents = list(yaml.load_all(content.decode("utf-8-sig"), Loader=LOADER))
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        message = f"{file} is no YAML: {' '.join(str(error).split())}"
        raise ValueError(message) from error
    return tuple(found for document in documents if document is not None for found in _flattened(file, document, ""))


def mapping(value: Json, key: str) -> JsonObject:
    """The mapping at the key, an empty one for anything else."""
    found = value.get(key) if isinstance(value, dict) else None
    return found if isinstance(found, dict) else {}


def texts(value: Json, key: str) -> dict[str, str]:
    """The mapping at the key with its values as text."""
    return {str(name): str(one) for name, one in mapping(value, key).items() if one is not None}


def leftovers(value: JsonObject, known: frozenset[str], where: str) -> Iterator[str]:
    """A note for every field that nothing else speaks of."""
    yield from (f"{where}.{key}: {shown(value[key])}" for key in sorted(value) if key not in known)


def _flattened(file: str, value: object, kind: str) -> Iterator[Resource]:
    if not isinstance(value, dict):
        message = f"{file} holds something that is no resource of Kubernetes"
        raise ValueError(message)  # noqa: TRY004
    body = cast("JsonObject", value)
    own = str(body.get("kind") or kind)
    items = body.get("items")
    if own.endswith("List") and isinstance(items, list):
        for item in items:
            yield from _flattened(file, item, own.removesuffix("List"))
        return
    metadata, api = mapping(body, "metadata"), str(body.get("apiVersion") or "")
    yield Resource(
        kind=own,
        group=api.rpartition("/")[0],
        name=str(metadata.get("name") or ""),
        namespace=str(metadata.get("namespace") or ""),
        body=body,
    )
