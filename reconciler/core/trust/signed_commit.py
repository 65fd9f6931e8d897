"""A commit object as git writes it, taken apart into what was signed and the signature, as `git verify-commit` does."""

import re
from dataclasses import dataclass

from reconciler.core.printable import printable

_COMMITTER = re.compile(rb".*> (\d{1,12}) [+-]\d{4}", re.DOTALL)
_PERSON = re.compile(rb"(.*>) [^>]*", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedCommit:
    """`payload` is what was signed; `committed` in seconds since 1970, 0 if the commit does not say it.

    `signatures`: as many as there are, which is one or none unless somebody is at play.
    """

    payload: bytes
    signatures: tuple[bytes, ...]
    author: str
    committed: int
    parents: tuple[str, ...]


def take_apart(raw: bytes) -> SignedCommit:
    """The parts of a commit object; total for any bytes."""
    head, empty, message = raw.partition(b"\n\n")
    headers = re.split(rb"\n(?! )", head)
    kept = [header for header in headers if not header.startswith(b"gpgsig")]
    committer = _COMMITTER.fullmatch(_first(headers, b"committer "))
    return SignedCommit(
        payload=b"\n".join(kept) + empty + message,
        signatures=tuple(header[7:].replace(b"\n ", b"\n") + b"\n" for header in headers if header[:7] == b"gpgsig "),
        author=_person(_first(headers, b"author ")),
        committed=int(committer[1]) if committer else 0,
        parents=tuple(header[7:].decode("ascii", "replace") for header in headers if header[:7] == b"parent "),
    )


def _first(headers: list[bytes], name: bytes) -> bytes:
    return next((header.removeprefix(name) for header in headers if header.startswith(name)), b"")


def _person(author: bytes) -> str:
    found = _PERSON.fullmatch(author)
    return printable((found[1] if found else author).decode("utf-8", "replace"))[:200]
