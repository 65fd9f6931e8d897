"""A plan in a file: what would be done, and to what state of the world (spec §5, `plan --out`).

The file has no action in it, only a digest of each: to apply it means to plan again and to find the same. So it holds
no secrets, cannot make anything happen that git does not ask for, and is of no use a second time.
"""

import dataclasses
import json
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import Enum
from typing import Any, cast

from reconciler.core.digest import of_bytes
from reconciler.core.errors import Reason, UsageError
from reconciler.core.jsonvalue import Json, JsonObject, canonical
from reconciler.core.plan import Plan

KIND, MAJOR, MINOR = "reconcile-plan", 1, 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """A plan that was shown.

    `models`: those that were asked for, none for all; `adopt`: those whose directories are taken over. `steps`: a
    digest of each by its id, in order. `servers`: version by URL. `shown`: lines as (tone, text).
    """

    target: str
    revision: str
    models: tuple[str, ...]
    steps: Mapping[str, str]
    servers: Mapping[str, str]
    shown: tuple[tuple[str, str], ...]
    adopt: tuple[str, ...] = ()


def steps_of(plan: Plan) -> dict[str, str]:
    """A digest of everything that each step says, by its id."""
    return {step.id: of_bytes(canonical({"step": _plain(step)})) for step in plan.steps}


def differences(saved: Saved, target: str, plan: Plan) -> Iterator[str]:
    """In which ways the world has moved on from what was planned, in words; none if the plan still is the same."""
    if saved.target != target:
        yield f"it is for the target {saved.target}, not for {target}"
    if saved.revision != plan.revision:
        yield f"it is for revision {saved.revision[:12]}, and the repository is at {plan.revision[:12]}"
    now = steps_of(plan)
    yield from (f"{name} is no longer to be done" for name in saved.steps if name not in now)
    yield from (f"{name} has to be done as well" for name in now if name not in saved.steps)
    changed = [name for name in saved.steps if name in now and now[name] != saved.steps[name]]
    yield from (f"{name} is to be done in another way, or from another state" for name in changed)
    if [*saved.steps] != [*now] and saved.steps.keys() == now.keys():
        yield "the order of the steps is another"


def to_text(saved: Saved) -> str:
    """The file."""
    document: JsonObject = {
        "kind": KIND,
        "format_version": f"{MAJOR}.{MINOR}",
        "target": saved.target,
        "revision": saved.revision,
        "models": [*saved.models],
        "adopt": [*saved.adopt],
        "servers": dict(saved.servers),
        "steps": [[name, digest] for name, digest in saved.steps.items()],
        "shown": [[tone, text] for tone, text in saved.shown],
    }
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def from_text(name: str, content: bytes) -> Saved:
    """A file's plan. Raises UsageError for anything else, and for one of a newer major version."""
    try:
        raw = json.loads(content)
        known = raw["kind"] == KIND
        major = int(str(raw["format_version"]).partition(".")[0])
        found = _saved(raw) if known and major == MAJOR else None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise _none(name) from error
    if not known:
        raise _none(name)
    if found is None:
        hint = "apply it with the version that wrote it, or plan again"
        raise UsageError(Reason.USAGE, f"{name} has format {major}, and this version knows {MAJOR}", hint)
    return found


def _none(name: str) -> UsageError:
    return UsageError(Reason.USAGE, f"{name} is not a saved plan", "`reconcile plan --out FILE` writes one")


def _saved(raw: dict[str, object]) -> Saved:
    steps = cast("list[list[str]]", raw["steps"])
    shown = cast("list[list[str]]", raw["shown"])
    return Saved(
        target=str(raw["target"]),
        revision=str(raw["revision"]),
        models=tuple(str(model) for model in cast("list[str]", raw["models"])),
        adopt=tuple(str(model) for model in cast("list[str]", raw.get("adopt", []))),
        steps={str(name): str(digest) for name, digest in steps},
        servers={str(url): str(version) for url, version in cast("dict[str, str]", raw["servers"]).items()},
        shown=tuple((str(tone), str(text)) for tone, text in shown),
    )


def _plain(value: object) -> Json:
    """Any frozen value as JSON, the same in every process."""
    match value:
        case Enum():
            return str(value.value)
        case Mapping():
            return [[_plain(key), _plain(value[key])] for key in sorted(value, key=str)]
        case AbstractSet():
            return [*sorted(str(item) for item in value)]
        case tuple() | list():
            return [_plain(item) for item in value]
        case _:
            return _fields(value) if dataclasses.is_dataclass(value) else cast("Json", value)


def _fields(value: Any) -> JsonObject:
    return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value) if field.compare}
