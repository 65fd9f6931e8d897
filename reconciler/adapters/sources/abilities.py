"""What some stores can do beside listing and reading."""

from collections.abc import Generator, Sequence
from typing import Protocol, runtime_checkable

from reconciler.adapters.sources.flock import Turns
from reconciler.adapters.sources.listing import Listed
from reconciler.adapters.sources.store import Store
from reconciler.core.locked import Pin


@runtime_checkable
class Versioned(Store, Protocol):
    """A store that keeps what an object was before: what a lock names can be had although the source has moved on.

    Both raise TerminalError or TransientError.
    """

    def pinned(self, file: Listed) -> Listed:
        """The listed file with its version, if it has one."""

    def locked(self, path: str, size: int | None, pin: Pin) -> Listed | None:
        """The file as it was, without a listing; None if its version is not known."""


@runtime_checkable
class Bulk(Store, Protocol):
    """A store that may have a faster way for many small files (`small` says which those are)."""

    @property
    def goes_straight(self) -> bool:
        """Whether it has one."""

    def contents(self, files: Sequence[Listed], turns: Turns) -> Generator[tuple[Listed, memoryview], None, None]:
        """Files with all of their bytes, which count until the next is asked for: as many as come, and no error."""
