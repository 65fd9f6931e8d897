"""Files that have arrived whole and wait for their final names: many small ones are synced together."""

import functools
import itertools
import threading
import uuid
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field

from reconciler.adapters.sources import Listed
from reconciler.adapters.volume import beside, disk
from reconciler.adapters.volume.blobs import Blobs
from reconciler.adapters.volume.memory import Seen
from reconciler.core.digest import Digest, FileDigest

_BATCH, _BATCH_BYTES = 4000, 256 << 20
"""Files, and bytes, that are synced together."""


@dataclass(slots=True)
class _Batch:
    """Whole files without their final names."""

    rows: list[tuple[str, Listed | None, FileDigest]] = field(default_factory=list)
    size: int = 0


def _nothing() -> Future[None]:
    ended: Future[None] = Future()
    ended.set_result(None)
    return ended


@dataclass(slots=True)
class Arrivals:
    """`seen` and `placed` grow as files get their final names. Safe to use from several threads."""

    blobs: Blobs
    workshop: str
    seen: dict[str, Seen] = field(default_factory=dict)
    placed: list[Digest] = field(default_factory=list)
    _batch: _Batch = field(default_factory=_Batch)
    _settled: Future[None] = field(default_factory=_nothing)
    _guard: threading.Lock = field(default_factory=threading.Lock)
    _prefix: str = field(default_factory=lambda: uuid.uuid4().hex)
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def bench(self) -> str:
        """A name for something half-made; the workshop is nobody else's."""
        return f"{self.workshop}/{self._prefix}-{next(self._numbers)}"

    def add(self, path: str, found: FileDigest, listed: Listed | None) -> None:
        """Takes a whole file in; enough of them are named beside all else. Raises what that raised before."""
        with self._guard:
            self._batch.rows.append((path, listed, found))
            self._batch.size += found.size
            if len(self._batch.rows) >= _BATCH or self._batch.size >= _BATCH_BYTES or self._settled.done():
                self._settled.result()
            if len(self._batch.rows) >= _BATCH or self._batch.size >= _BATCH_BYTES:
                try:
                    self._settled = beside.begun(functools.partial(self._settle, self._batch), "settle")
                except RuntimeError:
                    return  # there may be no more threads: it is named with the next, or at the end
                self._batch = _Batch()

    def settle(self) -> None:
        """Syncs what has arrived whole, and gives it its final names. Raises TransientError or TerminalError."""
        with self._guard:
            batch, self._batch = self._batch, _Batch()
            try:
                self._settled.result()
            finally:
                self._settle(batch)

    def _settle(self, batch: _Batch) -> None:
        if batch.rows:
            with disk.translated("store what has arrived"):
                disk.sync_filesystem(self.workshop)
                self._name(batch.rows)

    def name(self, path: str, found: FileDigest, listed: Listed | None) -> None:
        """Makes a synced file a blob. `listed` is None for what nothing tells a change of."""
        self._name([(path, listed, found)])

    def _name(self, rows: list[tuple[str, Listed | None, FileDigest]]) -> None:
        for path, listed, found in rows:
            self.blobs.place(path, found.digest)
            self.placed.append(found.digest)  # safe from several threads, like the next
            if listed is not None and listed.fingerprint is not None:
                self.seen[listed.path] = Seen(fingerprint=listed.fingerprint, file=found)
