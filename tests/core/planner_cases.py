"""Planner cases as files: what git wants, what is there, and the plan that must follow, in the words of the files.

A content is written `v7` (a plain model), `v7 FP64` (with other tensors), `v7 FP32 to FP64`, or `v2 of tokenizer, bert`
(an ensemble); `v1 calling tokenizer` has the hint in its package, `v1 newer`
a field that only a newer Triton knows.
"""

import datetime
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from reconciler.core.artifact import Tree
from reconciler.core.content import Content, Known, Unavailable, Unfetched
from reconciler.core.digest import Generation
from reconciler.core.errors import Problem, Reason
from reconciler.core.judging.verdicts import Request
from reconciler.core.observed import (
    Active,
    Entry,
    ForeignEntry,
    Observed,
    Served,
    ServerView,
    Serving,
    StalledAt,
    Unreachable,
    VersionState,
    VolumeView,
)
from reconciler.core.plan import Activate, Deactivate, Fetch, Load, ModelPlan, Plan, Step, Unload
from reconciler.core.planning.planner import plan
from reconciler.core.selector import Selector
from reconciler.core.spec import (
    Desired,
    LoadPolicy,
    MaxRemovals,
    ModelSpec,
    Policy,
    Repository,
    Resources,
    Suspend,
    Target,
    Update,
)
from reconciler.render.plan_text import moves, versions
from tests.property.strategies import Variant, tree_of
from tests.property.world import content_blobs

