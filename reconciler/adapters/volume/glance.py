"""Whether a volume is as it was, without looking at what is on it (docs/adr/0015).

Promise: as long as `stand` gives the same text, no name was added, taken away or given to anything else in models/ or
among our own things, and no file there was written to: the filesystem moves a ctime on with any of that. What the
volume remembers for speed alone is left out, as far as a look does not depend on it.
"""

import hashlib
import os
import stat
import time
from array import array
from collections.abc import Iterable, Iterator

from reconciler.adapters.volume.places import Places

_CACHES = frozenset({"git", "lock", "memo.json", "memo.json.next", "quiet.json", "quiet.json.next"})
"""Of our own directory, what no look at the volume reads."""

_ONLY_NAMES = frozenset({"fingerprints"})
"""Where a file is only ever put in the place of another, and what it says is checked."""

_TICK = 10**9
"""Nanoseconds; more than any filesystem's clock takes for a tick."""

_WORD = (1 << 64) - 1


def survey(root: str) -> tuple[str, ...]:
    """The paths below `root` that tell all of it, of names for the same file the first. Raises OSError.

    None of them where anything changed within a second: what changes again at once may have the same ctime afterwards,
    as the filesystem's clock ticks.
    """
    places = Places(root)
    skip = len(os.path.join(root, ""))
    roots = [places.models, *(places.below(name) for name in _names(places))]
    found = dict(_below(roots, {places.below(name) for name in _ONLY_NAMES}))
    return tuple(path[skip:] for path in found) if max(found.values()) < time.time_ns() - _TICK else ()


def stand(root: str, paths: Iterable[str]) -> str:
    """A text that is another one once anything is at any of these paths; empty where one is not there any more."""
    states = array("Q")
    try:
        names = "\0".join(_names(Places(root)))
        here = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
        try:
            for path in paths:
                found = os.lstat(path, dir_fd=here)
                states.append(found.st_ino)
                states.append(found.st_ctime_ns & _WORD)
        finally:
            os.close(here)
    except OSError:
        return ""
    return hashlib.sha256(os.fsencode(names) + b"\0" + states.tobytes()).hexdigest()


def room(root: str) -> int:
    """Bytes that there are for what is to be fetched. Raises OSError."""
    return Places(root).room()


def _names(places: Places) -> list[str]:
    return sorted(set(os.listdir(places.ours)) - _CACHES)


def _below(pending: list[str], names_only: set[str]) -> Iterator[tuple[str, int]]:
    """Directories and what is in them, with their ctimes; where links of the filesystem name a file twice, once."""
    linked = set[int]()
    while pending:
        path = pending.pop()
        above = os.lstat(path)
        yield path, above.st_ctime_ns
        if not stat.S_ISDIR(above.st_mode) or path in names_only:
            continue
        with os.scandir(path) as found:
            for entry in found:
                state = entry.stat(follow_symlinks=False)
                if stat.S_ISDIR(state.st_mode):
                    pending.append(entry.path)
                elif state.st_nlink == 1 or state.st_ino not in linked:
                    linked.add(state.st_ino)
                    yield entry.path, state.st_ctime_ns
