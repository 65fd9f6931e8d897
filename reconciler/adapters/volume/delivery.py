"""One source on its way to the volume: its files received beside, checked for length, and given their true names."""

import os
import threading
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field

from reconciler.adapters.sources import Listed, Store, shown
from reconciler.adapters.volume import disk
from reconciler.adapters.volume.memory import Recollection, Seen
from reconciler.adapters.volume.shelf import Shelf, whole
from reconciler.core.digest import Digest, FileDigest
from reconciler.core.errors import Reason, TransientError
from reconciler.core.spec import Source


@dataclass(frozen=True, slots=True)
class Delivery:
    """`arrived` and `placed` grow as files get their final names; `stop` makes those still under way give up."""

    shelf: Shelf
    source: Source
    store: Store
    workshop: str
    watch: disk.Watch
    arrived: dict[str, Seen] = field(default_factory=dict)
    placed: list[Digest] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)

    def receive(self, file: Listed) -> FileDigest:
        """Makes a listed file a blob. Raises TransientError or TerminalError."""
        with disk.translated(f"store {file.path}"):
            beside = self.bench()
            digest, size = disk.receive(self.watched(file), beside)
            self.shelf.blobs.place(beside, digest)
        arrived = FileDigest(path=file.path, size=size, digest=digest)
        self.placed.append(digest)
        if file.fingerprint is not None:
            self.arrived[file.path] = Seen(fingerprint=file.fingerprint, file=arrived)
        return arrived

    def watched(self, file: Listed) -> Iterator[bytes]:
        """The file's blocks, told to whom it concerns. Raises TransientError if asked to stop."""
        for block in whole(self.store, file):
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
