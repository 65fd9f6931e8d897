"""Every file of tests/cases/status says in its name what a plan against the last status tells.

`status`: what was applied when it was written. `desired`: what git wants now; `locked` and `pinned` (by a digest) say
what is known of a source without reading it.
"""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from reconciler.core.content import Known
from reconciler.core.digest import tree_digest
from reconciler.core.errors import Reason
from reconciler.core.judging.verdicts import Request
from reconciler.core.locked import LockedFile, LockedSource
from reconciler.core.observed import (
    Active,
    Entry,
    ForeignEntry,
    Observed,
    Served,
    Serving,
    StalledAt,
    VersionState,
    VolumeView,
)
from reconciler.core.plan import Plan
from reconciler.core.planning.planner import plan
from reconciler.core.spec import Desired, ModelSigners, ModelSpec, Policy, Repository, Suspend, Target
from reconciler.core.statuses.conditions import ModelStatus
from reconciler.core.statuses.remembered import Memory, recalled
from reconciler.core.statuses.status import Pass, from_files, summarise, to_files, unreadable
from reconciler.render.summary import outlook
from tests.core.planner_cases import _line, _variant
from tests.property.strategies import tree_of

CASES = sorted((Path(__file__).parent.parent / "cases" / "status").glob("*.yaml"))
TODAY = datetime.date(2026, 11, 21)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """One entry of a file: a content, what pins it, and how it was when the status was written."""

    content: str
    pinned: str = ""
    then: str = ""
    config: Mapping[str, Any] | None = None
    suspend: Mapping[str, Any] | None = None

    def known(self, name: str) -> Known:
        return _variant(name, self.content).known()

    def spec(self, name: str) -> ModelSpec:
        found = _variant(name, self.content).spec()
        files = self.known(name).files[None]
        assert found.source is not None
        lock = LockedSource(files=tuple(LockedFile(file=file) for file in files), configs=self.known(name).configs)
        source = replace(
            found.source,
            locked=lock if self.pinned == "locked" else None,
            digest=tree_digest(files) if self.pinned == "pinned" else None,
        )
        suspend = None if self.suspend is None else Suspend(reason=self.suspend["reason"])
        return replace(found, source=source, config=dict(self.config or {}), suspend=suspend)


def wish(entry: Any) -> Wish:
    raw = entry if isinstance(entry, dict) else {"content": entry}
    content, _, pinned = raw["content"].partition(", ")
    return Wish(**{**raw, "content": content, "pinned": pinned})


def wishes(raw: Mapping[str, Any]) -> dict[str, Wish]:
    return {name: wish(entry) for name, entry in raw.items()}


def desired(models: Mapping[str, Wish], policy: Mapping[str, Any]) -> Desired:
    signers = ModelSigners() if policy.get("signed") else None
    rules = Policy(allow_empty=policy.get("allowEmpty", False), model_signers=signers)
    specs = {name: entry.spec(name) for name, entry in models.items()}
    return Desired(revision="f" * 40, models=specs, repository=Repository(policy=rules))


def world(models: Mapping[str, Wish], servers: list[str]) -> Observed:
    entries: dict[str, Entry] = {}
    served: dict[str, Served] = {}
    stalls: dict[str, StalledAt] = {}
    for name, entry in models.items():
        tree = tree_of(_variant(name, entry.content))
        damage = ("1/model.py is missing",) if entry.then == "damaged" else ()
        entries[name] = Active(generation=tree.generation, tree=tree, damage=damage)
        members = frozenset(_variant(name, entry.content).members)
        row = VersionState(version=1, state="READY")
        served[name] = Served(versions=(row,), generation=tree.generation, members=members)
        if entry.then == "a directory":
            entries[name] = ForeignEntry(kind="a directory")
        if entry.then in ("a directory", "not loaded", "stalled"):
            del served[name]
        if entry.then == "stalled":
            stalls[name] = StalledAt(generation=tree.generation, reason=Reason.LOAD_FAILED, message="it did not load")
    contents = {name: entry.known(name) for name, entry in models.items()}
    views = {server: Serving(models=served) for server in servers}
    return Observed(volume=VolumeView(entries=entries), servers=views, contents=contents, stalled=stalls)


def written(raw: Mapping[str, Any]) -> Memory:
    """The status as its files are read back."""
    if raw["status"] == "none":
        return Memory(statuses=None)
    models, servers = wishes(raw["status"]), ["t0"] if raw.get("servers", True) else []
    git, observed = desired(models, {}), world(models, servers)
    found = plan(git, observed, Target(name="prod"), Request(today=TODAY, no_server=not servers))
    done = Pass(plan=found, outcomes=(), observed=observed, desired=git)
    before = {
        name: ModelStatus(name=name, target="prod", revision="f", generation=at.generation, stalled_at=at)
        for name, at in observed.stalled.items()
    }
    files = dict(to_files(summarise(done, before, now="2026-11-21T00:00:00Z"), target="prod"))
    files |= {f"{name}.yaml": b"kind: [" for name in raw.get("garbled", ())}
    return Memory(statuses=from_files(files), unreadable=unreadable(files, from_files(files)))


def remembered(raw: Mapping[str, Any]) -> Plan:
    git = desired(wishes(raw["desired"]), raw.get("policy") or {})
    target = Target(name="prod", servers=tuple(raw.get("servers", ())))
    observed = recalled(git, target, git.models.values(), written(raw))
    return plan(git, observed, target, Request(today=TODAY, no_server=not observed.servers))


def told(found: Plan) -> dict[str, Any]:
    result: dict[str, Any] = {
        "plan": {line.model: _line(line) for line in found.models},
        "outcome": outlook(found).value,
    }
    if found.steps:
        result["steps"] = [step.id for step in found.steps]
    if found.refusal is not None:
        result["refused"] = found.refusal.reason.value
    if found.unknown:
        result["unknown"] = list(found.unknown)
    return result


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_a_plan_against_the_last_status_tells_what_the_case_says(path: Path) -> None:
    raw = yaml.safe_load(path.read_text())
    found = remembered(raw)
    assert found.remembered
    keys = ("plan", "outcome", "steps", "refused", "unknown")
    assert told(found) == {key: raw[key] for key in keys if key in raw}


def test_a_dependency_that_no_status_tells_of_is_believed_in() -> None:
    models = {"alpha": replace(wish("v1, locked").spec("alpha"), depends_on=("stranger",))}
    git = Desired(revision="f" * 40, models=models)
    memory = written({"status": {"other": "v1"}})
    observed = recalled(git, Target(), git.models.values(), memory)
    found = plan(git, observed, Target(), Request(today=TODAY, models=frozenset({"alpha"})))
    assert [step.id for step in found.steps] == ["fetch:alpha", "activate:alpha", "load:alpha@t0"]
