"""A server that is given nothing to load whose files were not read just before, and found to be what they should be.

Promise: what is served was verified. What is loaded because git wants it, again after a restart, or to put something
back goes this way; a directory that is not ours, whose digests nobody knows, does not.
"""

from collections.abc import Sequence
from typing import Protocol

from reconciler.core.errors import ReconcileError
from reconciler.core.observed import ServerView
from reconciler.core.plan import Load, Unload
from reconciler.core.spec import Probe
from reconciler.executor.hands import Server


class Prover(Protocol):
    """The volume that a server reads."""

    def prove(self, action: Load) -> None:
        """Read all that the load will read; raise TransientError if it is not what it should be."""


class Proven:
    """A server of the executor's, and the volume that it reads."""

    def __init__(self, server: Server, volume: Prover) -> None:
        self._server, self._volume = server, volume

    def observe(self) -> ServerView:
        """As the server does."""
        return self._server.observe()

    def load(self, action: Load) -> frozenset[str]:
        """As the server does, once all is read. Raises TransientError (TreeDamaged, LinkRepointed), too."""
        self._volume.prove(action)
        return self._server.load(action)

    def load_together(self, actions: Sequence[Load]) -> frozenset[str]:
        """As the server does, without what is damaged: that is told where it is loaded by itself."""
        whole = [action for action in actions if self._is_whole(action)]
        return self._server.load_together(whole) if len(whole) > 1 else frozenset()

    def probe(self, model: str, probes: tuple[Probe, ...]) -> None:
        """As the server does."""
        self._server.probe(model, probes)

    def reload(self, model: str, timeout: float) -> None:
        """As the server does."""
        self._server.reload(model, timeout)

    def unload(self, action: Unload) -> None:
        """As the server does."""
        self._server.unload(action)

    def _is_whole(self, action: Load) -> bool:
        try:
            self._volume.prove(action)
        except ReconcileError:
            return False
        return True
