"""A running Triton and its repository: what it serves, written down so that the same goes on being served.

The files' own config.pbtxt stays what it is; only where the server was told otherwise the difference is written. What
Triton fills in by itself is no difference.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

from reconciler.core.artifact import CONFIG_FILE, MARKS, stamp_of
from reconciler.core.configs import modelconfig
from reconciler.core.configs.layout import DEFAULT_FILENAMES
from reconciler.core.configs.modelfacts import facts
from reconciler.core.digest import Digest
from reconciler.core.imports.drafts import Draft, Refused, Result
from reconciler.core.jsonvalue import Json, JsonObject

_FILLED_IN = frozenset({"name", "runtime", "optimization"})
"""What every served config has, whether or not anybody set it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Directory:
    """A model's directory: where it is as a URL, its tree digest, and its config.pbtxt if it has one."""

    uri: str
    digest: Digest
    config: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One model of a server: its directory, or why that cannot be read; its config as served, None if it is not up."""

    name: str
    server: str
    directory: Directory | str
    served: JsonObject | None


def model(found: Found) -> Result:
    """The file for it, or why there is none."""
    origin = f"{found.server}, model {found.name}"
    try:
        spec, unknown = _spec(found)
    except ValueError as error:
        return Refused(name=found.name, origin=origin, why=str(error))
    return Draft(name=found.name, origin=origin, spec=spec, notes=tuple(_notes(found, unknown)))


def _spec(found: Found) -> tuple[JsonObject, str]:
    """The spec, and the served fields that are not known. Raises ValueError in words."""
    directory, packaged = _packaged(found)
    served, unknown = _known(found.served or {})
    config = {} if found.served is None else difference(packaged, served)
    framework = _framework(modelconfig.layered(served, packaged))
    if not framework:
        message = f"its {CONFIG_FILE} names no backend, and it is not loaded, so Triton has not said which one it takes"
        raise ValueError(message)
    source: JsonObject = {"uri": directory.uri, "digest": directory.digest}
    spec: JsonObject = {"framework": framework, "source": source}
    spec |= {"config": config} if config else {}
    spec |= {"load": {"enabled": False}} if found.served is None else {}
    return spec, unknown


def _packaged(found: Found) -> tuple[Directory, JsonObject]:
    """The directory and its config. Raises ValueError in words where there is nothing to import."""
    if isinstance(found.directory, str):
        raise ValueError(found.directory)  # noqa: TRY004
    if found.served is not None and stamp_of(found.served) is not None:
        message = "it is served by this program already"
        raise ValueError(message)
    try:
        return found.directory, modelconfig.from_pbtxt(found.directory.config or b"")
    except ValueError as error:
        message = f"its {CONFIG_FILE}:{error}"
        raise ValueError(message) from error


def difference(packaged: JsonObject, served: JsonObject) -> JsonObject:
    """What the server was told beyond the packaged config; both are normalised."""
    found: JsonObject = {}
    for key, value in sorted(_plain(served).items()):
        below = _plain(packaged).get(key)
        if below is None and _by_itself(key, value, served):
            continue
        if not _covers(value, below):
            found[key] = value
    return found


def _known(served: JsonObject) -> tuple[JsonObject, str]:
    """The served config without our marks, field by field; and which fields this version does not know."""
    kept: JsonObject = {}
    unknown: list[str] = []
    for key, value in served.items():
        try:
            kept |= modelconfig.normalised({key: value})
        except ValueError:
            unknown.append(key)
    return kept, ", ".join(sorted(unknown))


def _plain(config: JsonObject) -> JsonObject:
    """Without what protobuf takes for unset, and without our marks."""
    plain = cast("JsonObject", _bare(config) or {})
    parameters = plain.get("parameters")
    if isinstance(parameters, dict):
        plain["parameters"] = {key: value for key, value in parameters.items() if key not in MARKS}
    return {key: value for key, value in plain.items() if value not in ({}, [])}


def _bare(value: Json) -> Json:
    if isinstance(value, dict):
        inner = {key: _bare(one) for key, one in value.items()}
        return {key: one for key, one in inner.items() if one not in (None, "", 0, False, "0", [], *_ZEROS)}
    return [_bare(one) for one in value] if isinstance(value, list) else value


_ZEROS = ("FORMAT_NONE", "PRIORITY_DEFAULT", "KIND_AUTO", "TYPE_INVALID", "MODEL_PRIORITY_DEFAULT")
"""The first value of Triton's enums."""


def _by_itself(key: str, value: Json, served: JsonObject) -> bool:
    """Whether Triton fills in this value where a config says nothing."""
    match key:
        case "version_policy":
            return value in ({"latest": {"num_versions": 1}}, {"latest": {}})
        case "default_model_filename":
            return value in (DEFAULT_FILENAMES.get(facts(served).framework), "model.savedmodel", "model.graphdef")
        case "instance_group":
            return _one_instance(value)
        case _:
            return key in _FILLED_IN


def _one_instance(value: Json) -> bool:
    groups = value if isinstance(value, list) else []
    return len(groups) == 1 and isinstance(groups[0], dict) and groups[0].get("count", 1) == 1


def _covers(value: Json, below: Json) -> bool:
    """Whether the served value says what the packaged one does; it may say more, which Triton filled in."""
    if isinstance(value, dict) and isinstance(below, dict):
        return all(_covers(value.get(key), one) for key, one in below.items()) and not _more(value, below)
    if isinstance(value, list) and isinstance(below, list):
        return len(value) == len(below) and all(map(_covers, value, below))
    return value == below


def _more(value: JsonObject, below: JsonObject) -> bool:
    """Whether a map (such as `parameters`) has more entries: their values are messages, and Triton adds none."""
    return any(isinstance(value[key], dict) for key in value.keys() - below.keys()) and all(
        isinstance(one, dict) for one in below.values()
    )


def _framework(config: JsonObject) -> str:
    found = facts(config)
    return (
        "ensemble" if found.is_ensemble else found.platform if found.platform and not found.backend else found.backend
    )


def _notes(found: Found, unknown: str) -> Iterator[str]:
    if unknown:
        yield f"the served config has fields that this version does not know: {unknown}"
    if found.served is None:
        yield "it is in the repository and not loaded, so load.enabled is false"
    if isinstance(found.directory, Directory) and found.directory.config is None and found.served is not None:
        yield f"it has no {CONFIG_FILE}: what Triton completed is written under config"
    yield "the source is a directory of this machine: copy it to a store and change the uri, and the digest stays true"
