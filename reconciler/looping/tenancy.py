"""The volume's lock for as long as a pass, or anything that it began, needs it: other runs may have it in between."""

import os
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from reconciler.passes.looking import Pass


@dataclass(slots=True)
class _Held:
    lock: ExitStack
    users: int = 0


@dataclass(slots=True, kw_only=True)
class Tenancy:
    """Locks by volume, held for `owner`; any thread may use it."""

    owner: str
    _held: dict[str, _Held] = field(default_factory=dict)
    _change: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def of(self, one: Pass) -> Iterator[None]:
        """Holds the lock of the pass's volume, with all others that do so in here. Raises LockedError."""
        key = os.path.realpath(one.target.volume)
        with self._change:
            if key not in self._held:
                with ExitStack() as stack:
                    stack.enter_context(one.world.volume.lock(self.owner))
                    self._held[key] = _Held(stack.pop_all())
            self._held[key].users += 1
        try:
            yield
        finally:
            with self._change:
                held = self._held[key]
                held.users -= 1
                if not held.users:
                    self._held.pop(key).lock.close()
