"""What tells a listed object from what it may be later, as a lock notes it."""

from reconciler.adapters.sources.abilities import Versioned
from reconciler.adapters.sources.listing import Listed
from reconciler.adapters.sources.store import Store
from reconciler.core.locked import UNPINNED, Pin


def pinned(store: Store, file: Listed) -> Listed:
    """With its version, where the store keeps any. Raises TransientError or TerminalError."""
    return store.pinned(file) if isinstance(store, Versioned) else file


def pin_of(store: Store, file: Listed) -> Pin:
    """What tells local files apart means nothing on another machine, nor at another time."""
    return UNPINNED if store.reads_locally else Pin(fingerprint=file.fingerprint, version=file.version)


def is_same(file: Listed, pin: Pin, size: int | None) -> bool:
    """Whether what is listed is what was pinned."""
    return file.fingerprint is not None and file.fingerprint == pin.fingerprint and file.size in (None, size)
