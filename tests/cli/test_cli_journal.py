"""What the journal of a loop does besides talking."""

import gc

import pytest

from reconciler.cli import journal
from reconciler.cli.voice import Voice
from tests.test_resting import Wheel, desk, wheel

__all__ = ["desk", "wheel"]  # fixtures


def test_garbage_is_looked_for_at_most_twice_a_minute(wheel: Wheel, monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[int] = []
    monkeypatch.setattr(gc, "collect", lambda: looks.append(1))
    spoken = journal.Spoken(Voice(as_json=False, err=False))
    spoken.turned(wheel.turn())
    assert looks == []
    spoken._swept -= journal._SWEEP
    for _ in range(3):
        spoken.turned(wheel.turn())
    assert looks == [1]
