"""What wakes the loop of `reconcile run`."""

import queue
import time
from collections.abc import Iterator

import pytest

from reconciler.core.errors import Reason, TransientError
from reconciler.looping.bell import Bell, Wake, Watch


def rung(bell: Bell) -> int:
    """How often somebody rang."""
    return sum(1 for _ in iter(lambda: bell.wait(0.0), None))


def watched(*tips: str | None) -> int:
    """How often it rings while git's ref is there in turn; None is a remote that does not answer."""
    bell, left = Bell(), iter(tips)
    ends: Iterator[bool] = iter([False] * (len(tips) - 1) + [True])

    def tip() -> str:
        found = next(left)
        if found is None:
            raise TransientError(Reason.REPOSITORY_UNREACHABLE, "no route")
        return found

    Watch(tip, bell).keep(0.0, lambda _: next(ends))
    return rung(bell)


def test_it_rings_once_for_each_move() -> None:
    assert watched("a", "a", "b", "b", "a") == 2
    assert watched("a", "a", "a") == 0


def test_a_remote_that_does_not_answer_is_no_move_and_one_that_never_had_is_one() -> None:
    assert watched("a", None, "a") == 0
    assert watched("a", None, "b") == 1
    assert watched(None, "a") == 1


def test_who_rings_twice_is_heard_twice_and_in_order() -> None:
    bell = Bell()
    bell.ring(Wake.ASKED)
    bell.ring(Wake.STOP)
    assert [bell.wait(0.0), bell.wait(0.0), bell.wait(0.0)] == [Wake.ASKED, Wake.STOP, None]


def test_a_signal_just_before_the_wait_is_handled_within_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []

    class Deaf:
        """A queue in which nothing interrupts a wait: a handler runs only between two of them."""

        def get(self, timeout: float) -> Wake:
            waited.append(timeout)
            if len(waited) < 3:
                raise queue.Empty
            return Wake.STOP

    bell = Bell()
    monkeypatch.setattr(bell, "_rung", Deaf())
    assert bell.wait(600.0) is Wake.STOP
    assert max(waited) < 1.0


def test_nobody_is_waited_for_longer_than_was_asked() -> None:
    began = time.monotonic()
    assert Bell().wait(0.7) is None
    assert 0.7 <= time.monotonic() - began < 30
