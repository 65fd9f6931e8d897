"""When what failed is tried again."""

from dataclasses import replace

from reconciler.core.content import Known, Unavailable
from reconciler.core.digest import Digest, FileDigest
from reconciler.core.errors import Reason
from reconciler.core.observed import Observed, VolumeView
from reconciler.core.plan import Deactivate, Fetch, Load, Outcome, Prune, Result, Step
from reconciler.core.spec import Desired, ModelSpec, Source
from reconciler.core.statuses.backoff import (
    FIRST,
    LONGEST,
    Moment,
    Setbacks,
    current,
    due,
    failed_again,
    held_back,
    noted,
)
from tests.property.strategies import Variant, tree_of

SPEC = ModelSpec(name="m", file="models.d/m.yaml", framework="python", source=Source(uri="s3://b/m/"))
WANTED = Desired(revision="r", models={"m": SPEC})
FETCH = Step(id="fetch:m", action=Fetch(model="m", sources={}, size=None), reason=Reason.NOT_ON_VOLUME)
OTHER = Step(id="fetch:o", action=Fetch(model="o", sources={}, size=None), reason=Reason.NOT_ON_VOLUME)
PRUNE = Step(id="prune", action=Prune(trees=(), blobs=(), partials=(), size=0), reason=Reason.UNREFERENCED)


def holding(*digits: str) -> Observed:
    files = tuple(FileDigest(path=f"{one}.onnx", size=1, digest=Digest("sha256:" + one * 64)) for one in digits)
    return Observed(volume=VolumeView(), servers={}, contents={"m": Known(files={None: files})} if digits else {})


def failed(step: Step, before: Setbacks | None = None, *, now: float = 0.0, chance: float = 1.0) -> Setbacks:
    outcome = Outcome(step=step, result=Result.FAILED, reason=Reason.LOAD_FAILED, message="no")
    return noted(before or {}, [outcome], WANTED, holding("a"), Moment(now=now, chance=chance))


def test_each_failure_in_a_row_doubles_the_wait_up_to_the_longest_with_jitter() -> None:
    waits: list[float] = []
    found: Setbacks = {}
    for _ in range(40):
        found = failed(FETCH, found, now=100.0)
        waits.append(found["m"].until - 100.0)
    assert waits[:6] == [FIRST, 2 * FIRST, 4 * FIRST, 8 * FIRST, 16 * FIRST, LONGEST]
    assert waits[-1] == LONGEST
    assert failed(FETCH, chance=0.0)["m"].until == FIRST / 2


def test_it_is_held_back_with_its_last_failure_until_then_and_others_are_not() -> None:
    found = failed(FETCH)
    assert held_back(found, FIRST - 0.1)["m"].failure == Unavailable(
        reason=Reason.LOAD_FAILED, message="fetching failed: no", terminal=False
    )
    assert held_back(found, FIRST) == {}
    assert due(found, 4.0) == FIRST - 4.0
    assert due(found, FIRST) is None
    assert failed_again(FETCH, found)
    assert not failed_again(OTHER, found)


def test_what_was_found_damaged_is_tried_again_at_once_and_later_each_time_after_that() -> None:
    tree = tree_of(Variant(name="m", number=1, data_type="TYPE_FP32"))
    load = Load(model="m", server="s", tree=tree, timeout=1.0, retries=0)
    mended = replace(load, mends=1)

    def outcome(action: Load, result: Result) -> Outcome:
        step = Step(id="load:m", action=action, reason=Reason.NOT_LOADED)
        return Outcome(step=step, result=result, reason=Reason.TREE_DAMAGED)

    moment = Moment(now=5.0, chance=1.0)
    first = noted({}, [outcome(load, Result.FAILED)], WANTED, holding("a"), moment)
    assert held_back(first, 5.0) == {}
    assert noted(first, [outcome(mended, Result.DONE)], WANTED, holding("a"), moment) == {}
    again = noted(first, [outcome(mended, Result.FAILED)], WANTED, holding("a"), moment)
    assert again["m"].until == 5.0 + 2 * FIRST
    assert failed_again(Step(id="load:m", action=replace(load, mends=2), reason=Reason.NOT_LOADED), again)


def test_another_action_of_the_same_model_is_no_repetition() -> None:
    generation = tree_of(Variant(name="m", number=1, data_type="TYPE_FP32")).generation
    gone = Step(id="deactivate:m", action=Deactivate(model="m", generation=generation), reason=Reason.REMOVED)
    assert not failed_again(gone, failed(FETCH))
    assert failed_again(gone, failed(gone, failed(FETCH)))


def test_pruning_that_failed_waits_whatever_it_would_prune_now() -> None:
    bigger = replace(PRUNE, action=Prune(trees=(), blobs=(), partials=("x",), size=0))
    assert failed_again(bigger, failed(PRUNE))
    assert not failed_again(FETCH, failed(PRUNE))


def test_a_success_of_what_had_failed_ends_it_and_that_of_something_else_does_not() -> None:
    moment = Moment(now=0.0, chance=0.0)
    done, elsewhere = (Outcome(step=step, result=Result.DONE) for step in (FETCH, OTHER))
    cancelled = Outcome(step=FETCH, result=Result.CANCELLED)
    assert noted(failed(FETCH), [done], WANTED, holding("a"), moment) == {}
    assert noted(failed(FETCH), [elsewhere, cancelled], WANTED, holding("a"), moment) == failed(FETCH)
    generation = tree_of(Variant(name="m", number=1, data_type="TYPE_FP32")).generation
    gone = Step(id="deactivate:m", action=Deactivate(model="m", generation=generation), reason=Reason.REMOVED)
    other = Outcome(step=gone, result=Result.DONE)
    assert noted(failed(FETCH), [other], WANTED, holding("a"), moment) == failed(FETCH)


def test_what_is_wanted_or_held_by_its_source_now_begins_afresh() -> None:
    found = failed(FETCH)
    assert current(found, WANTED, holding("a")) == found
    assert current(found, WANTED, holding()) == found, "a source that cannot be read just now is no other one"
    assert current(found, WANTED, holding("b")) == {}
    respecified = Desired(revision="s", models={"m": replace(SPEC, framework="onnxruntime")})
    assert current(found, respecified, holding("a")) == {}
    assert current(found, Desired(revision="t"), holding("a")) == {}
