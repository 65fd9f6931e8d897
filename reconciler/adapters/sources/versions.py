"""Stores that keep what an object was before: what a lock names can be had although the source has moved on."""

from typing import Protocol, runtime_checkable

from reconciler.adapters.sources.listing import Listed
from reconciler.adapters.sources.store import Store
from reconciler.core.locked import Pin


@runtime_checkable
class Versioned(Store, Protocol):
    """A store that gives an object by its version. Both raise TerminalError or TransientError."""

    def pinned(self, file: Listed) -> Listed:
        """The listed file with its version, if it has one."""

    def locked(self, path: str, size: int | None, pin: Pin) -> Listed | None:
        """The file as it was, without a listing; None if its version is not known."""