_STATES = "damaged|document lost|tree gone|failed|loading|down|another version"
_CONTENT = re.compile(
    rf"v(\d+)( newer)?(?: (FP\d+)(?: to (FP\d+))?)?(?: of ([a-z0-9, -]+?))?(?:, ({_STATES}))?"
    r"(?: calling ([a-z0-9, -]+))?"
)
FETCH, HELD = ", to be fetched", ", in its directory"
_DAMAGE = {
    "damaged": ("1/model.py is missing",),
    "document lost": ("the tree's document is lost or changed",),
}
_UNREADABLE: dict[str, Content] = {
    "unknown": Unfetched(size=1000),
    "unreachable": Unavailable(reason=Reason.SOURCE_UNREACHABLE, message="connection refused", terminal=False),
    "not found": Unavailable(reason=Reason.SOURCE_NOT_FOUND, message="no such key", terminal=True),
    "empty": Known(files={None: ()}),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One file, read."""

    raw: dict[str, Any]
    desired: Desired
    observed: Observed
    target: Target
    request: Request

    def plan(self) -> Plan:
        """What the planner says to it."""
        return plan(self.desired, self.observed, self.target, self.request)


def read(path: Path) -> Case:
    """The case in a file."""
    raw = yaml.safe_load(path.read_text())
    wanted = raw.get("desired") or {}
    observed = _observed(raw.get("observed") or {}, dict(_contents(wanted)))
    return Case(raw=raw, desired=_desired(raw, wanted), observed=observed, target=_target(raw), request=_request(raw))


def _contents(wanted: dict[str, Any]) -> Iterator[tuple[str, Content]]:
    for name, entry in wanted.items():
        if _text(entry) not in ("rejected", "not read"):
            yield name, _content(name, _text(entry))


def _observed(raw: dict[str, Any], contents: dict[str, Content]) -> Observed:
    trees: dict[Generation, Tree | None] = {}
    entries = {name: _entry(name, text, trees) for name, text in raw.get("volume", {}).items()}
    noted = {name: _resources(declared) for name, declared in raw.get("noted", {}).items()}
    servers = {url: _view(view, trees, noted) for url, view in raw.get("servers", {}).items()}
    trees |= {tree.generation: tree for tree in (_tree(*item) for item in raw.get("leftovers", {}).items())}
    blobs = {blob for tree in trees.values() if tree is not None for blob in tree.blobs()}
    blobs |= {blob for name, text in raw.get("blobs of", {}).items() for blob in _tree(name, text).blobs()}
    for content in contents.values():
        blobs |= content_blobs(content) - (content.missing if isinstance(content, Known) else frozenset())
    return Observed(
        volume=VolumeView(
            entries=entries,
            trees=trees,
            blobs=dict.fromkeys(blobs, 100),
            partials=tuple(raw.get("half-made", ())),
            free_bytes=raw.get("free"),
            aside=frozenset(raw.get("set aside", ())),
            mends={_tree(*item).generation: 1 for item in raw.get("mends of", {}).items()},
        ),
        servers=servers,
        contents=contents,
        stalled={name: _stalled(name, text) for name, text in raw.get("stalled", {}).items()},
        before={name: _tree(name, text).generation for name, text in raw.get("before", {}).items()},
    )


def _stalled(name: str, text: str) -> StalledAt:
    return StalledAt(generation=_tree(name, text).generation, reason=Reason.LOAD_FAILED, message="it did not load")


def _variant(name: str, text: str) -> Variant:
    match = _CONTENT.fullmatch(text)
    assert match is not None, f"not a content: {text!r}"
    members = tuple(part.strip() for part in match[5].split(",")) if match[5] else ()
    made = f"TYPE_{match[4]}" if match[4] else ""
    calls = tuple(part.strip() for part in match[7].split(",")) if match[7] else ()
    number, taken = int(match[1]), f"TYPE_{match[3] or 'FP32'}"
    return Variant(
        name=name, number=number, data_type=taken, members=members, made_type=made, calls=calls, newer=bool(match[2])
    )


def _tree(name: str, text: str) -> Tree:
    return tree_of(_variant(name, text))


def _state(text: str) -> str:
    match = _CONTENT.fullmatch(text)
    return match[6] or "" if match is not None else ""


def _text(entry: Any) -> str:
    return str(entry["content"] if isinstance(entry, dict) else entry)


def _content(name: str, text: str) -> Content:
    if text in _UNREADABLE:
        return _UNREADABLE[text]
    known = _variant(name, text.removesuffix(FETCH).removesuffix(HELD)).known()
    files = frozenset(file.digest for found in known.files.values() for file in found)
    missing = frozenset(content_blobs(known)) if text.endswith(FETCH) else frozenset()
    return replace(known, missing=missing, held=files if text.endswith(HELD) else frozenset())


def _entry(name: str, text: str, trees: dict[Generation, Tree | None]) -> Entry:
    if not text.startswith("v"):
        return ForeignEntry(kind=text, adoptable="directory" in text)
    tree = _tree(name, text)
    kept = None if _state(text) == "document lost" else tree
    trees[tree.generation] = kept
    damage = _DAMAGE.get(_state(text), ())
    return Active(generation=tree.generation, tree=kept, damage=damage)


def _view(raw: Any, trees: dict[Generation, Tree | None], noted: dict[str, Resources]) -> ServerView:
    if raw == "unreachable":
        return Unreachable(reason=Reason.SERVER_UNREACHABLE, message="connection refused")
    if raw == "not explicit":
        return Unreachable(reason=Reason.NOT_EXPLICIT_MODE, message="start Triton with --model-control-mode=explicit")
    found = {name: _served(name, text, trees) for name, text in (raw or {}).items()}
    return Serving(models={name: replace(served, resources=noted.get(name)) for name, served in found.items()})


def _served(name: str, text: str, trees: dict[Generation, Tree | None]) -> Served:
    """`stranger` (or `stranger over a, b`): up without our stamp; `unloaded`: known to the server and not up."""
    if text == "unloaded":
        return Served(versions=(VersionState(version=1, state="UNAVAILABLE", reason="unloaded"),))
    if text.startswith("stranger"):
        members = text.removeprefix("stranger").removeprefix(" over ")
        found = frozenset(part.strip() for part in members.split(",")) if members else frozenset()
        return Served(versions=(VersionState(version=1, state="READY"),), members=found)
    tree = _tree(name, text)
    state, reason = {"failed": ("UNAVAILABLE", "boom"), "loading": ("LOADING", ""), "down": ("UNAVAILABLE", "")}.get(
        _state(text), ("READY", "")
    )
    if state != "READY":
        return Served(versions=(VersionState(version=1, state=state, reason=reason),))
    if _state(text) != "tree gone":
        trees.setdefault(tree.generation, tree)
    version = VersionState(version=5 if _state(text) == "another version" else 1, state=state)
    members_up = frozenset(_variant(name, text).members)
    return Served(versions=(version,), generation=tree.generation, members=members_up)


def _desired(raw: dict[str, Any], wanted: dict[str, Any]) -> Desired:
    policy = raw.get("policy") or {}
    limit = policy.get("maxRemovals")
    percent = float(limit.rstrip("%")) if isinstance(limit, str) else None
    removals = None if limit is None else MaxRemovals(count=None if percent is not None else limit, percent=percent)
    problems = tuple(_problem(file) for file in raw.get("broken files", ()))
    return Desired(
        revision="f" * 40,
        models={name: _spec(name, entry) for name, entry in wanted.items() if entry != "rejected"},
        rejected={name: (_problem(f"models.d/{name}.yaml"),) for name, entry in wanted.items() if entry == "rejected"},
        repository=Repository(policy=Policy(max_removals=removals, allow_empty=policy.get("allowEmpty", False))),
        problems=problems,
        allowed_removals=policy.get("commit allows"),
    )


def _problem(file: str) -> Problem:
    return Problem(file=file, line=3, column=1, path="spec", found="sauce", expected="source")


def _spec(name: str, entry: Any) -> ModelSpec:
    raw = entry if isinstance(entry, dict) else {"content": entry}
    text = raw["content"].removesuffix(FETCH).removesuffix(HELD)
    plain = (
        Variant(name=name, number=1, data_type="") if text in {*_UNREADABLE, "not read"} else _variant(name, text)
    ).spec()
    suspend = raw.get("suspend")
    load = raw.get("load", {})
    return ModelSpec(
        name=name,
        file=plain.file,
        framework=raw.get("framework", plain.framework),
        source=plain.source,
        labels=raw.get("labels", {}),
        depends_on=tuple(raw.get("dependsOn", ())),
        update=Update(raw.get("update", "auto")),
        load=LoadPolicy(enabled=load.get("enabled", True)),
        resources=_resources(raw.get("resources", {})),
        suspend=None if suspend is None else Suspend(reason=suspend.get("reason", ""), until=suspend.get("until")),
        replicas=raw.get("replicas"),
    )


def _resources(raw: dict[str, int]) -> Resources:
    return Resources(memory=raw.get("memory"), gpu_memory=raw.get("gpuMemory"), disk=raw.get("disk"))


def _target(raw: dict[str, Any]) -> Target:
    found = raw.get("target") or {}
    return Target(
        name="prod",
        selector=Selector(match_labels=found.get("selector", {})),
        capacity=_resources(found.get("capacity", {})),
        backends=tuple(found["backends"]) if "backends" in found else None,
    )


def _request(raw: dict[str, Any]) -> Request:
    asked = raw.get("asked") or {}
    failed = {
        name: Unavailable(reason=Reason.SOURCE_UNREACHABLE, message=message, terminal=False)
        for name, message in asked.get("failed in this run", {}).items()
    }
    return Request(
        today=asked.get("today", datetime.date(2026, 11, 21)),
        models=frozenset(asked.get("models", ())),
        failed=failed,
        frozen=asked.get("frozen", ""),
        allow_removals=asked.get("allow removals"),
        no_server=asked.get("server") == "none",
        adopt=frozenset(asked.get("adopt", ())),
    )


def told(found: Plan) -> dict[str, Any]:
    """The plan in the words of the files."""
    result: dict[str, Any] = {"plan": {line.model: _line(line) for line in found.models}}
    if found.steps:
        result["steps"] = [_step(step) for step in found.steps]
    if found.refusal is not None:
        result["refused"] = f"{found.refusal.reason}: {found.refusal.message}"
    if found.unknown:
        result["unknown"] = list(found.unknown)
    return result


def taken(found: Plan) -> dict[str, str]:
    """How much of what is declared is taken before, at most meanwhile, and after."""
    spans = (span for span in found.spans if span.capacity is not None)
    return {
        span.name: f"{span.before}, at most {span.peak}, then {span.after} of {span.capacity}"
        + (f", without {', '.join(span.uncounted)}" if span.uncounted else "")
        for span in spans
    }


def _line(line: ModelPlan) -> dict[str, Any] | str:
    facts = {
        "says": line.message,
        "gap": line.gap,
        "belongs on": ", ".join(line.servers or ()),
        "moves": moves(line),
        "versions": versions(line),
        "warns": list(line.warnings),
        "not ours": list(line.foreign_needs),
        "deferred": line.deferred,
        "stalled": line.stalled,
    }
    told = {key: value for key, value in facts.items() if value}
    what = f"{line.change} {line.reason}"
    return {"is": what, **told} if told else what


def _step(step: Step) -> dict[str, Any]:
    told: dict[str, Any] = {_words(step.id): str(step.reason)}
    if step.after:
        told["after"] = sorted(_words(name) for name in step.after)
    if step.behind:
        told["behind"] = sorted(_words(name) for name in step.behind)
    if isinstance(step.action, Load) and step.action.dependents:
        told["then up"] = [expected.model for expected in step.action.dependents]
    if step.restores:
        told["or back to"] = [restore.model for restore in step.restores]
    return told


def _words(step: str) -> str:
    return step.replace(":", " ").replace("@", " on ")


def models_of(found: Plan) -> set[str]:
    """Every model that a step is for."""
    actions = (step.action for step in found.steps)
    return {action.model for action in actions if isinstance(action, (Fetch, Activate, Load, Unload, Deactivate))}
