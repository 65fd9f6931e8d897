"""One source on its way to the volume: its files received beside, checked for length, and given their true names."""

import os
import threading
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from reconciler.adapters.sources import Listed, Store, shown
from reconciler.adapters.volume import disk
from reconciler.adapters.volume.memory import Recollection, Seen
from reconciler.adapters.volume.part import RANGE, Part
from reconciler.adapters.volume.shelf import Shelf, whole
from reconciler.core import digest as digests
from reconciler.core.digest import Digest, FileDigest
from reconciler.core.errors import Reason, TransientError
from reconciler.core.spec import Source

_BATCH, _BATCH_BYTES = 1000, 256 << 20
"""Files, and bytes, that are synced together."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """`arrived` and `placed` grow as files get their final names; `stop` makes those still under way give up.

    `beside`: whole files that are not synced yet, with their digests.
    """

    shelf: Shelf
    source: Source
    store: Store
    workshop: str
    watch: disk.Watch
    arrived: dict[str, Seen] = field(default_factory=dict)
    placed: list[Digest] = field(default_factory=list)
    beside: list[tuple[str, Listed | None, FileDigest]] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)
    guard: threading.Lock = field(default_factory=threading.Lock)

    def receive(self, file: Listed) -> FileDigest:
        """Receives a listed file, which `settle` makes a blob. Raises TransientError or TerminalError."""
        with disk.translated(f"store {file.path}"):
            path = self.bench()
            digest, size = disk.receive(self.watched(whole(self.store, file)), path, sync=False)
        return self.settle_later(path, file, FileDigest(path=file.path, size=size, digest=digest))

    def settle_later(self, path: str, file: Listed | None, found: FileDigest) -> FileDigest:
        """Takes a whole file in, and settles when there are enough of them."""
        with self.guard:
            self.beside.append((path, file, found))
            enough = len(self.beside) >= _BATCH or sum(each.size for _, _, each in self.beside) >= _BATCH_BYTES
        if enough:
            self.settle()
        return found

    def settle(self) -> None:
        """Syncs what has arrived whole, and gives it its true names."""
        with self.guard:
            batch = list(self.beside)
            self.beside.clear()
        if batch:
            with disk.translated("store what has arrived"):
                disk.sync_filesystem(self.workshop)
                for path, file, found in batch:
                    self.name(path, file, found)

    def name(self, path: str, file: Listed | None, found: FileDigest) -> None:
        """Makes a synced file a blob."""
        self.shelf.blobs.place(path, found.digest)
        with self.guard:
            self.placed.append(found.digest)
            if file is not None and file.fingerprint is not None:
                self.arrived[file.path] = Seen(fingerprint=file.fingerprint, file=found)

    def goes_in_ranges(self, file: Listed) -> bool:
        """Whether the file is worth it, and can be told from a later one of the same name."""
        return self.store.ranged and file.fingerprint is not None and (file.size or 0) > 2 * RANGE

    def part(self, file: Listed) -> Part:
        """The file as far as it is here. Raises TransientError(NO_SPACE) if the rest does not fit."""
        identity = (*self.shelf.sources.identity(self.source), file.locator, file.fingerprint or "", str(file.size))
        name = digests.hexdigits(digests.of_bytes("\0".join(identity).encode()))
        with disk.translated(f"store {file.path}"):
            return Part.open(self.shelf.places.below("partial", name), file.size or 0)

    def receive_range(self, file: Listed, part: Part, index: int) -> None:
        """Receives one range of a big file."""
        with disk.translated(f"store {file.path}"):
            part.receive(index, lambda first, past: self.watched(self.store.blocks(file, first, past)))

    def complete(self, file: Listed, part: Part, ready: Callable[[int], None]) -> FileDigest:
        """Hashes a big file while it arrives, and makes it a blob."""
        with disk.translated(f"store {file.path}"):
            found = FileDigest(path=file.path, size=part.size, digest=part.digest(ready))
            part.finish()
            self.name(part.path, file, found)
        return found

    def watched(self, blocks: Iterator[bytes]) -> Iterator[bytes]:
        """The blocks, told to whom it concerns. Raises TransientError if asked to stop."""
        for block in blocks:
            if self.stop.is_set():
                raise TransientError(Reason.CANCELLED, "stopped, because another file failed")
            self.watch.moved(len(block))
            yield block

    def bench(self) -> str:
        """A name for something half-made."""
        return os.path.join(self.workshop, uuid.uuid4().hex)

    def recall(self) -> Recollection:
        """What is known of the source."""
        return self.shelf.memory.recall(self.shelf.sources.identity(self.source))

    def remember(self, found: Recollection) -> None:
        """Keeps what was learnt of the source, once the blobs it speaks of are durable."""
        if self.placed:
            self.shelf.blobs.sync(self.placed)
        self.shelf.memory.keep(self.shelf.sources.identity(self.source), found, self.workshop)

    def check_space(self, needed: int) -> None:
        """Raises TransientError(NO_SPACE) if so many bytes do not fit."""
        free = disk.free_bytes(self.workshop)
        if needed > free:
            words = f"{shown(self.source.uri)} needs {needed} bytes, {needed - free} more than the {free} that are free"
            hint = "Make room: enlarge the volume, or remove models from the desired state; the next pass tries again."
            raise TransientError(Reason.NO_SPACE, words, hint)
