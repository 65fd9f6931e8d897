"""Plans with nothing to do, and what is kept of them: nothing of either is lost on the way."""

import json
from dataclasses import fields, replace

import pytest

from reconciler.core.amounts import Span
from reconciler.core.content import Known, NotRead, Unavailable
from reconciler.core.digest import Generation
from reconciler.core.errors import Problem, Reason
from reconciler.core.observed import (
    ForeignEntry,
    Observed,
    Served,
    ServerView,
    Serving,
    Unreachable,
    VersionState,
    VolumeView,
)
from reconciler.core.plan import Change, GapKind, ModelPlan, Moves, Plan, Refusal, Step, Unload, Versions
from reconciler.core.planning.quiet import Grounds, Quiet, from_json, is_quiet, listed, to_json, told, with_room
from reconciler.core.spec import CommitSigners, Desired, Policy, Repository, Resources

STAMP = Generation("sha256:" + 64 * "1")
FULL = ModelPlan(
    model="alpha",
    change=Change.HELD,
    reason=Reason.NO_CAPACITY,
    message="ü \u2028 and more",
    active=STAMP,
    wanted=Generation("sha256:" + 64 * "2"),
    steps=("load:alpha",),
    deferred=True,
    stalled=True,
    kept=Reason.NO_CAPACITY,
    gap="it is down",
    gap_kind=GapKind.REMOVED,
    warnings=("one", "two"),
    foreign_needs=("beta",),
    versions=Versions(before=(1, 2), after=None),
    servers=("grpc://a:1",),
    moves=Moves(leaves=("a",), comes_to=("b", "c")),
)
PLAIN = ModelPlan(model="beta", change=Change.UNCHANGED, reason=Reason.SUCCEEDED)
PLAN = Plan(
    target="prod",
    revision="f" * 40,
    models=(FULL, PLAIN),
    totals={"fetches": 0, "free_bytes": 5},
    spans=(Span(name="disk", before=1, peak=2, after=None, capacity=None, uncounted=("a", "b")),),
)
QUIET = Quiet(
    grounds=Grounds(revision=PLAN.revision, statuses="s", volume="v", served="x"),
    plan=PLAN,
    branch="status",
    urls=("grpc://a:1",),
    paths=("models", "models/alpha"),
)


def test_every_field_of_a_plan_comes_back_from_json() -> None:
    assert all(getattr(FULL, each.name) != each.default for each in fields(ModelPlan)), "a field more: give it a value"
    assert from_json(json.loads(json.dumps(to_json(QUIET)))) == QUIET


@pytest.mark.parametrize("broken", [None, [], {}, {"grounds": {}}, {**to_json(QUIET), "models": [{"nonsense": 1}]}])
def test_what_is_no_such_json_is_refused(broken: object) -> None:
    with pytest.raises((ValueError, TypeError, KeyError, IndexError)):
        from_json(broken)


def test_the_room_is_that_of_now_and_nothing_else_changes() -> None:
    assert with_room(PLAN, 9) == replace(PLAN, totals={"fetches": 0, "free_bytes": 9})


DESIRED = Desired(revision=PLAN.revision)
OBSERVED = Observed(volume=VolumeView(), contents={"alpha": Known(files={})})
STEP = Step(id="unload", action=Unload(model="alpha", server="a", timeout=1.0), reason=Reason.REMOVED)
PROBLEM = Problem(file="a", line=1, column=1, path="", found="", expected="")


def policed(policy: Policy) -> Desired:
    return replace(DESIRED, repository=Repository(policy=policy))


def test_a_plan_that_has_nothing_to_do_is_quiet() -> None:
    assert is_quiet(PLAN, DESIRED, OBSERVED)


@pytest.mark.parametrize(
    ("plan", "desired", "observed"),
    [
        (replace(PLAN, steps=(STEP,)), DESIRED, OBSERVED),
        (replace(PLAN, refusal=Refusal(reason=Reason.FROZEN, message="")), DESIRED, OBSERVED),
        (replace(PLAN, unknown=("a server",)), DESIRED, OBSERVED),
        (replace(PLAN, not_fresh="unreachable"), DESIRED, OBSERVED),
        (replace(PLAN, models=(replace(PLAIN, reason=Reason.NO_SPACE),)), DESIRED, OBSERVED),
        (replace(PLAN, models=(replace(PLAIN, kept=Reason.NO_SPACE),)), DESIRED, OBSERVED),
        (PLAN, replace(DESIRED, problems=(PROBLEM,)), OBSERVED),
        (PLAN, replace(DESIRED, rejected={"a": (PROBLEM,)}), OBSERVED),
        (PLAN, policed(Policy(commit_signers=CommitSigners(file="a", folder="", files={}))), OBSERVED),
        (PLAN, DESIRED, replace(OBSERVED, contents={"a": NotRead(reason=Reason.FROZEN, message="")})),
        (
            PLAN,
            DESIRED,
            replace(OBSERVED, contents={"a": Unavailable(reason=Reason.FROZEN, message="", terminal=False)}),
        ),
        (PLAN, DESIRED, replace(OBSERVED, volume=VolumeView(entries={"a": ForeignEntry(kind="link to /b")}))),
    ],
)
def test_what_may_end_unseen_is_not_quiet(plan: Plan, desired: Desired, observed: Observed) -> None:
    assert not is_quiet(plan, desired, observed)


def test_models_whose_sources_were_asked_are_named() -> None:
    contents = {"asked": Known(files={}, listed=True), "locked": Known(files={})}
    assert listed(replace(OBSERVED, contents=contents)) == {"asked"}


SERVED = Served(versions=(VersionState(version=1, state="READY"),), generation=STAMP, members=frozenset("abc"))
SERVING = Serving(version="2.51", models={"alpha": SERVED, "beta": Served()})


def only(served: Served) -> dict[str, ServerView]:
    return {"a": replace(SERVING, models={"alpha": served, "beta": Served()})}


def test_the_same_is_told_the_same_whatever_its_order() -> None:
    turned = replace(SERVING, models=dict(reversed([*SERVING.models.items()])))
    assert told({"a": SERVING, "b": SERVING}) == told({"b": turned, "a": turned})


@pytest.mark.parametrize(
    "other",
    [
        {},
        {"b": SERVING},
        {"a": SERVING, "b": SERVING},
        {"a": Unreachable(reason=Reason.SERVER_UNREACHABLE, message="")},
        {"a": replace(SERVING, version="2.52")},
        {"a": replace(SERVING, models={"alpha": SERVED})},
        only(replace(SERVED, generation=None)),
        only(replace(SERVED, members=frozenset("ab"))),
        only(replace(SERVED, mends=1)),
        only(replace(SERVED, resources=Resources(memory=1))),
        only(replace(SERVED, versions=())),
        only(replace(SERVED, versions=(VersionState(version=2, state="READY"),))),
        only(replace(SERVED, versions=(VersionState(version=1, state="LOADING"),))),
        only(replace(SERVED, versions=(VersionState(version=1, state="READY", reason="unloaded"),))),
    ],
)
def test_whatever_is_served_otherwise_is_told_otherwise(other: dict[str, ServerView]) -> None:
    assert told(other) != told({"a": SERVING})
