"""The few facts of a ModelConfig that we decide on, as frozen values."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

from reconciler.core.artifact import DEPENDS_ON
from reconciler.core.jsonvalue import Json, JsonObject

_BACKEND_OF_PLATFORM = {
    "onnxruntime_onnx": "onnxruntime",
    "pytorch_libtorch": "pytorch",
    "tensorflow_graphdef": "tensorflow",
    "tensorflow_savedmodel": "tensorflow",
    "tensorrt_plan": "tensorrt",
}
"""Source: the values of `platform` in Triton's model_config.proto; everything newer is a `backend`."""


def naming(framework: str) -> JsonObject:
    """The field of the config that a spec's `framework` sets where no layer does."""
    is_platform = framework == "ensemble" or framework in _BACKEND_OF_PLATFORM
    return {"platform" if is_platform else "backend": framework}


def backend_of(framework: str) -> str:
    """The backend behind a framework, which may be a platform's name."""
    return _BACKEND_OF_PLATFORM.get(framework, framework)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tensor:
    """An input or output; dims without the batch dimension, -1 for any."""

    name: str
    data_type: str
    dims: tuple[int, ...]
    optional: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class EnsembleStep:
    """One step of an ensemble; `version` -1 for the latest. Maps go from the member's tensor to the ensemble's."""

    model: str
    version: int
    inputs: dict[str, str]
    outputs: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionPolicy:
    """Which versions Triton serves: the `latest` n (0: none at all), `specific` ones, or (both None) all."""

    latest: int | None = None
    specific: tuple[int, ...] | None = None

    def serves(self, present: tuple[int, ...]) -> tuple[int, ...]:
        """Which of the versions present it serves, ascending."""
        if self.specific is not None:
            return tuple(sorted(set(present) & set(self.specific)))
        ordered = sorted(present)
        return tuple(ordered if self.latest is None else ordered[max(0, len(ordered) - self.latest) :])


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelConfig:
    """What we decide on. `root_files` must be in the model's directory when Triton loads it.

    `depends_on`: what the packaged hint says that the model's code calls.
    """

    name: str
    backend: str
    platform: str
    max_batch_size: int
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    steps: tuple[EnsembleStep, ...]
    is_ensemble: bool
    version_policy: VersionPolicy
    default_model_filename: str
    cc_model_filenames: tuple[str, ...]
    root_files: tuple[str, ...]
    depends_on: frozenset[str]

    @property
    def framework(self) -> str:
        """The backend that runs it, `ensemble` for an ensemble, empty where the config does not say."""
        if self.is_ensemble:
            return "ensemble"
        return self.backend or backend_of(self.platform)

    @property
    def members(self) -> frozenset[str]:
        """The models that the steps name."""
        return frozenset(step.model for step in self.steps)

    @property
    def needs(self) -> frozenset[str]:
        """All that it calls, as far as its config says."""
        return self.members | self.depends_on


def facts(config: JsonObject) -> ModelConfig:
    """The facts of a normalised config."""
    scheduling = _object(config, "ensemble_scheduling")
    return ModelConfig(
        name=_text(config, "name"),
        backend=_text(config, "backend"),
        platform=_text(config, "platform"),
        max_batch_size=_number(config.get("max_batch_size")),
        inputs=tuple(_tensor(entry) for entry in _objects(config, "input")),
        outputs=tuple(_tensor(entry) for entry in _objects(config, "output")),
        steps=tuple(_step(entry) for entry in _objects(scheduling, "step")),
        is_ensemble="ensemble_scheduling" in config or config.get("platform") == "ensemble",
        version_policy=_version_policy(config),
        default_model_filename=_text(config, "default_model_filename"),
        cc_model_filenames=tuple(sorted(str(value) for value in _object(config, "cc_model_filenames").values())),
        root_files=tuple(sorted(set(_root_files(config)))),
        depends_on=hinted(config),
    )


def hinted(config: JsonObject) -> frozenset[str]:
    """The models that the parameter `reconciler.dependsOn` names."""
    entry = _object(_object(config, "parameters"), DEPENDS_ON)
    return frozenset(name for part in _text(entry, "string_value").split(",") if (name := part.strip()))


def _root_files(config: JsonObject) -> Iterator[str]:
    """Files that the config names relative to the model's directory. Source: Triton's model_config.proto."""
    for output in _objects(config, "output"):
        if label := _text(output, "label_filename"):
            yield label
    for warmup in _objects(config, "model_warmup"):
        for entry in _object(warmup, "inputs").values():
            if isinstance(entry, dict) and (name := _text(entry, "input_data_file")):
                yield f"warmup/{name}"
    for state in _objects(_object(config, "sequence_batching"), "state"):
        for initial in _objects(state, "initial_state"):
            if name := _text(initial, "data_file"):
                yield f"initial_state/{name}"


def _tensor(entry: JsonObject) -> Tensor:
    dims = cast("list[Json]", entry.get("dims", []))
    return Tensor(
        name=_text(entry, "name"),
        data_type=_text(entry, "data_type"),
        dims=tuple(_number(dim) for dim in dims),
        optional=bool(entry.get("optional", False)),
    )


def _step(entry: JsonObject) -> EnsembleStep:
    # An omitted model_version reads as 0 in protobuf, which Triton takes literally (triton-facts §4.6).
    return EnsembleStep(
        model=_text(entry, "model_name"),
        version=_number(entry.get("model_version")),
        inputs={key: str(value) for key, value in _object(entry, "input_map").items()},
        outputs={key: str(value) for key, value in _object(entry, "output_map").items()},
    )


def _version_policy(config: JsonObject) -> VersionPolicy:
    """As Triton 2.51 has it, measured: none is the latest one, an empty one is all, `latest` without a number is 0."""
    if "version_policy" not in config:
        return VersionPolicy(latest=1)
    policy = _object(config, "version_policy")
    if "specific" in policy:
        versions = cast("list[Json]", _object(policy, "specific").get("versions", []))
        return VersionPolicy(specific=tuple(sorted(_number(version) for version in versions)))
    return VersionPolicy(latest=_number(_object(policy, "latest").get("num_versions")) if "latest" in policy else None)


def _text(config: JsonObject, key: str) -> str:
    return str(config.get(key, ""))


def _number(value: Json) -> int:
    return int(value) if isinstance(value, (int, str)) else 0


def _object(config: JsonObject, key: str) -> JsonObject:
    value = config.get(key)
    return value if isinstance(value, dict) else {}


def _objects(config: JsonObject, key: str) -> list[JsonObject]:
    value = config.get(key)
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []
