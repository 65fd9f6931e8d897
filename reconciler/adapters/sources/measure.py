"""Every file of a source with its digest and its immutable id, for a lock: streamed and hashed, nothing of it kept.

What is known already is not read again: from the lock as it was, and from what a volume remembers.
"""

from collections.abc import Callable
from dataclasses import replace

from reconciler.adapters.sources.hashing import Stream
from reconciler.adapters.sources.measure_loose import measured_files
from reconciler.adapters.sources.measure_packed import measured_archive
from reconciler.adapters.sources.promises import verify
from reconciler.adapters.sources.remembered import Remembered
from reconciler.adapters.sources.selection import Loose, Packed, select
from reconciler.adapters.sources.store import Store
from reconciler.core.locked import LockedSource
from reconciler.core.spec import Source


def measure(
    store: Store, source: Source, remembered: Remembered, cancelled: Callable[[], bool] = lambda: False
) -> LockedSource:
    """What the source holds now; `source.locked` is the lock as it was. Raises TransientError or TerminalError."""
    stream = Stream(store, cancelled)
    match select(store.listing(), source):
        case Loose(files=files):
            found = measured_files(stream, files, source.locked, remembered)
        case Packed(archive=archive):
            found = measured_archive(stream, archive, source, remembered)
    verify(replace(source, locked=None), found.content)
    return found
