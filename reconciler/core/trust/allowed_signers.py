"""An allowed-signers file, read as `ssh-keygen -Y verify` reads it: who may sign what, and when.

A line that cannot be read allows nobody. Only in one thing this differs: a time without a zone is UTC, so that the file
means the same on every machine.
"""

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

_LINE = re.compile(r'(?:"(?P<quoted>[^"]*)"|(?P<plain>[^\s"]\S*))[ \t]+(?P<rest>\S.*)')
_KEY = re.compile(r"(?P<kind>(?:ssh|ecdsa|sk)-[a-z0-9@.-]+)[ \t]+(?P<blob>[A-Za-z0-9+/=]+)(?:[ \t].*)?")
_OPTIONS = re.compile(r'(?P<options>(?:[^\s"]|"(?:[^"\\]|\\.)*")+)[ \t]+(?P<key>\S.*)')
_OPTION = re.compile(r'(?P<name>[A-Za-z-]+)(?:="(?P<value>(?:[^"\\]|\\.)*)")?(?:,(?!$)|$)')
_TIME = re.compile(r"(?P<digits>\d{8}(?:\d{4}(?:\d\d)?)?)(?:Z|UTC)?")
_VALUED = ("namespaces", "valid-after", "valid-before")


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """One line: a key, or with `authority` the key of who certifies keys. Times in seconds since 1970."""

    principals: str
    key: bytes
    authority: bool = False
    namespaces: str | None = None
    after: int | None = None
    before: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """A line, counted from 1, that allows nobody, and why."""

    line: int
    why: str


def allowed(content: bytes) -> tuple[tuple[Signer, ...], tuple[Unread, ...]]:
    """The signers in the order of their lines, and the lines that are none."""
    signers, unread = [], []
    for number, line in _lines(content):
        try:
            signers.append(_signer(line))
        except ValueError as error:
            unread.append(Unread(line=number, why=str(error)))
    return tuple(signers), tuple(unread)


def public_keys(content: bytes) -> tuple[tuple[bytes, ...], tuple[Unread, ...]]:
    """The keys of a file with one public key in each line, as the revoked ones are, and the lines that hold none."""
    keys, unread = [], []
    for number, line in _lines(content):
        try:
            keys.append(_key(line.strip()))
        except ValueError as error:
            unread.append(Unread(line=number, why=str(error)))
    return tuple(keys), tuple(unread)


def matches(text: str, patterns: str) -> bool:
    """Whether a comma-separated list of patterns with * and ? takes the text, and none of them with ! does."""
    parts = patterns.split(",")
    refused = any(part.startswith("!") and _like(part[1:], text) for part in parts)
    return not refused and any(not part.startswith("!") and _like(part, text) for part in parts)


def _like(pattern: str, text: str) -> bool:
    """Without an expression that goes back: many stars would take it for ever."""
    before, *between = pattern.split("*")
    if not between:
        return len(text) == len(pattern) and _same(pattern, text)
    after = between.pop()
    if (
        len(text) < len(before) + len(after)
        or not _same(before, text)
        or not _same(after, text[len(text) - len(after) :])
    ):
        return False
    at, end = len(before), len(text) - len(after)
    for part in between:  # wherever it comes first leaves the most to those behind it
        at = next((place for place in range(at, end - len(part) + 1) if _same(part, text[place:])), -1) + len(part)
        if at < len(part):
            return False
    return True


def _same(pattern: str, text: str) -> bool:
    """Whether the text begins so, where ? is any character."""
    return len(pattern) <= len(text) and all(a in ("?", b) for a, b in zip(pattern, text, strict=False))


def _lines(content: bytes) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(content.decode("utf-8", "replace").split("\n"), start=1):
        if line.strip() and not line.lstrip().startswith("#"):
            yield number, line


def _signer(line: str) -> Signer:
    found = _LINE.fullmatch(line.lstrip(" \t").rstrip(" \t\r"))
    if found is None:
        raise ValueError("no principals with a key after them")
    principals = found["plain"] if found["quoted"] is None else found["quoted"]
    rest = found["rest"]
    if _KEY.fullmatch(rest):
        return Signer(principals=principals, key=_key(rest))
    parts = _OPTIONS.fullmatch(rest)
    if parts is None:
        raise ValueError("no key")
    options = _options(parts["options"])
    after, before = (_time(name, options.get(name)) for name in ("valid-after", "valid-before"))
    if after is not None and before is not None and before <= after:
        raise ValueError("valid-before is not after valid-after")
    return Signer(
        principals=principals,
        key=_key(parts["key"]),
        authority="cert-authority" in options,
        namespaces=options.get("namespaces"),
        after=after,
        before=before,
    )


def _options(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    at = 0
    while at < len(text):
        option = _OPTION.match(text, at)
        if option is None:
            raise ValueError("options that cannot be read")
        name, value = option["name"].lower(), option["value"]
        if name not in ("cert-authority", *_VALUED) or (value is None) is not (name == "cert-authority"):
            raise ValueError(f"an unknown option {option['name']}")
        if name in found and value is not None:
            raise ValueError(f"{name} twice")
        found[name] = (value or "").replace('\\"', '"')
        at = option.end()
    return found


def _time(name: str, text: str | None) -> int | None:
    if text is None:
        return None
    found = _TIME.fullmatch(text)
    if found is None:
        raise ValueError(f"{name} that is no time like 20260131Z or 202601311200Z")
    try:
        moment = datetime.strptime(found["digits"].ljust(14, "0"), "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError as error:
        raise ValueError(f"{name} that is no day of the calendar") from error
    return int(moment.timestamp())


def _key(text: str) -> bytes:
    found = _KEY.fullmatch(text)
    if found is None:
        raise ValueError("no public key as in a *.pub file of ssh-keygen")
    try:
        blob = base64.b64decode(found["blob"], validate=True)
    except binascii.Error as error:
        raise ValueError("a key that was cut") from error
    kind = found["kind"].encode()
    if not blob.startswith(len(kind).to_bytes(4, "big") + kind):
        raise ValueError("a key that was cut or is of another kind")
    return blob
