"""What may begin beside what is under way, and what of that nobody wants any more."""

from dataclasses import replace

import pytest

from reconciler.core.errors import Reason
from reconciler.core.observed import Observed, VolumeView
from reconciler.core.plan import (
    Action,
    Activate,
    Adopt,
    Deactivate,
    Expected,
    Fetch,
    Load,
    Outcome,
    Prune,
    Result,
    Retire,
    Step,
    Unload,
)
from reconciler.core.planning.inflight import startable, unwanted
from reconciler.core.spec import Desired, ModelSpec, Policy, Repository, Source
from reconciler.core.statuses.backoff import Moment, noted
from tests.property.strategies import Variant, tree_of

TREE = tree_of(Variant(name="m", number=1, data_type="TYPE_FP32"))
SPEC = ModelSpec(name="m", file="models.d/m.yaml", framework="python", source=Source(uri="s3://b/m/"))
WANTED = Desired(revision="r", models={"m": SPEC})
PRUNE = Prune(trees=(), blobs=(), partials=(), size=0)


def step(action: Action, *after: str, lane: str | None = None) -> Step:
    name = "prune" if isinstance(action, Prune) else f"{type(action).__name__}:{action.model}"
    return Step(id=name, action=action, reason=Reason.NOT_LOADED, after=frozenset(after), lane=lane)


def fetch(model: str) -> Step:
    return step(Fetch(model=model, sources={}, size=None))


def activate(model: str, *after: str) -> Step:
    return step(Activate(model=model, tree=TREE, previous=None), *after)


def load(model: str, *after: str, above: str | None = None, lane: str | None = None) -> Step:
    dependents = (Expected(model=above, generation=None),) if above else ()
    action = Load(model=model, server="s", tree=TREE, timeout=1.0, retries=0, dependents=dependents)
    return step(action, *after, lane=lane)


def begun(steps: list[Step], running: list[Step]) -> list[str]:
    return [one.id for one in startable(steps, running, {})]


def test_all_of_a_model_that_is_under_way_waits_and_what_waits_for_it() -> None:
    steps = [fetch("a"), activate("a", "Fetch:a"), load("a", "Activate:a"), load("b", "Load:a"), load("c")]
    assert begun(steps, [load("a")]) == ["Load:c"]


def test_a_model_above_one_that_is_being_loaded_waits() -> None:
    assert begun([load("tower"), load("c")], [load("a", above="tower")]) == ["Load:c"]


def test_of_connected_models_all_wait_or_none() -> None:
    steps = [step(Unload(model="tower", server="s", timeout=1.0), lane="x"), load("a", lane="x"), load("c", lane="y")]
    assert begun(steps, [fetch("a")]) == ["Load:c"]


def test_pruning_goes_alone_and_nothing_goes_beside_it() -> None:
    pruning = step(PRUNE)
    assert begun([fetch("a"), pruning], []) == ["Fetch:a"]
    assert begun([pruning], [fetch("a")]) == []
    assert begun([pruning], []) == ["prune"]
    assert begun([fetch("a")], [pruning]) == []
    assert begun([step(Deactivate(model="a", generation=TREE.generation)), step(PRUNE, "Deactivate:a")], []) == [
        "Deactivate:a"
    ]


def test_what_only_repeats_a_failure_waits_and_pruning_with_it_if_it_comes_after() -> None:
    gone = step(Unload(model="a", server="s", timeout=1.0))
    outcome = Outcome(step=gone, result=Result.FAILED, reason=Reason.UNLOAD_FAILED)
    observed = Observed(volume=VolumeView(), servers={})
    held = noted({}, [outcome], WANTED, observed, Moment(now=0.0, chance=0.0))
    assert startable([gone, step(PRUNE, gone.id)], [], held) == ()
    assert [one.id for one in startable([gone, step(PRUNE)], [], held)] == ["prune"]


ACTIONS: list[Action] = [
    Fetch(model="m", sources={}, size=None),
    Adopt(model="m", files={}, held=frozenset(), size=0),
    Activate(model="m", tree=TREE, previous=None),
    Load(model="m", server="s", tree=TREE, timeout=1.0, retries=0),
    Unload(model="m", server="s", timeout=1.0),
    Deactivate(model="m", generation=TREE.generation),
    Retire(model="m"),
]


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: type(action).__name__)
def test_what_was_planned_for_a_model_that_is_gone_or_come_back_is_unwanted(action: Action) -> None:
    assert not unwanted(step(action), WANTED, replace(WANTED, revision="s"))
    assert unwanted(step(action), WANTED, Desired(revision="s"))
    assert unwanted(step(action), Desired(revision="s"), WANTED)


def test_a_fetch_goes_on_through_a_change_of_anything_but_its_sources_and_who_may_be_asked() -> None:
    fetching, loading = fetch("m"), load("m")
    renamed = replace(WANTED, models={"m": replace(SPEC, config={"max_batch_size": 8})})
    assert (unwanted(fetching, WANTED, renamed), unwanted(loading, WANTED, renamed)) == (False, True)
    moved = replace(WANTED, models={"m": replace(SPEC, source=Source(uri="s3://b/n/"))})
    assert unwanted(fetching, WANTED, moved)
    stricter = replace(WANTED, repository=Repository(policy=Policy(require_digest=True)))
    assert unwanted(fetching, WANTED, stricter)


def test_pruning_is_never_for_nothing() -> None:
    assert not unwanted(step(PRUNE), WANTED, Desired(revision="s"))
