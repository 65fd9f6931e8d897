"""The files of a source that is no archive, for a lock: several at once, each in a block or two of memory."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from reconciler.adapters.sources.hashing import Kept, Stream, hashed
from reconciler.adapters.sources.listing import Listed
from reconciler.adapters.sources.pins import is_same, pin_of, pinned
from reconciler.adapters.sources.remembered import Remembered
from reconciler.core.configs.layout import is_config
from reconciler.core.locked import LockedFile, LockedSource

_AT_ONCE = 8

_Read = tuple[LockedFile, bytes | None]
"""One file, and its content if it is a config."""


def measured_files(
    stream: Stream, files: tuple[Listed, ...], before: LockedSource | None, remembered: Remembered
) -> LockedSource:
    """What the listed files hold; the first failure stops the others."""
    reading = _Reading(stream, remembered, _by_path(before))
    with ThreadPoolExecutor(_AT_ONCE, "lock") as pool:
        running = [pool.submit(reading.read, file) for file in files]
        try:
            found = [future.result() for future in running]
        except BaseException:
            stream.stop.set()
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    configs = {locked.file.path: content for locked, content in found if content is not None}
    return LockedSource(files=tuple(locked for locked, _ in found), configs=configs)


def _by_path(before: LockedSource | None) -> dict[str, _Read]:
    if before is None:
        return {}
    return {each.file.path: (each, before.configs.get(each.file.path)) for each in before.files}


@dataclass(frozen=True, slots=True)
class _Reading:
    stream: Stream
    remembered: Remembered
    before: Mapping[str, _Read]

    def read(self, file: Listed) -> _Read:
        """A file, unless it is the one that was locked before."""
        old = self.before.get(file.path)
        if old is not None and is_same(file, old[0].pin, old[0].file.size):
            return old
        exact = pinned(self.stream.store, file)
        pin, is_text = pin_of(self.stream.store, exact), is_config(file.path)
        known = None if is_text else self.remembered.digest_of(file)
        if known is not None:
            return LockedFile(file=known, pin=pin), None
        kept = Kept(file.path) if is_text else None
        found = hashed(file.path, self.stream.blocks(exact), kept)
        return LockedFile(file=found, pin=pin), kept.content if kept is not None else None
