"""Turns of a loop where nothing has changed: the same is told without a look; where anything has, a look is taken."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest

from reconciler import executor, reconcile
from reconciler.core.progress import Silent
from reconciler.looping import bookkeeping, turning
from reconciler.looping.bookkeeping import Books
from reconciler.looping.flights import Flights
from reconciler.looping.patience import Patience
from reconciler.looping.tenancy import Tenancy
from reconciler.looping.turn import Turn
from reconciler.looping.turning import Turning
from reconciler.passes.audience import audience
from tests.test_glancing import CHANGES, NOW, Desk, desk, link_gone, same, unpinned

__all__ = ["desk"]  # a fixture


@dataclass(slots=True, kw_only=True)
class Wheel:
    """A loop that turns only when it is told to; `looks` counts the turns that were planned."""

    desk: Desk
    turning: Turning
    looks: int = 0
    hour: list[datetime] = field(default_factory=lambda: [NOW])

    def turn(self, *, last: bool = False) -> Turn:
        return self.turning.turn(last=last)


@pytest.fixture
def wheel(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Iterator[Wheel]:
    """Two turns after all was as git wants it."""
    options = desk.options
    with executor.pools() as pools:
        flights = Flights(pools=pools, reporter=Silent(), wake=lambda: None)
        hour = [NOW]
        made = Turning(
            options=options,
            flights=flights,
            hold=Tenancy(owner="test").of,
            books=Books(audience=audience(options)),
            now=lambda: hour[0],
        )
        found = Wheel(desk=desk, turning=made, hour=hour)
        planned = Turning._planned

        def counted(self: Turning, *arguments: object, **more: object) -> Turn:
            found.looks += 1
            return planned(self, *arguments, **more)  # type: ignore[arg-type]

        monkeypatch.setattr(turning.Turning, "_planned", counted)
        assert found.turn().converged
        assert found.looks == 1
        yield found
        assert flights.wait(30)


def test_where_nothing_has_changed_a_turn_tells_the_same_without_a_look(wheel: Wheel) -> None:
    first = wheel.turn()
    wheel.hour[0] += timedelta(minutes=1)
    again = wheel.turn()
    assert wheel.looks == 1
    assert again.converged
    assert again.began == wheel.hour[0]
    assert again.report.result == first.report.result
    assert again.report.statuses == first.report.statuses
    assert again.report.look is again.look
    assert same(again.look.plan, wheel.desk.fresh())


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_whatever_changes_is_planned_for(wheel: Wheel, change: Callable[[Desk], None]) -> None:
    change(wheel.desk)
    expected = wheel.desk.fresh()
    told = wheel.turn()
    assert wheel.looks == 2
    assert same(told.look.plan, expected)


def test_a_turn_that_had_something_to_do_is_followed_by_looks_until_all_is_quiet(wheel: Wheel) -> None:
    link_gone(wheel.desk)
    assert wheel.turn().begun
    assert wheel.turning.flights.wait(30)
    ended = wheel.turn()
    assert ended.report.outcomes
    assert ended.report.published or wheel.turn().report.outcomes == ()
    quiet = wheel.turn()
    assert not quiet.report.outcomes, "what came of a step is told once"
    before = wheel.looks
    wheel.turn()
    assert wheel.looks == before


def test_the_last_turn_always_looks(wheel: Wheel) -> None:
    wheel.turn(last=True)
    assert wheel.looks == 2


def test_each_day_is_another_one(wheel: Wheel) -> None:
    wheel.hour[0] += timedelta(days=1)
    wheel.turn()
    assert wheel.looks == 2


def test_what_could_not_be_written_is_written_by_the_next_turn(wheel: Wheel, monkeypatch: pytest.MonkeyPatch) -> None:
    link_gone(wheel.desk)
    wheel.turn()
    assert wheel.turning.flights.wait(30)
    monkeypatch.setattr(bookkeeping, "published", lambda _, report: replace(report, unpublished="not now"))
    for _ in range(3):
        wheel.turn()
    assert wheel.looks == 5


def test_what_is_to_be_tried_again_is_not_forgotten(wheel: Wheel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Patience, "tried", True)
    wheel.turn(last=True)
    wheel.turn()
    assert wheel.looks == 3


def test_another_run_at_work_meanwhile_is_seen(wheel: Wheel) -> None:
    link_gone(wheel.desk)
    wheel.desk.apply()
    assert wheel.turn().converged
    assert wheel.looks == 2
    assert reconcile.look(wheel.desk.options, now=NOW).plan.empty


def test_sources_without_a_digest_are_asked_each_time(wheel: Wheel) -> None:
    unpinned(wheel.desk)
    for _ in range(3):
        wheel.turn()
    before = wheel.looks
    assert wheel.turn().converged
    assert wheel.looks == before, "they said the same"
    wheel.desk.ground.source("alpha", 7)
    found = wheel.turn()
    assert [line.model for line in found.look.plan.models if line.steps] == ["alpha"]
    assert wheel.looks == before + 1


def test_a_source_that_cannot_be_read_any_more_is_told(wheel: Wheel) -> None:
    unpinned(wheel.desk)
    for _ in range(3):
        wheel.turn()
    shutil.rmtree(wheel.desk.ground.source("alpha"))
    before = wheel.looks
    (line,) = (line for line in wheel.turn().look.plan.models if line.model == "alpha")
    assert "alpha" in line.message
    assert wheel.looks == before + 1
