"""What a source lists, and which names in it are safe to become files of ours.

Promise: a path that passes here names one file below the tree it is put in, on any filesystem, and is written by
sha256sum without escapes (so that the tree digest of spec §4 holds).
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from reconciler.core.errors import Reason, TerminalError

MAX_FILES = 100_000
MAX_PATH = 1024
MAX_SEGMENT = 255

_PLAIN = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*(?:/[A-Za-z0-9_-][A-Za-z0-9_.-]*)*")
"""What nearly all paths are: none of the faults can be in them, and to look for each takes long in long listings."""

_REFUSED = frozenset({"Cc", "Cs", "Zl", "Zp"})
"""Unicode categories: control characters, surrogates (names that are not UTF-8), line and paragraph separators."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One file of a source: path inside it, size in bytes, and a text that changes when its content does.

    `locator` is what the store opens it by. `size` and `fingerprint` are None where the source does not tell. `version`
    is an immutable id, where one is known: then nothing else is read than what has it.
    """

    path: str
    locator: str
    size: int | None
    fingerprint: str | None
    version: str | None = None

    @property
    def identified(self) -> bool:
        """Whether the rest of it is sure to belong to its beginning, if they are read one after the other."""
        return bool(self.fingerprint or self.version)


def fault_of(path: str) -> str | None:
    """Why this path is unsafe, in words; None if it is safe."""
    if len(path) <= MAX_SEGMENT and _PLAIN.fullmatch(path):
        return None
    segments = path.split("/")
    faults = (
        (path.startswith("/"), "it is absolute"),
        (".." in segments, "it leaves its directory with '..'"),
        ("\\" in path, "it holds a backslash"),
        (any(unicodedata.category(c) in _REFUSED for c in path), "it holds a control character or is not UTF-8"),
        (any(segment in ("", ".") for segment in segments), "it has an empty or '.' segment"),
        (len(path.encode(errors="replace")) > MAX_PATH, f"it is longer than {MAX_PATH} bytes"),
        (max(len(s.encode(errors="replace")) for s in segments) > MAX_SEGMENT, "a segment is longer than 255 bytes"),
    )
    return next((fault for found, fault in faults if found), None)


def brief(path: str) -> str:
    """The name in quotes; of one that is longer than any that is let through, the beginning."""
    return repr(path if len(path) <= MAX_PATH else path[:100] + "…")


def check_paths(paths: Iterable[str], where: str, reason: Reason = Reason.UNSAFE_PATH) -> None:
    """Raises TerminalError if a path is unsafe, or if two cannot lie in one tree on every filesystem."""
    files: dict[str, str] = {}
    directories: dict[str, str] = {}
    for path in paths:
        fault = fault_of(path)
        if fault is not None:
            raise _refused(where, f"the name {brief(path)}: {fault}", reason)
        _enter(path, files, directories, where, reason)
    for folded in files.keys() & directories.keys():
        raise _refused(where, f"{files[folded]!r} both as a file and as a directory", reason)
    if len(files) > MAX_FILES:
        raise _refused(where, f"{len(files)} files, more than {MAX_FILES}", reason)


def _enter(path: str, files: dict[str, str], directories: dict[str, str], where: str, reason: Reason) -> None:
    folded = _folded(path)
    if folded in files:
        other = files[folded]
        words = f"{path!r} twice" if other == path else f"{other!r} and {path!r}, {_difference(other, path)}"
        raise _refused(where, words, reason)
    files[folded] = path
    parent = path.rpartition("/")[0]
    while parent:
        other = directories.setdefault(_folded(parent), parent)
        if other != parent:
            raise _refused(where, f"the directories {other!r} and {parent!r}, {_difference(other, parent)}", reason)
        parent = parent.rpartition("/")[0]


def _folded(path: str) -> str:
    return path.lower() if path.isascii() else unicodedata.normalize("NFC", path).casefold()


def _difference(one: str, other: str) -> str:
    """Why two names that are not the same cannot both be."""
    if unicodedata.normalize("NFC", one) == unicodedata.normalize("NFC", other):
        return "which are the same text in two Unicode forms"
    return "which differ only in case"


def _refused(where: str, words: str, reason: Reason) -> TerminalError:
    return TerminalError(reason, f"{where} holds {words}", "Rename it in the source, or leave it out with `exclude`.")
