"""The status as files of the status branch, and back: `<model>.yaml` for programs, README.md for people.

Promise: the same statuses, the same bytes; what was written is read back as it was; whatever else lies there is
skipped, since a status that nobody can read is an unknown one, not an error.
"""

import json
import urllib.parse
from collections.abc import Iterator, Mapping
from typing import cast

from reconciler.core import printable, web_links
from reconciler.core.checking import documents
from reconciler.core.digest import Digest, Generation
from reconciler.core.errors import Reason
from reconciler.core.jsonvalue import Json, JsonObject
from reconciler.core.observed import StalledAt
from reconciler.core.statuses import status_page
from reconciler.core.statuses.conditions import Condition, Episode, Fate, Kind, ModelStatus, Truth

API_VERSION, KIND, README = "reconciler/v1", "ModelStatus", "README.md"

_ENCODER = json.JSONEncoder(ensure_ascii=False)  # made once: a status of thousands of models has 100,000 values


def to_files(
    statuses: Mapping[str, ModelStatus], *, target: str, web: web_links.Web = web_links.NOWHERE
) -> Mapping[str, bytes]:
    """The files of a target's folder, by name; `web` is where the page's commits are shown."""
    ordered = [statuses[name] for name in sorted(statuses)]
    files = {f"{urllib.parse.quote(status.name, safe='')}.yaml": _text(_rows(_document(status))) for status in ordered}
    return {**files, README: _text(status_page.page(ordered, target, web))}


def from_files(files: Mapping[str, bytes], read: documents.Read = documents.value_of) -> Mapping[str, ModelStatus]:
    """The statuses in a target's folder, by model."""
    found: dict[str, ModelStatus] = {}
    for name, content in files.items():
        status = _read(read(name, content)) if name.endswith(".yaml") else None
        if status is not None:
            found[status.name] = status
    return found


def unreadable(files: Mapping[str, bytes], statuses: Mapping[str, ModelStatus]) -> frozenset[str]:
    """The models whose file is there and is none of the `statuses` that were read from them."""
    stems = (name.removesuffix(".yaml") for name in files if name.endswith(".yaml"))
    return frozenset(map(urllib.parse.unquote, stems)) - statuses.keys()


