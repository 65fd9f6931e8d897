"""Reads the configuration's files from a directory: a work tree, a ConfigMap mount, a git-sync checkout.

A ConfigMap's names are links into `..data`, itself a link that is swapped as a whole; a git-sync checkout is a link
that is swapped too. So one read is one state only if both point at the same place after it as before it.
"""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass

from reconciler.adapters.gitrepo.checkout import (
    FILE,
    FOLDER,
    SUBMODULE,
    Further,
    limit_of,
    link_words,
    nothing,
    require,
)
from reconciler.core.checking.opaque import Opaque
from reconciler.core.errors import Reason, TerminalError, TransientError

_TRIES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class _Walk:
    root: str
    follow: bool

    def under(self, name: str, above: tuple[str, ...] = ()) -> Iterator[tuple[str, bytes]]:
        """Path and content of everything at and below a name; `above` are the real folders it is in."""
        path = os.path.join(self.root, name)
        refused = self._refused(path, above)
        if refused:
            yield _text(name), Opaque(refused.encode())
        elif os.path.isdir(path) and self._is_submodule(path):
            yield _text(name), SUBMODULE
        elif os.path.isdir(path):
            here = (*above, os.path.realpath(path))
            for child in self._children(path):
                yield from self.under(f"{name}/{child}", here)
        else:
            yield _text(name), _head(path)

    def holds(self, name: str) -> bool:
        """Whether the path is there, without a link on the way to it that is not followed or leads out."""
        path = os.path.join(self.root, name)
        above = os.path.dirname(path)
        real = os.path.realpath(above)
        inside = os.path.commonpath([real, self.root]) == self.root if self.follow else real == above
        return inside and _is_there(path)

    def _refused(self, path: str, above: tuple[str, ...]) -> str:
        mode = os.lstat(path).st_mode
        if stat.S_ISLNK(mode):
            return self._refused_link(path, above)
        return "" if stat.S_ISREG(mode) or stat.S_ISDIR(mode) else "a special file"

    def _refused_link(self, path: str, above: tuple[str, ...]) -> str:
        words, real = link_words(_text(os.readlink(path))), os.path.realpath(path)
        if not self.follow:
            return words
        if os.path.commonpath([real, self.root]) != self.root:
            return f"{words}, outside of the directory"
        if not os.path.exists(real):
            return f"{words}, which does not exist"
        if real in (self.root, *above):
            return f"{words}, which leads back to itself"
        return self._refused(real, above)

    def _is_submodule(self, path: str) -> bool:
        return not self.follow and os.path.lexists(os.path.join(path, ".git"))

    def _children(self, path: str) -> list[str]:
        return [child for child in sorted(os.listdir(path)) if not child.startswith("..") and child != ".git"]


def read_folder(path: str, *, follow: bool, further: Further = nothing) -> dict[str, bytes]:
    """The files of a directory. `follow`: links that stay inside it are followed, as a ConfigMap mount needs.

    Raises TerminalError if it cannot be read, TransientError if it changes all the time.
    """
    for _ in range(_TRIES):
        before = _state(path)
        found = _read_once(before[0], follow=follow, further=further)
        if found is not None and _state(path) == before:
            return found
    raise TransientError(Reason.REPOSITORY_UNREADABLE, f"{path} changes faster than it can be read", "try again")


def _read_once(root: str, *, follow: bool, further: Further) -> dict[str, bytes] | None:
    walk = _Walk(root=root, follow=follow)
    try:
        present = [name for name in (FILE, FOLDER) if _is_there(os.path.join(root, name))]
        require(present, root)
        files = {path: content for name in present for path, content in walk.under(name)}
        for name in further(files):
            files |= walk.under(name) if walk.holds(name) else ()
        return files
    except FileNotFoundError:
        return None
    except OSError as error:
        raise TerminalError(
            Reason.REPOSITORY_UNREADABLE,
            f"{error.filename or root} cannot be read: {error.strerror}",
            "let the user this runs as read it, or name another directory with --repo",
        ) from error


def _is_there(path: str) -> bool:
    """Raises OSError where that cannot be told: what may not be seen is not absent."""
    try:
        os.lstat(path)
    except FileNotFoundError:
        return False
    return True


def _state(path: str) -> tuple[str, ...]:
    real = os.path.realpath(path)
    return real, *(os.path.realpath(os.path.join(real, data)) for data in ("..data", f"{FOLDER}/..data"))


def _head(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read(limit_of(path) + 1)


def _text(name: str) -> str:
    return os.fsencode(name).decode("utf-8", "backslashreplace")
