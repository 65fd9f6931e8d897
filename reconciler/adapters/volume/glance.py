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
from dataclasses import dataclass

from reconciler.adapters.volume.places import Places

_CACHES = frozenset({"git", "lock", "memo.json", "memo.json.next", "quiet.json", "quiet.json.next"})
"""Of our own directory, what no look at the volume reads."""

_ONLY_NAMES = frozenset({"fingerprints"})
"""Where a file is only ever put in the place of another, and what it says is checked."""

_TICK = 10**9
"""Nanoseconds; more than any filesystem's clock takes for a tick."""

_WORD = (1 << 64) - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """The paths below a volume's root that tell all of it, of names for the same file the first; how they stand."""

    paths: tuple[str, ...]
    stand: str


def survey(root: str) -> Survey | None:
    """A volume as it stands. None where changes of it might not be seen. Raises OSError.

    That is so for a second after any change (what changes again at once may have the same ctime afterwards, as the
    filesystem's clock ticks), and where directories of ours are links to elsewhere.
    """
    places = Places(root)
    skip, names = len(os.path.join(root, "")), _names(places)
    roots = [places.models, *(places.below(name) for name in names)]
    if any(map(os.path.islink, [places.ours, *roots])):
        return None
    found = dict(_below(roots, {places.below(name) for name in _ONLY_NAMES}))
    if max(state.st_ctime_ns for state in found.values()) >= time.time_ns() - _TICK:
        return None
    return Survey(paths=tuple(path[skip:] for path in found), stand=_told(names, found.values()))


def stand(root: str, paths: Iterable[str]) -> str:
    """A text that is another one once anything is at any of these paths; empty where one is not there any more."""
    try:
        names = _names(Places(root))
        here = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
        try:
            return _told(names, (os.lstat(path, dir_fd=here) for path in paths))
        finally:
            os.close(here)
    except OSError:
        return ""


def _told(names: Iterable[str], states: Iterable[os.stat_result]) -> str:
    words = array("Q")
    for state in states:
        words.append(state.st_ino)
        words.append(state.st_ctime_ns & _WORD)
    return hashlib.sha256(os.fsencode("\0".join(names)) + b"\0" + words.tobytes()).hexdigest()


def room(root: str) -> int:
    """Bytes that there are for what is to be fetched. Raises OSError."""
    return Places(root).room()


def _names(places: Places) -> list[str]:
    return sorted(set(os.listdir(places.ours)) - _CACHES)


def _below(pending: list[str], names_only: set[str]) -> Iterator[tuple[str, os.stat_result]]:
    """Directories and what is in them; where links of the filesystem name a file twice, once.

    Each state is from before what is below is looked at: what changes meanwhile makes it another one.
    """
    linked = set[int]()
    while pending:
        path = pending.pop()
        above = os.lstat(path)
        yield path, above
        if not stat.S_ISDIR(above.st_mode) or path in names_only:
            continue
        with os.scandir(path) as found:
            for entry in found:
                state = entry.stat(follow_symlinks=False)
                if stat.S_ISDIR(state.st_mode):
                    pending.append(entry.path)
                elif state.st_nlink == 1 or state.st_ino not in linked:
                    linked.add(state.st_ino)
                    yield entry.path, state
