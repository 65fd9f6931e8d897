"""One source on its way to the volume: its files received beside, checked for length, and given their true names."""

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field

from reconciler.adapters.sources import LOCKED_HINT, Bulk, BusyError, Listed, Store, Turns, shown, small, whole
from reconciler.adapters.volume import disk, pace
from reconciler.adapters.volume.arrivals import Arrivals
from reconciler.adapters.volume.part import RANGE, Part
from reconciler.adapters.volume.shelf import Shelf
from reconciler.core.digest import FileDigest
from reconciler.core.errors import Reason, TerminalError, TransientError
from reconciler.core.spec import Source

_TRIES, _PAUSE = 4, 0.5
"""Tries without a byte, and seconds before the second of them; three times as long before each of the next.

obstore, which does not tell of Retry-After, tries each of them a few times itself: a store that says 429 or 503 gets
half a minute in all, and what never answers is given up after some minutes.
"""


@dataclass(frozen=True, slots=True)
class Delivery:
    """`arrivals` are whole files on their way to a final name; `stop` makes those still under way give up.

    `promised`: what files must turn out to be, by path. `afresh`: what is remembered does not count. `trusted`: files
    that are not only from this reading.
    """

    shelf: Shelf
    source: Source
    store: Store
    watch: pace.Watch
    arrivals: Arrivals
    afresh: bool = False
    trusted: set[str] = field(default_factory=set)
    stop: threading.Event = field(default_factory=threading.Event)
    promised: Mapping[str, FileDigest] = field(default_factory=dict)

    @property
    def workshop(self) -> str:
        """Where half-made things are."""
        return self.arrivals.workshop

    def receive(self, file: Listed) -> FileDigest:
        """Receives a listed file. Raises TransientError or TerminalError."""
        with disk.translated(f"store {file.path}"), self.watch.pace.turns:
            path = self.arrivals.bench()
            digest, size = disk.receive(self.watched(file, self.patiently(file, 0, None)), path, sync=False)
        found = self._as_promised(FileDigest(path=file.path, size=size, digest=digest), path)
        self.arrivals.add(path, found, file)
        return found

    def small_of(self, files: Iterable[Listed]) -> list[Listed]:
        """Those that `receive_small` is worth trying for."""
        return small(files) if isinstance(self.store, Bulk) and self.store.goes_straight else []

    def receive_small(self, files: Sequence[Listed]) -> Iterator[FileDigest]:
        """Those of the files that come by a way of the store's own; the others are to be received one by one.

        Raises as `receive`.
        """
        if not isinstance(self.store, Bulk):
            return
        turns = Turns(self.watch.pace.limits.transfers, self.watch.pace.turns, self._is_to_stop)
        with closing(self.store.contents(files, turns)) as came:
            for file, content in came:
                self.watch.moved(file, len(content))
                with disk.translated(f"store {file.path}"):
                    path = self.arrivals.bench()
                    digest, size = disk.receive((content,), path, sync=False)
                found = self._as_promised(FileDigest(path=file.path, size=size, digest=digest), path)
                self.arrivals.add(path, found, file)
                yield found

    def go_on(self) -> None:
        """Raises TransientError if asked to stop."""
        if self._is_to_stop():
            raise TransientError(Reason.CANCELLED, "stopped on request", "The next pass goes on from here.")

    def _is_to_stop(self) -> bool:
        return self.stop.is_set() or self.watch.cancelled()

    def goes_in_ranges(self, file: Listed) -> bool:
        """Whether the file is worth it, and can be told from a later one of the same name."""
        return file.fingerprint is not None and (file.size or 0) > 2 * RANGE and self.store.gives_ranges(file)

    def part(self, file: Listed) -> Part:
        """The file as far as it is here. Raises TransientError(NO_SPACE) if the rest does not fit."""
        path = self._partial(file)
        with disk.translated(f"store {file.path}"):
            part = Part.open(path, file.size or 0)
        self.trusted.update([file.path] if part.here else [])
        self.watch.moved(file, part.here, here=True)
        return part

    def receive_range(self, file: Listed, part: Part, index: int) -> None:
        """Receives one range of a big file."""
        try:
            with disk.translated(f"store {file.path}"), self.watch.pace.turns:
                part.receive(index, lambda first, past: self.watched(file, self.patiently(file, first, past)))
        except TransientError as error:
            if error.reason is Reason.SOURCE_CHANGED:
                part.stale.set()
            raise

    def complete(self, file: Listed, part: Part, ready: Callable[[int], None]) -> FileDigest:
        """Hashes a big file while it arrives, and makes it a blob."""
        with disk.translated(f"store {file.path}"):
            whole_file = FileDigest(path=file.path, size=part.size, digest=part.digest(ready))
            part.finish()
            found = self._as_promised(whole_file, part.path)
            self.arrivals.name(part.path, found, file)
        return found

    def _as_promised(self, found: FileDigest, path: str) -> FileDigest:
        """The same. Raises TerminalError(DIGEST_MISMATCH), and keeps nothing, if it is not what is locked."""
        if self.promised.get(found.path, found) == found:
            return found
        disk.erase(path)
        where, wanted = shown(self.source.uri), self.promised[found.path].digest
        words = f"{found.path} in {where} is {found.digest}, but {wanted} is locked"
        raise TerminalError(Reason.DIGEST_MISMATCH, words, LOCKED_HINT)

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
                known = file.identified and error.reason is not Reason.SOURCE_CHANGED
                if not known or tries > _TRIES or (first and not self.store.gives_ranges(file)):
                    raise
                if self.stop.wait(_rest(error, tries)):
                    raise

    def watched(self, file: Listed, blocks: Iterator[bytes]) -> Iterator[bytes]:
        """The file's blocks, told to whom it concerns. Raises TransientError if asked to stop or if few come."""
        for block in pace.lively(blocks, f"{file.path} of {shown(self.source.uri)}"):
            if self.stop.is_set():
                raise TransientError(Reason.CANCELLED, "stopped, because another file failed")
            self.watch.moved(file, len(block))
            yield block

    def _partial(self, file: Listed) -> str:
        version = (file.locator, file.fingerprint or "", str(file.size))
        return self.shelf.memory.partial((*self.shelf.sources.identity(self.source), *version))

    def check_space(self, files: Iterable[Listed]) -> None:
        """Raises TransientError(NO_SPACE) if what is still to come of these does not fit."""
        needed = sum(map(self._to_come, files))
        free = disk.free_bytes(self.workshop)
        if needed > free:
            words = f"{shown(self.source.uri)} needs {needed} bytes, {needed - free} more than the {free} that are free"
            hint = "Make room: enlarge the volume, or remove models from the desired state; the next pass tries again."
            raise TransientError(Reason.NO_SPACE, words, hint)

    def _to_come(self, file: Listed) -> int:
        """What comes in one piece is never half here."""
        size = file.size or 0
        return max(0, size - disk.taken_bytes(self._partial(file))) if size > 2 * RANGE else size


def _rest(error: TransientError, tries: int) -> float:
    asked = error.after if isinstance(error, BusyError) else 0.0
    return max(asked, _PAUSE * 3.0 ** (tries - 1))
