"""Files that have arrived whole and wait for their final names: many small ones are synced together."""

import os
import threading
import uuid
from dataclasses import dataclass, field

from reconciler.adapters.sources import Listed
from reconciler.adapters.volume import disk
from reconciler.adapters.volume.blobs import Blobs
from reconciler.adapters.volume.memory import Seen
from reconciler.core.digest import Digest, FileDigest

_BATCH, _BATCH_BYTES = 1000, 256 << 20
"""Files, and bytes, that are synced together."""


@dataclass(frozen=True, slots=True)
class Arrivals:
    """`seen` and `placed` grow as files get their final names. Safe to use from several threads."""

    blobs: Blobs
    workshop: str
    seen: dict[str, Seen] = field(default_factory=dict)
    placed: list[Digest] = field(default_factory=list)
    _beside: list[tuple[str, Listed | None, FileDigest]] = field(default_factory=list)
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def bench(self) -> str:
        """A name for something half-made."""
        return os.path.join(self.workshop, uuid.uuid4().hex)

    def add(self, path: str, found: FileDigest, listed: Listed | None) -> None:
        """Takes a whole file in, and names what has come when there is enough of it."""
        with self._guard:
            self._beside.append((path, listed, found))
            enough = len(self._beside) >= _BATCH or sum(each.size for _, _, each in self._beside) >= _BATCH_BYTES
        if enough:
            self.settle()

    def settle(self) -> None:
        """Syncs what has arrived whole, and gives it its final names."""
        with self._guard:
            batch = list(self._beside)
            self._beside.clear()
        if batch:
            with disk.translated("store what has arrived"):
                disk.sync_filesystem(self.workshop)
                for path, listed, found in batch:
                    self.name(path, found, listed)

    def name(self, path: str, found: FileDigest, listed: Listed | None) -> None:
        """Makes a synced file a blob. `listed` is None for what nothing tells a change of."""
        self.blobs.place(path, found.digest)
        with self._guard:
            self.placed.append(found.digest)
            if listed is not None and listed.fingerprint is not None:
                self.seen[listed.path] = Seen(fingerprint=listed.fingerprint, file=found)
