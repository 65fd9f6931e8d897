"""A server that did not answer in time is doubted: asked whether it is there before anything more is asked of it.

Promise: a server that hangs costs a run one timeout for each of the operations under way, not one for each step.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from reconciler.core.errors import Reason, TransientError
from reconciler.core.observed import ServerView, Unreachable
from reconciler.core.plan import Load, Unload
from reconciler.core.spec import Probe
from reconciler.executor.hands import Server

_SILENT = frozenset({Reason.TIMED_OUT, Reason.SERVER_UNREACHABLE})
AGAIN = 60.0
"""Seconds before a server that did not answer is asked again."""


class Doubting:
    """A server of the executor's; `clock` in seconds."""

    def __init__(self, server: Server, clock: Callable[[], float]) -> None:
        self._server, self._clock = server, clock
        self._doubted = False
        self._silent: Unreachable | None = None
        self._until = 0.0

    def observe(self) -> ServerView:
        """What the server has now; a while long without asking it, if it did not answer."""
        if self._silent is not None and self._clock() < self._until:
            return self._silent
        view = self._server.observe()
        self._silent = view if isinstance(view, Unreachable) else None
        self._doubted = self._silent is not None
        self._until = self._clock() + AGAIN
        return view

    def load(self, action: Load) -> frozenset[str]:
        """As the server does."""
        with self._watched():
            return self._server.load(action)

    def load_together(self, actions: Sequence[Load]) -> frozenset[str]:
        """As the server does; nobody comes up on one that does not answer."""
        if self._doubted and isinstance(self.observe(), Unreachable):
            return frozenset()
        return self._server.load_together(actions)

    def probe(self, model: str, probes: tuple[Probe, ...]) -> None:
        """As the server does."""
        with self._watched():
            self._server.probe(model, probes)

    def reload(self, model: str, timeout: float) -> None:
        """As the server does."""
        with self._watched():
            self._server.reload(model, timeout)

    def unload(self, action: Unload) -> None:
        """As the server does."""
        with self._watched():
            self._server.unload(action)

    @contextmanager
    def _watched(self) -> Iterator[None]:
        if self._doubted and isinstance(view := self.observe(), Unreachable):
            told = f"it has stopped to answer in this run, so nothing more is asked of it: {view.message}"
            raise TransientError(view.reason, told, "other servers are not held up by it; the next run looks again")
        try:
            yield
        except TransientError as error:
            self._doubted = self._doubted or error.reason in _SILENT
            raise
