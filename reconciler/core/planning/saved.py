"""A plan in a file: what would be done, and to what state of the world (spec §5, `plan --out`).

The file has no action in it, only a digest of each: to apply it means to plan again and to find the same. So it holds
no secrets and cannot make anything happen that git does not ask for; by its `id` a volume knows what was applied there.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import cast

from reconciler.core.errors import Reason, UsageError
from reconciler.core.jsonvalue import JsonObject
from reconciler.core.plan import Plan
from reconciler.core.planning.prune import DAMAGED, PRUNE
from reconciler.core.planning.step_digests import steps_of
from reconciler.core.printable import printable

KIND, MAJOR, MINOR = "reconcile-plan", 1, 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """A plan that was shown.

    `ref`: what was read to find the revision, empty for the default. `models`: those that were asked for, none for all;
    `adopt`: those whose directories are taken over. `verify`: everything on the volume was read. `steps`: a digest of
    each by its id, in order. `servers`: version by URL. `state`: what there is of each model that it touches, in words.
    `shown`: lines as (tone, text).
    """

    id: str

    target: str
    revision: str
    ref: str
    volume: str
    models: tuple[str, ...]
    steps: Mapping[str, str]
    servers: Mapping[str, str]
    state: Mapping[str, str]
    shown: tuple[tuple[str, str], ...]
    adopt: tuple[str, ...] = ()
    verify: bool = False


def differences(saved: Saved, now: Saved) -> Iterator[str]:
    """In which ways the world has moved on from what was planned, in words; none if the plan still is the same."""
    if saved.target != now.target:
        yield f"it is for the target {saved.target}, not for {now.target}"
    if saved.volume != now.volume:
        yield f"it is for the volume {saved.volume}, not for {now.volume}"
    if saved.revision != now.revision:
        yield f"it is for revision {saved.revision[:12]}, and the repository is at {now.revision[:12]}"
    if saved.servers != now.servers:
        yield f"it is for {_servers(saved)}, and there is {_servers(now)}"
    for name, before in saved.state.items():
        if now.state.get(name, before) != before:
            yield f"of {name} there was: {before}; there is: {now.state[name]}"
    yield from _gone_or_changed(saved.steps, now.steps)
    yield from (f"{name} has to be done as well" for name in now.steps if name not in saved.steps)
    if [*saved.steps] != [*now.steps] and saved.steps.keys() == now.steps.keys():
        yield "the order of the steps is another"


def overtaken(saved: Saved, newest: Plan) -> Iterator[str]:
    """In which ways the plan at a newer revision touches this one, in words. What it does besides is another matter."""
    if newest.refusal is not None:
        yield newest.refusal.message
    steps = {name: digest for name, digest in saved.steps.items() if name not in (PRUNE, DAMAGED)}
    yield from _gone_or_changed(steps, steps_of(newest))


def _gone_or_changed(before: Mapping[str, str], now: Mapping[str, str]) -> Iterator[str]:
    yield from (f"{name} is no longer to be done" for name in before if name not in now)
    changed = [name for name in before if name in now and now[name] != before[name]]
    yield from (f"{name} is to be done in another way, or from another state" for name in changed)


def _servers(saved: Saved) -> str:
    return ", ".join(f"Triton {version} at {url}" for url, version in sorted(saved.servers.items())) or "no server"


def to_text(saved: Saved) -> str:
    """The file."""
    document: JsonObject = {
        "kind": KIND,
        "format_version": f"{MAJOR}.{MINOR}",
        "id": saved.id,
        "target": saved.target,
        "revision": saved.revision,
        "ref": saved.ref,
        "volume": saved.volume,
        "models": [*saved.models],
        "adopt": [*saved.adopt],
        "verify": saved.verify,
        "servers": dict(saved.servers),
        "state": dict(saved.state),
        "steps": [[name, digest] for name, digest in saved.steps.items()],
        "shown": [[tone, text] for tone, text in saved.shown],
    }
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def from_text(name: str, content: bytes) -> Saved:
    """A file's plan. Raises UsageError for anything else, and for one of a newer major version."""
    try:
        raw = json.loads(content)
        json.dumps(raw, ensure_ascii=False).encode()  # JSON can say halves of characters, which nobody can write down
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
        id=str(raw["id"]),
        target=str(raw["target"]),
        revision=str(raw["revision"]),
        ref=str(raw["ref"]),
        volume=str(raw["volume"]),
        models=tuple(str(model) for model in cast("list[str]", raw["models"])),
        adopt=tuple(str(model) for model in cast("list[str]", raw["adopt"])),
        verify=raw.get("verify") is True,
        steps={str(name): str(digest) for name, digest in steps},
        servers=_texts(raw["servers"]),
        state=_texts(raw["state"]),
        shown=tuple((str(tone), printable(str(text))) for tone, text in shown),
    )


def _texts(raw: object) -> dict[str, str]:
    return {str(name): str(text) for name, text in cast("dict[str, str]", raw).items()}
