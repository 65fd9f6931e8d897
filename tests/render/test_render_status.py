"""The status as a table and as JSON."""

import json
from dataclasses import replace
from textwrap import dedent

from reconciler.core.errors import Reason
from reconciler.core.observed import (
    Active,
    Entry,
    ForeignEntry,
    Observed,
    Served,
    ServerView,
    Serving,
    Unreachable,
    VersionState,
    VolumeView,
)
from reconciler.core.plan import Change, ModelPlan, Plan
from reconciler.render import json_text, status_json, status_text
from reconciler.render.line import text
from tests.plan_samples import REVISION, generation

A, B = generation("a"), generation("b")
UP = (VersionState(version=1, state="READY"),)
THREE = VersionState(version=3, state="READY")
DOWN = (VersionState(version=1, state="UNAVAILABLE", reason="boom"),)


def plan(*models: ModelPlan, unknown: tuple[str, ...] = ()) -> Plan:
    return Plan(target="prod", revision=REVISION, models=models, unknown=unknown)


def settled(name: str) -> ModelPlan:
    return ModelPlan(model=name, change=Change.UNCHANGED, reason=Reason.SUCCEEDED, active=A, wanted=A)


def shown(planned: Plan, observed: Observed) -> str:
    return text(status_text.lines(planned, observed))


def test_each_model_is_a_row_of_what_is_wanted_on_disk_loaded_and_ready_and_why_not() -> None:
    moving = ModelPlan(model="moving", change=Change.UPDATE, reason=Reason.GENERATION_CHANGED, active=A, wanted=B)
    failed = ModelPlan(model="failed", change=Change.HELD, reason=Reason.STALLED, message="boom", active=A, wanted=B)
    later = ModelPlan(model="later", change=Change.CREATE, reason=Reason.NOT_ON_VOLUME, deferred=True)
    theirs = ModelPlan(model="theirs", change=Change.FOREIGN, reason=Reason.FOREIGN, message="a directory")
    serving = Serving(
        models={
            "fine": Served(versions=UP, generation=A),
            "moving": Served(versions=UP, generation=A),
            "failed": Served(versions=DOWN),
            "theirs": Served(versions=UP),
        }
    )
    entries: dict[str, Entry] = {
        "fine": Active(generation=A, tree=None),
        "moving": Active(generation=A, tree=None, damage=("1/model.py is missing",)),
        "failed": Active(generation=A, tree=None),
        "theirs": ForeignEntry(kind="a directory"),
    }
    observed = Observed(volume=VolumeView(entries=entries), servers={"grpc://t:8001": serving})
    assert shown(plan(settled("fine"), moving, failed, later, theirs), observed) == dedent("""\
        MODEL   DESIRED        ON DISK               LOADED        VERSIONS  SERVES      WHY NOT AS WANTED
        failed  bbbbbbbbbbbb   aaaaaaaaaaaa          -             -         down        Stalled: boom
        fine    aaaaaaaaaaaa   aaaaaaaaaaaa          aaaaaaaaaaaa  1         yes
        later   (after fetch)  -                     -             -         not loaded  \
NotOnVolume: it is not on the volume yet
        moving  bbbbbbbbbbbb   aaaaaaaaaaaa damaged  aaaaaaaaaaaa  1         yes         \
GenerationChanged: what the spec wants differs from what is on the volume
        theirs  -              a directory           unstamped     1         yes         Foreign: a directory

        1 of 4 models are as wanted on target prod at revision 4f1c2d3e5a6b.
        """)


def test_servers_that_differ_are_told_apart_and_a_silent_one_is_unknown() -> None:
    servers: dict[str, ServerView] = {
        "grpc://a:1": Serving(models={"m": Served(versions=UP, generation=A)}),
        "grpc://b:1": Serving(models={"m": Served(versions=(*UP, THREE), generation=B)}),
        "grpc://c:1": Unreachable(reason=Reason.SERVER_UNREACHABLE, message="refused"),
    }
    told = shown(plan(settled("m"), unknown=("grpc://c:1: refused",)), Observed(servers=servers))
    assert "? aaaaaaaaaaaa bbbbbbbbbbbb  1 1,3     2/3" in told
    assert "Not complete, this could not be looked at:\n  - grpc://c:1: refused" in told


def test_without_servers_there_is_nothing_loaded_and_nothing_ready() -> None:
    entries = {"m": Active(generation=A, tree=None)}
    told = shown(plan(settled("m")), Observed(volume=VolumeView(entries=entries)))
    assert told.splitlines()[1].split() == ["m", "aaaaaaaaaaaa", "aaaaaaaaaaaa", "-", "-", "-"]


def test_a_server_that_knows_no_model_does_not_have_it_loaded() -> None:
    told = shown(plan(settled("m")), Observed(servers={"grpc://a:1": Serving()}))
    assert told.splitlines()[1].split() == ["m", "aaaaaaaaaaaa", "-", "-", "-", "not", "loaded"]


def test_an_error_message_of_a_server_cannot_draw_on_the_terminal() -> None:
    held = ModelPlan(model="m", change=Change.HELD, reason=Reason.LOAD_FAILED, message="\x1b[2J\nm  yes")
    told = shown(plan(held), Observed())
    assert "\x1b" not in told
    assert "LoadFailed: \\x1b[2J m yes" in told


def test_the_json_has_every_server_and_the_silent_ones_with_their_reason() -> None:
    servers: dict[str, ServerView] = {
        "grpc://a:1": Serving(models={"m": Served(versions=UP, generation=A)}),
        "grpc://c:1": Unreachable(reason=Reason.SERVER_UNREACHABLE, message="refused"),
    }
    document = status_json.document(plan(settled("m")), Observed(servers=servers), {})
    (model,) = json.loads(json_text.pretty(document))["models"]
    assert model["servers"] == [
        {"server": "grpc://a:1", "readiness": "ready", "generation": A, "versions": [1]},
        {"server": "grpc://c:1", "readiness": "unknown", "generation": None, "versions": []},
    ]
    assert document["unreachable"] == [{"server": "grpc://c:1", "reason": "ServerUnreachable", "message": "refused"}]


def test_a_revision_that_may_be_old_is_said_first_and_in_the_json() -> None:
    old = replace(plan(settled("m")), not_fresh="https://u:geheim@git.example/m cannot be reached")
    first, *_ = shown(old, Observed()).splitlines()
    assert first.startswith("PERHAPS OLD: 4f1c2d3e5a6b is the last known revision; https://git.example/m cannot be")
    assert status_json.document(old, Observed(), {})["not_fresh"] == "https://git.example/m cannot be reached"
    assert status_json.document(plan(), Observed(), {})["not_fresh"] is None


def test_a_server_that_a_model_does_not_belong_on_is_told_of_only_where_it_has_it() -> None:
    placed = replace(settled("fine"), servers=("t0",))
    views: dict[str, ServerView] = {
        "t0": Serving(models={"fine": Served(versions=UP, generation=A)}),
        "t1": Serving(models={"fine": Served(versions=UP, generation=B)}),
        "t2": Serving(),
        "t3": Unreachable(reason=Reason.SERVER_UNREACHABLE, message="no answer"),
    }
    found = status_json.document(plan(placed), Observed(servers=views), {})
    assert isinstance(found["models"], list)
    assert isinstance(found["models"][0], dict)
    servers = found["models"][0]["servers"]
    assert isinstance(servers, list)
    assert [(one["server"], one["generation"]) for one in servers if isinstance(one, dict)] == [("t0", A), ("t1", B)]