def _text(lines: Iterator[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


def _document(status: ModelStatus) -> JsonObject:
    desired: JsonObject = {
        "revision": status.revision,
        "generation": status.generation,
        "settings": status.settings,
        "belongsOn": list(status.belongs_on),
    }
    observed: JsonObject = {
        "generation": status.active,
        "served": [{"server": server, "generation": served} for server, served in sorted(status.served.items())],
        "versions": list(status.versions),
        "servers": list(status.servers),
        "members": list(status.members),
        "calls": list(status.calls),
    }
    return {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "metadata": {"name": status.name, "target": status.target},
        "status": {
            "desired": desired,
            "observed": observed,
            "digests": cast("JsonObject", dict(sorted(status.digests.items()))),
            "stalledAt": _stalled(status.stalled_at),
            "conditions": [_condition(status.conditions[kind]) for kind in Kind if kind in status.conditions],
            "history": [_episode(episode) for episode in status.history],
        },
    }


def _stalled(at: StalledAt | None) -> Json:
    if at is None:
        return None
    return {
        "generation": at.generation,
        "circumstances": at.circumstances,
        "probes": at.probes,
        "reason": at.reason,
        "message": at.message,
    }


def _condition(condition: Condition) -> Json:
    return {
        "type": condition.kind,
        "status": condition.status,
        "reason": condition.reason,
        "message": condition.message,
        "lastTransitionTime": condition.last_transition_time,
    }


def _episode(episode: Episode) -> Json:
    return {
        "generation": episode.generation,
        "revision": episode.revision,
        "wanted": episode.wanted,
        "fate": episode.fate,
        "since": episode.since,
        "reason": episode.reason,
        "message": episode.message,
    }


def _rows(value: JsonObject, indent: str = "") -> Iterator[str]:
    """Block YAML with quoted strings, so that no version of YAML reads one of them as something else."""
    for key, item in value.items():
        name = key if key.isalpha() and key.isascii() else _scalar(key)
        if isinstance(item, dict) and item:
            yield f"{indent}{name}:"
            yield from _rows(item, indent + "  ")
        elif isinstance(item, list) and item and isinstance(item[0], dict):
            yield f"{indent}{name}:"
            for each in cast("list[JsonObject]", item):
                first, *rest = _rows(each, f"{indent}    ")
                yield from (f"{indent}  - {first.strip()}", *rest)
        else:
            yield f"{indent}{name}: {_scalar(item)}"


def _scalar(value: Json) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(map(_scalar, value)) + "]"
    return _ENCODER.encode(printable.printable(value) if isinstance(value, str) else value)


def _read(value: JsonObject | None) -> ModelStatus | None:
    try:
        return None if value is None else _parse(value)
    except (KeyError, TypeError, ValueError):
        return None


def _parse(raw: JsonObject) -> ModelStatus:
    metadata, status = _map(raw["metadata"]), _map(raw["status"])
    desired, observed = _map(status["desired"]), _map(status["observed"])
    conditions = {each.kind: each for each in map(_parse_condition, _list(status["conditions"]))}
    return ModelStatus(
        name=_str(metadata["name"]),
        target=_str(metadata["target"]),
        revision=_str(desired["revision"]),
        generation=_generation(desired["generation"]),
        active=_generation(observed["generation"]),
        served=dict(map(_parse_served, _list(observed["served"]))),
        versions=tuple(map(_int, _list(observed["versions"]))),
        digests={source: Digest(_str(value)) for source, value in _map(status["digests"]).items()},
        settings=_digest(desired.get("settings")),
        servers=_strings(observed, "servers"),
        belongs_on=_strings(desired, "belongsOn"),
        members=_strings(observed, "members"),
        calls=_strings(observed, "calls"),
        stalled_at=_parse_stalled(status["stalledAt"], conditions.get(Kind.STALLED)),
        conditions=conditions,
        history=_parse_history(status.get("history", [])),
    )


def _strings(raw: JsonObject, key: str) -> tuple[str, ...]:
    """Also of a status that was written before there was this field."""
    return tuple(map(_str, _list(raw.get(key, []))))


def _parse_served(value: Json) -> tuple[str, Generation | None]:
    raw = _map(value)
    return _str(raw["server"]), _generation(raw["generation"])


def _parse_stalled(value: Json, condition: Condition | None) -> StalledAt | None:
    """Also as it was written once: the generation alone, with its reason in the condition."""
    if isinstance(value, str):
        if condition is None or condition.status is not Truth.TRUE:
            return None
        return StalledAt(generation=Generation(value), reason=condition.reason, message=condition.message)
    if value is None:
        return None
    raw = _map(value)
    return StalledAt(
        generation=Generation(_str(raw["generation"])),
        reason=Reason(_str(raw["reason"])),
        message=_str(raw["message"]),
        circumstances=_digest(raw["circumstances"]),
        probes=_digest(raw["probes"]),
    )


def _digest(value: Json) -> Digest | None:
    return None if value is None else Digest(_str(value))


def _parse_condition(value: Json) -> Condition:
    raw = _map(value)
    return Condition(
        kind=Kind(_str(raw["type"])),
        status=Truth(_str(raw["status"])),
        reason=Reason(_str(raw["reason"])),
        message=_str(raw["message"]),
        last_transition_time=_str(raw["lastTransitionTime"]),
    )


def _parse_history(value: Json) -> tuple[Episode, ...]:
    """None of it, if any of it is not as it is written: all else that the file says is worth more."""
    try:
        return tuple(map(_parse_episode, _list(value)))
    except (KeyError, TypeError, ValueError):
        return ()


def _parse_episode(value: Json) -> Episode:
    raw = _map(value)
    return Episode(
        generation=Generation(_str(raw["generation"])),
        revision=_str(raw["revision"]),
        wanted=_str(raw["wanted"]),
        fate=Fate(_str(raw["fate"])),
        since=_str(raw["since"]),
        reason=Reason(_str(raw["reason"])),
        message=_str(raw["message"]),
    )


def _generation(value: Json) -> Generation | None:
    return None if value is None else Generation(_str(value))


def _map(value: Json) -> JsonObject:
    if isinstance(value, dict):
        return value
    raise TypeError(value)


def _list(value: Json) -> list[Json]:
    if isinstance(value, list):
        return value
    raise TypeError(value)


def _str(value: Json) -> str:
    if isinstance(value, str):
        return value
    raise TypeError(value)


def _int(value: Json) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise TypeError(value)
