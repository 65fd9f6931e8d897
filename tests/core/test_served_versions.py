"""What a plan says of versions that come and go: who asks for one by its number must know."""

import datetime
from dataclasses import replace

import pytest

from reconciler.core.configs.assembly import Artifact, assemble
from reconciler.core.content import Content, Known, Unfetched
from reconciler.core.digest import FileDigest, of_bytes
from reconciler.core.errors import Reason
from reconciler.core.jsonvalue import JsonObject
from reconciler.core.judging.verdicts import Request
from reconciler.core.observed import (
    Active,
    Observed,
    Served,
    ServerView,
    Serving,
    Unreachable,
    VersionState,
    VolumeView,
)
from reconciler.core.plan import ModelPlan, Versions
from reconciler.core.planning.planner import plan
from reconciler.core.spec import Desired, LoadPolicy, ModelSpec, Source, Target
from reconciler.render.plan_text import versions

ALL: JsonObject = {"version_policy": {"all": {}}}
SILENT = Unreachable(reason=Reason.SERVER_UNREACHABLE, message="connection refused")


def power(policy: JsonObject, *numbers: int) -> tuple[ModelSpec, Known, Artifact]:
    source = Source(uri="s3://models/power/")
    spec = ModelSpec(name="power", file="models.d/power.yaml", framework="python", source=source, config=policy)
    paths = [f"{number}/model.py" for number in numbers]
    known = Known(files={None: tuple(FileDigest(path=path, size=1, digest=of_bytes(path.encode())) for path in paths)})
    found = assemble(spec, known, {})
    assert isinstance(found, Artifact)
    return spec, known, found


def line(now: Artifact, *servers: ServerView, then: tuple[ModelSpec, Content] | None = None) -> ModelPlan:
    """What the plan says of the model; `then`: None if git wants it no more."""
    desired = Desired(revision="f" * 40, models={} if then is None else {"power": then[0]})
    active = Active(generation=now.tree.generation, tree=now.tree)
    observed = Observed(
        volume=VolumeView(entries={"power": active}, trees={now.tree.generation: now.tree}),
        servers={f"t{number}": view for number, view in enumerate(servers)},
        contents={} if then is None else {"power": then[1]},
    )
    request = Request(today=datetime.date(2026, 11, 21), allow_removals=9)
    (found,) = plan(desired, observed, Target(name="prod"), request).models
    return found


def up(found: Artifact, *numbers: int) -> Serving:
    rows = tuple(VersionState(version=number, state="READY") for number in numbers)
    gone = VersionState(version=1, state="UNAVAILABLE", reason="unloaded")
    return Serving(models={"power": Served(versions=(*rows, gone), generation=found.tree.generation)})


NOW = power(ALL, 2, 7)[2]
SPEC, KNOWN, THEN = power(ALL, 7, 8)


@pytest.mark.parametrize(
    ("policy", "numbers", "told"),
    [
        (ALL, (7, 8), "versions 2, 7 → 7, 8: 2 goes away"),
        (ALL, (9,), "versions 2, 7 → 9: 2, 7 go away"),
        (ALL, (2, 7, 8), "versions 2, 7 → 2, 7, 8"),
        ({}, (2, 7), "versions 2, 7 → 7: 2 goes away"),
        (ALL, (2, 7), ""),
    ],
)
def test_the_plan_tells_which_versions_come_and_which_go(
    policy: JsonObject, numbers: tuple[int, ...], told: str
) -> None:
    spec, known, _ = power(policy, *numbers)
    assert versions(line(NOW, up(NOW, 2, 7), then=(spec, known))) == told


def test_what_counts_is_what_really_answers_on_any_server() -> None:
    found = line(NOW, up(NOW, 7), up(THEN, 7, 8), up(NOW, 2), SILENT, then=(SPEC, KNOWN))
    assert found.versions == Versions(before=(2, 7, 8), after=(7, 8))
    assert found.versions.going == (2,)
    assert line(NOW, Serving(), then=(SPEC, KNOWN)).versions == Versions(before=(), after=(7, 8))


def test_a_model_that_goes_as_a_whole_says_so_and_not_its_versions() -> None:
    idle = replace(SPEC, load=LoadPolicy(enabled=False))
    for wanted in (None, (idle, KNOWN)):
        found = line(NOW, up(NOW, 2, 7), then=wanted)
        assert found.versions == Versions(before=(2, 7), after=())
        assert versions(found) == ""


def test_what_is_not_known_is_told_as_such() -> None:
    assert line(NOW, SILENT, then=(SPEC, KNOWN)).versions == Versions()
    assert line(NOW, up(NOW, 2, 7), then=(SPEC, Unfetched(size=None))).versions == Versions(before=(2, 7))
