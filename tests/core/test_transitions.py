"""Which models turned, as events."""

from dataclasses import replace

from reconciler.core.errors import Reason
from reconciler.core.statuses.conditions import Condition, Kind, ModelStatus, Truth
from reconciler.core.statuses.transitions import TYPE, Transition, event, transitions
from tests.core.status_worlds import LATER, NEW, NOW

SOURCE = "https://github.com/o/r"


def model(truth: Truth | None, since: str = NOW, revision: str = "c1") -> dict[str, ModelStatus]:
    conditions = {}
    if truth is not None:
        conditions[Kind.READY] = Condition(
            kind=Kind.READY, status=truth, reason=Reason.LOAD_FAILED, message="words", last_transition_time=since
        )
    return {"m": ModelStatus(name="m", target="prod", revision=revision, generation=NEW, conditions=conditions)}


def turned(before: dict[str, ModelStatus], after: dict[str, ModelStatus], now: str = LATER) -> tuple[Transition, ...]:
    return transitions(before, after, target="prod", source=SOURCE, now=now)


def test_nothing_is_told_where_ready_is_as_it_was() -> None:
    assert turned(model(Truth.TRUE), model(Truth.TRUE)) == ()
    assert turned(model(None), model(None)) == ()
    assert turned({}, model(None)) == ()


def test_a_model_that_turned_is_told_with_what_it_was() -> None:
    (one,) = turned(model(Truth.TRUE), model(Truth.FALSE, LATER, "c2"))
    assert (one.before, one.ready, one.time, one.reason, one.revision) == ("True", "False", LATER, "LoadFailed", "c2")


def test_a_new_model_was_absent_before_and_one_that_is_gone_is_removed() -> None:
    (new,) = turned({}, model(Truth.TRUE))
    assert (new.before, new.ready) == ("Absent", "True")
    (gone,) = turned(model(Truth.TRUE), {})
    assert (gone.before, gone.ready, gone.time, gone.reason) == ("True", "Removed", LATER, "Removed")


def test_the_same_transition_seen_twice_has_one_id_and_each_other_has_its_own() -> None:
    (seen,) = turned(model(Truth.TRUE), model(Truth.FALSE, LATER))
    (again,) = turned(model(Truth.TRUE), model(Truth.FALSE, "2026-11-21T05:00:00Z"))
    assert seen.id == again.id
    others = [
        *turned(model(Truth.TRUE, LATER), model(Truth.FALSE)),
        *turned(model(Truth.TRUE), model(Truth.UNKNOWN)),
        *turned(model(Truth.TRUE), {}),
        *turned({}, model(Truth.FALSE)),
        *turned({}, model(Truth.FALSE, revision="c2")),
        *transitions(model(Truth.TRUE), model(Truth.FALSE), target="staging", source=SOURCE, now=NOW),
        *transitions(model(Truth.TRUE), model(Truth.FALSE), target="prod", source="other", now=NOW),
    ]
    assert len({seen.id, *(each.id for each in others)}) == 8


def test_transitions_come_in_the_order_of_their_models() -> None:
    names = ("b", "a", "c")
    after = {name: replace(model(Truth.TRUE)["m"], name=name) for name in names}
    before = {"aa": replace(model(Truth.TRUE)["m"], name="aa")}
    assert [each.model for each in turned(before, after)] == ["a", "aa", "b", "c"]


def test_an_event_has_what_cloudevents_asks_for() -> None:
    (one,) = turned({}, model(Truth.TRUE))
    assert event(one, SOURCE) == {
        "specversion": "1.0",
        "id": one.id,
        "source": SOURCE,
        "type": TYPE,
        "subject": "prod/m",
        "time": NOW,
        "datacontenttype": "application/json",
        "data": {
            "target": "prod",
            "model": "m",
            "ready": "True",
            "before": "Absent",
            "reason": "LoadFailed",
            "message": "words",
            "generation": NEW,
            "revision": "c1",
        },
    }
