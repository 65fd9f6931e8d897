"""One at a time for each place: what two models want is fetched by one, and found by the other that waited."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Turns:
    """Locks by place. Safe to use from several threads."""

    _locks: dict[tuple[str, ...], threading.Lock] = field(default_factory=dict)
    _guard: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def alone(self, place: tuple[str, ...]) -> Iterator[None]:
        """Nobody else has this place meanwhile."""
        with self._guard:
            lock = self._locks.setdefault(place, threading.Lock())
        with lock:
            yield
