"""What unpacking a tar and a zip have in common: a member, its bytes, and what the libraries raise."""

import contextlib
import struct
import tarfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

from reconciler.adapters.sources.streams import DAMAGED, refused

BLOCK = 1 << 20

_BROKEN = (
    *(tarfile.TarError, zipfile.BadZipFile, *DAMAGED),
    *(NotImplementedError, ValueError, LookupError, OverflowError, RecursionError, struct.error),
)
"""What the libraries raise for archives that are wrong, the last ones where nobody thought of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A file in an archive. `blocks` must be read before the next member is asked for."""

    path: str
    blocks: Iterator[bytes]


def plain(path: str) -> str:
    """`./a` is how `tar c .` names a; nothing else is tidied, so that fault_of sees what is there."""
    return path.removeprefix("./")


def blocks_of(content: IO[bytes], size: int, name: str) -> Iterator[bytes]:
    """A member's bytes. Raises TerminalError(BAD_ARCHIVE) if they are not as many as its header says."""
    with translated(name):
        while block := content.read(BLOCK):
            size -= len(block)
            yield block
    if size:
        raise refused(name, "is cut off")


@contextlib.contextmanager
def translated(name: str) -> Iterator[None]:
    """Raises TerminalError(BAD_ARCHIVE) for what the libraries raise inside."""
    try:
        yield
    except Exception as error:
        if isinstance(error, _BROKEN) or type(error).__name__ == "ZstdError":
            raise refused(name, "is damaged, cut off, or no archive at all") from error
        raise
