"""What a model's tree on the volume holds, and the generation that names it.

A tree is its files by digest, its empty directories and its effective config. The *tree document* is the canonical
JSON text of that; the generation is the document's digest, so the document can be kept as a blob and checked by name.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import cast

from reconciler.core import digest
from reconciler.core.digest import Digest, FileDigest, Generation
from reconciler.core.jsonvalue import Json, JsonObject, canonical, parsed
from reconciler.core.spec import Resources

STAMP = "reconciler.generation"
"""The parameter of a served config that carries the generation."""

MENDS = "reconciler.mends"
"""The parameter that carries how often a damaged tree had been mended when it was loaded; absent for never."""

RESOURCES = "reconciler.resources"
"""The parameter that carries what the model was declared to take when it was loaded; absent where that was nothing."""

DEPENDS_ON = "reconciler.dependsOn"
"""The parameter of a packaged config that names, with commas between, the models that the model's code calls."""

UNKNOWN = "[unknown]"
"""Where fields of a config that our table does not know are kept, as text (core/configs/modelconfig_unknown.py)."""

MARKS = (STAMP, MENDS, RESOURCES)
"""Parameters that nobody else may set: what is served is compared by them."""

CONFIG_FILE = "config.pbtxt"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """One generation of one model in Triton's layout.

    `files` are content-addressed; config.pbtxt and configs/*.pbtxt are not among them: they are written from `config`
    and `variants` (path to config) with the stamp added. Configs are JSON of Triton's ModelConfig, proto field names.
    """

    files: tuple[FileDigest, ...]
    config: JsonObject
    directories: tuple[str, ...] = ()
    variants: Mapping[str, JsonObject] = field(default_factory=dict)
    _generation: Generation | None = field(default=None, init=False, compare=False, repr=False)

    def document(self) -> bytes:
        """The canonical text of everything that decides what is served."""
        files: JsonObject = {file.path: {"digest": file.digest, "size": file.size} for file in self.files}
        directories = cast("list[Json]", sorted(self.directories))
        variants = cast("JsonObject", dict(self.variants))
        return canonical({"config": self.config, "directories": directories, "files": files, "variants": variants})

    @property
    def generation(self) -> Generation:
        """The digest of the tree document; worked out once, as it is asked for again and again."""
        if self._generation is None:
            object.__setattr__(self, "_generation", Generation(digest.of_bytes(self.document())))
        return cast("Generation", self._generation)

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files)

    @property
    def loads_from_disk(self) -> bool:
        """Whether its config has fields that we do not know: their JSON cannot be known from their text."""
        return _has_unknown(self.config)

    def blobs(self) -> frozenset[Digest]:
        """Every blob the tree needs, its own document among them."""
        return frozenset(file.digest for file in self.files) | {Digest(self.generation)}

    @property
    def config_paths(self) -> tuple[str, ...]:
        """Where the config files of the tree are."""
        return (CONFIG_FILE, *self.variants)

    def configs(self) -> dict[str, JsonObject]:
        """Path to stamped config, for every config file of the tree."""
        return {path: stamped(config, self.generation) for path, config in self._plain_configs().items()}

    def _plain_configs(self) -> dict[str, JsonObject]:
        return {CONFIG_FILE: self.config, **self.variants}


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered(Tree):
    """A tree of which hardly more than the generation is known, as a status tells it without the volume."""

    known_as: Generation

    @property
    def generation(self) -> Generation:
        """As it is told: there is nothing to compute it from."""
        return self.known_as


def _has_unknown(value: Json) -> bool:
    if isinstance(value, dict):
        return UNKNOWN in value or any(map(_has_unknown, value.values()))
    return isinstance(value, list) and any(map(_has_unknown, value))


def parse_document(text: bytes) -> Tree:
    """A tree from its document. Raises ValueError, KeyError or TypeError for anything else."""
    raw = parsed(text)
    files = tuple(
        FileDigest(path=path, size=int(entry["size"]), digest=Digest(entry["digest"]))
        for path, entry in sorted(raw["files"].items())
    )
    return Tree(
        files=files, config=raw["config"], directories=tuple(raw["directories"]), variants=dict(raw["variants"])
    )


def stamped(config: JsonObject, generation: Generation) -> JsonObject:
    """The config with the generation as a parameter."""
    return _with_parameter(config, STAMP, generation)


def _with_parameter(config: JsonObject, name: str, value: str) -> JsonObject:
    parameters = cast("JsonObject", config.get("parameters", {}))
    return {**config, "parameters": {**parameters, name: {"string_value": value}}}


def mend_marked(config: JsonObject, mends: int) -> JsonObject:
    """The config with how often its tree was mended: what was loaded before the last time was not what it says."""
    return _with_parameter(config, MENDS, str(mends)) if mends else config


def resource_marked(config: JsonObject, resources: Resources) -> JsonObject:
    """The config with what the model is declared to take: git may say something else, or nothing, later."""
    declared: JsonObject = {"memory": resources.memory, "gpuMemory": resources.gpu_memory}
    known = {name: value for name, value in declared.items() if value is not None}
    return _with_parameter(config, RESOURCES, canonical(known).decode()) if known else config


def resources_of(config: Mapping[str, Json]) -> Resources | None:
    """What the model was declared to take when this served config (JSON) was loaded; None where that is not noted."""
    value = _parameter(config, RESOURCES)
    try:
        raw = parsed(value.encode()) if value is not None else None
        return None if raw is None else Resources(memory=_bytes(raw, "memory"), gpu_memory=_bytes(raw, "gpuMemory"))
    except (ValueError, TypeError, AttributeError):
        return None


def _bytes(raw: Mapping[str, Json], name: str) -> int | None:
    value = raw.get(name)
    return value if isinstance(value, int) and value >= 0 else None


def mends_of(config: Mapping[str, Json]) -> int:
    """How often the tree had been mended when this served config (JSON) was loaded."""
    value = _parameter(config, MENDS)
    return int(value) if value is not None and value.isdecimal() else 0


def stamp_of(config: Mapping[str, Json]) -> Generation | None:
    """The generation in a served config (JSON), None without one."""
    value = _parameter(config, STAMP)
    return None if value is None else Generation(value)


def _parameter(config: Mapping[str, Json], name: str) -> str | None:
    parameters = config.get("parameters")
    entry = parameters.get(name) if isinstance(parameters, dict) else None
    value = entry.get("string_value") if isinstance(entry, dict) else None
    return value if isinstance(value, str) else None
