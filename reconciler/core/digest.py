r"""Digests as anybody can check them: `sha256sum` of files, and of the list that it prints (spec §4).

Promise: `tree_digest(files)` equals
`(cd DIR && find . -type f -printf '%P\0' | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum)`.
"""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NewType

Digest = NewType("Digest", str)
"""`sha256:` and 64 lower-case hexadecimal digits."""

Generation = NewType("Generation", str)
"""The identity of one model's full served content: a digest of its tree document (core/artifact.py)."""

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_LINE = re.compile(r"([0-9a-f]{64})  (.+)")


def is_digest(text: str) -> bool:
    """Whether the text is a digest as we write them."""
    return _DIGEST.fullmatch(text) is not None


def of_bytes(content: bytes) -> Digest:
    """The digest of these bytes."""
    return Digest("sha256:" + hashlib.sha256(content).hexdigest())


def hexdigits(digest: str) -> str:
    """The 64 digits, as they are used in file names."""
    return digest.removeprefix("sha256:")


@dataclass(frozen=True, slots=True, kw_only=True)
class FileDigest:
    """One file of a tree: '/'-separated path inside it, size in bytes, digest of its content."""

    path: str
    size: int
    digest: Digest


def manifest(files: Iterable[FileDigest]) -> bytes:
    """The text that `sha256sum` prints for the files, paths sorted bytewise.

    Paths hold no backslash and no control character (sources refuse them), so sha256sum's escapes never occur.
    """
    rows = sorted((file.path.encode(), hexdigits(file.digest)) for file in files)
    return b"".join(digits.encode() + b"  " + path + b"\n" for path, digits in rows)


def parse_manifest(text: bytes) -> dict[str, Digest]:
    """Path to digest, from a manifest's text. Raises ValueError for anything else."""
    found: dict[str, Digest] = {}
    for line in text.decode().splitlines():
        match = _LINE.fullmatch(line)
        if match is None:
            message = f"not a line of sha256sum: {line[:80]!r}"
            raise ValueError(message)
        found[match[2]] = Digest("sha256:" + match[1])
    return found


def tree_digest(files: Iterable[FileDigest]) -> Digest:
    """The tree digest of spec §4."""
    return of_bytes(manifest(files))
