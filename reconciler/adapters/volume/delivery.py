"""One source on its way to the volume: its files received beside, checked for length, and given their true names."""

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from reconciler.adapters.sources import BusyError, Listed, Store, shown
from reconciler.adapters.volume import disk
from reconciler.adapters.volume.arrivals import Arrivals
from reconciler.adapters.volume.memory import Seen
from reconciler.adapters.volume.part import RANGE, Part
from reconciler.adapters.volume.shelf import Shelf, whole
from reconciler.core.digest import FileDigest
from reconciler.core.errors import Reason, TransientError
from reconciler.core.spec import Source

_TRIES, _PAUSE = 4, 0.5
"""Tries without a byte, and seconds before the second of them; three times as long before each of the next.

obstore, which does not tell of Retry-After, tries each of them a few times itself: a store that says 429 or 503 gets
half a minute in all, and what never answers is given up after some minutes.
"""


@dataclass(frozen=True, slots=True)
class Delivery:
    """`arrivals` are whole files on their way to a final name; `stop` makes those still under way give up.

    `afresh`: what is remembered does not count. `trusted` are files that are not only from this reading.
    """

    shelf: Shelf
    source: Source
    store: Store
    watch: disk.Watch
    arrivals: Arrivals
    afresh: bool = False
    trusted: set[str] = field(default_factory=set)
    stop: threading.Event = field(default_factory=threading.Event)

    @property
    def workshop(self) -> str:
        """Where half-made things are."""
        return self.arrivals.workshop

    def receive(self, file: Listed) -> FileDigest:
        """Receives a listed file. Raises TransientError or TerminalError."""
        with disk.translated(f"store {file.path}"):
            path = self.arrivals.bench()
            digest, size = disk.receive(self.watched(self.patiently(file, 0, None)), path, sync=False)
        found = FileDigest(path=file.path, size=size, digest=digest)
        self.arrivals.add(path, found, file)
        return found

    def goes_in_ranges(self, file: Listed) -> bool:
        """Whether the file is worth it, and can be told from a later one of the same name."""
        return file.fingerprint is not None and (file.size or 0) > 2 * RANGE and self.store.gives_ranges(file)

    def part(self, file: Listed) -> Part:
        """The file as far as it is here. Raises TransientError(NO_SPACE) if the rest does not fit."""
        version = (file.locator, file.fingerprint or "", str(file.size))
        path = self.shelf.memory.partial((*self.shelf.sources.identity(self.source), *version))
        with disk.translated(f"store {file.path}"):
            part = Part.open(path, file.size or 0)
        self.trusted.update([file.path] if part.done else [])
        return part

    def receive_range(self, file: Listed, part: Part, index: int) -> None:
        """Receives one range of a big file."""
        try:
            with disk.translated(f"store {file.path}"):
                part.receive(index, lambda first, past: self.watched(self.patiently(file, first, past)))
        except TransientError as error:
            if error.reason is Reason.SOURCE_CHANGED:
                part.stale.set()
            raise

    def complete(self, file: Listed, part: Part, ready: Callable[[int], None]) -> FileDigest:
        """Hashes a big file while it arrives, and makes it a blob."""
        with disk.translated(f"store {file.path}"):
            found = FileDigest(path=file.path, size=part.size, digest=part.digest(ready))
            part.finish()
            self.arrivals.name(part.path, found, file)
        return found

    def patiently(self, file: Listed, first: int, past: int | None) -> Iterator[bytes]:
        """The bytes; where the connection breaks they go on from there, if the store can and the file is the same."""
        tries = 0
        while True:
            try:
                for block in whole(self.store, file, first, past):
                    first, tries = first + len(block), 0
                    yield block
                return
            except TransientError as error:
                tries += 1
                known = file.fingerprint is not None and error.reason is not Reason.SOURCE_CHANGED
                if not known or tries > _TRIES or (first and not self.store.gives_ranges(file)):
                    raise
                if self.stop.wait(_rest(error, tries)):
                    raise

    def watched(self, blocks: Iterator[bytes]) -> Iterator[bytes]:
        """The blocks, told to whom it concerns. Raises TransientError if asked to stop."""
        for block in blocks:
            if self.stop.is_set():
                raise TransientError(Reason.CANCELLED, "stopped, because another file failed")
            self.watch.moved(len(block))
            yield block

    def already_here(self, files: Iterable[Listed]) -> dict[str, FileDigest]:
        """Files whose digest is remembered and whose content is a blob."""
        if self.afresh:
            return {}
        recollection = self.shelf.memory.recall(self.shelf.sources.identity(self.source))
        seen = {file.path: recollection.digest_of(file) for file in files}
        here = {path: file for path, file in seen.items() if file and not self.shelf.lacking((file,))}
        self.trusted.update(here)
        return here

    def remember(
        self, listed: Iterable[Listed], seen: Mapping[str, Seen], members: tuple[FileDigest, ...] = ()
    ) -> None:
        """Keeps what was learnt now, and what was known of files that are still listed as they were.

        After the blobs it speaks of are durable.
        """
        if self.arrivals.placed:
            self.shelf.blobs.sync(self.arrivals.placed)
        identity = self.shelf.sources.identity(self.source)
        found = self.shelf.memory.recall(identity).learnt(listed, seen, members)
        self.shelf.memory.keep(identity, found, self.workshop)

    def check_space(self, needed: int) -> None:
        """Raises TransientError(NO_SPACE) if so many bytes do not fit."""
        free = disk.free_bytes(self.workshop)
        if needed > free:
            words = f"{shown(self.source.uri)} needs {needed} bytes, {needed - free} more than the {free} that are free"
            hint = "Make room: enlarge the volume, or remove models from the desired state; the next pass tries again."
            raise TransientError(Reason.NO_SPACE, words, hint)


def _rest(error: TransientError, tries: int) -> float:
    asked = error.after if isinstance(error, BusyError) else 0.0
    return max(asked, _PAUSE * 3.0 ** (tries - 1))
