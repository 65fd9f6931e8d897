"""The file format of known_hosts, as sshd(8) describes it: patterns, hashed names, markers."""

import base64
import binascii
import fnmatch
import hashlib
import hmac
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from reconciler.core.errors import Reason, TerminalError


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line: `key` is `type base64`, `where` is `file:line`."""

    marker: str
    names: str
    key: str
    where: str


def rows_of(rows: Iterable[Row], name: str) -> list[Row]:
    """The lines about a server."""
    return [row for row in rows if _fits(row.names, name.lower())]


def rows_in(path: str, *, named: bool) -> Iterator[Row]:
    """The lines of a file, none if it is not there. Raises TerminalError if it must be: it was `named`."""
    try:
        with open(path, encoding="utf-8", errors="replace") as stream:
            lines = stream.read().splitlines()
    except OSError as error:
        if not named:
            return
        message = f"the known ssh hosts in {path} cannot be read: {error.strerror}"
        hint = "correct RECONCILE_GIT_KNOWN_HOSTS, and let the user this runs as read the file"
        raise TerminalError(Reason.HOST_NOT_TRUSTED, message, hint) from error
    for number, line in enumerate(lines, 1):
        fields = line.split()
        marker = fields.pop(0) if fields and fields[0].startswith("@") else ""
        if len(fields) >= 3 and not fields[0].startswith("#"):
            yield Row(marker=marker, names=fields[0], key=f"{fields[1]} {fields[2]}", where=f"{path}:{number}")


def _fits(names: str, name: str) -> bool:
    if names.startswith("|1|"):
        return _is_hash_of(names, name)
    patterns = names.lower().split(",")
    if any(pattern.startswith("!") and _matches(pattern[1:], name) for pattern in patterns):
        return False
    return any(_matches(pattern, name) for pattern in patterns)


def _matches(pattern: str, name: str) -> bool:
    return fnmatch.fnmatchcase(name, pattern.replace("[", "[[]"))


def _is_hash_of(names: str, name: str) -> bool:
    _, _, salt, digest = [*names.split("|"), "", "", ""][:4]
    try:
        expected = hmac.new(base64.b64decode(salt), name.encode(), hashlib.sha1).digest()
        return hmac.compare_digest(base64.b64decode(digest), expected)
    except binascii.Error:
        return False
