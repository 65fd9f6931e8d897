"""Archives as streams of their members, and what is refused in them.

Promise: no link or device is followed or made, and a member is given out only under a name that is safe
(listing.py). Whoever writes the members does so under names of its own until the archive has ended well.
"""

import contextlib
import itertools
import re
import shutil
import struct
import tarfile
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import IO, Self, cast

from reconciler.adapters.sources.listing import MAX_FILES, check_paths, fault_of
from reconciler.adapters.sources.streams import DAMAGED, BlockStream, Meter, Metered, decompressed, refused
from reconciler.core.errors import Reason

_BLOCK = 1 << 20

_SUFFIXES = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".tar.zst", ".zip")

_MEANINGFUL = re.compile(r"[0-9]+|configs|warmup|initial_state")
"""Top directories with a meaning to Triton: never a mere wrapper."""

_REGULAR = 0o10
"""The file type in a zip's Unix attributes; 0 where the packer noted none."""

_BROKEN = (
    *(tarfile.TarError, zipfile.BadZipFile, *DAMAGED),
    *(NotImplementedError, ValueError, OverflowError, RecursionError, struct.error),
)
"""What the libraries raise for archives that are wrong, the last ones where nobody thought of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A file in an archive. `blocks` must be read before the next member is asked for."""

    path: str
    blocks: Iterator[bytes]


def is_archive(path: str) -> bool:
    """Whether the name is that of an archive we unpack."""
    return path.lower().endswith(_SUFFIXES)


def members(blocks: Iterator[bytes], name: str, spool: str | None = None, room: int | None = None) -> Iterator[Member]:
    """Every file in the archive `name`. Raises TerminalError(BAD_ARCHIVE); whatever `blocks` raises passes through.

    A zip's table is at its end, so zips go through a nameless temporary file in `spool` first. Raises
    TransientError(NO_SPACE) where it unpacks to more than `room` bytes.
    """
    stream = BlockStream(blocks)
    if not name.lower().endswith(".zip"):
        yield from _checked(_tarred(stream, Meter(stream, name, room), name), name)
        return
    with tempfile.TemporaryFile(dir=spool) as seekable:
        shutil.copyfileobj(stream, seekable, _BLOCK)
        meter = Meter(stream, name, None if room is None else room - stream.taken)
        yield from _checked(_zipped(seekable, meter, name), name)


def unwrapped(paths: Iterable[str]) -> dict[str, str]:
    """Member path to path in the source: without the directory that all lies in, if it is a mere wrapper."""
    listed = list(paths)
    top = listed[0].partition("/")[0] if listed else ""
    wrapped = all(path.startswith(top + "/") for path in listed) and not _MEANINGFUL.fullmatch(top)
    return {path: path.removeprefix(top + "/") if wrapped else path for path in listed}


def _checked(found: Iterator[Member], name: str) -> Iterator[Member]:
    paths: list[str] = []
    with _translated(name):
        for member in found:
            paths.append(member.path)
            fault = fault_of(member.path)
            if fault is not None:
                raise refused(name, f"holds the name {member.path!r}: {fault}")
            if len(paths) > MAX_FILES:
                raise refused(name, f"holds more than {MAX_FILES} files")
            yield member
    check_paths(paths, f"the archive {name}", Reason.BAD_ARCHIVE)


class _StrictTarInfo(tarfile.TarInfo):
    """tarfile takes a header that it cannot read for the end of the archive, unless it is the first."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        try:
            return super().frombuf(buf, encoding, errors)
        except tarfile.HeaderError as error:
            if len(buf) == tarfile.BLOCKSIZE and any(buf):
                raise tarfile.ReadError(str(error)) from error
            raise


def _tarred(stream: BlockStream, meter: Meter, name: str) -> Iterator[Member]:
    # tarfile's own decompression checks neither checksum nor end, so it only sees what gzip and its kin have checked
    source = Metered(decompressed(stream, name), meter)
    meter.headers(begin=True)
    file = cast("IO[bytes]", source)
    with tarfile.open(fileobj=file, mode="r|", bufsize=_BLOCK, tarinfo=_StrictTarInfo) as archive:
        for entry in _entries(archive, meter, name):
            if entry.isdir():
                continue
            content = archive.extractfile(entry) if entry.isreg() and not entry.issparse() else None
            if content is None:
                raise refused(name, f"holds {entry.name!r}, which is a link, a device or sparse, not a plain file")
            yield Member(path=_plain(entry.name), blocks=_blocks(content, entry.size, name))
        while rest := cast("IO[bytes]", archive.fileobj).read(_BLOCK):
            if rest.count(0) < len(rest):
                raise refused(name, "holds something after its end")
    if not meter.ended_as_tar:
        raise refused(name, "is cut off: a tar's end mark is missing")


def _entries(archive: tarfile.TarFile, meter: Meter, name: str) -> Iterator[tarfile.TarInfo]:
    """Files, directories and all else."""
    for count in itertools.count(1):
        meter.headers(begin=True)
        entry = archive.next()
        meter.headers(begin=False)
        if entry is None:
            return
        if count > 2 * MAX_FILES:
            raise refused(name, f"holds more than {2 * MAX_FILES} entries")
        if entry.size < 0:
            raise refused(name, f"holds {entry.name!r}, whose size is below zero")
        yield entry


def _zipped(seekable: IO[bytes], meter: Meter, name: str) -> Iterator[Member]:
    with zipfile.ZipFile(seekable) as archive:
        for entry in archive.infolist():
            if entry.is_dir():
                continue
            if entry.external_attr >> 28 not in (0, _REGULAR):
                raise refused(name, f"holds {entry.filename!r}, which is a link or a device, not a plain file")
            if entry.flag_bits & 1:
                raise refused(name, f"holds {entry.filename!r}, which is encrypted")
            with archive.open(entry) as content:
                blocks = map(meter.count, _blocks(content, entry.file_size, name))
                yield Member(path=_plain(entry.orig_filename), blocks=blocks)


def _plain(path: str) -> str:
    """`./a` is how `tar c .` names a; nothing else is tidied, so that fault_of sees what is there."""
    return path.removeprefix("./")


def _blocks(content: IO[bytes], size: int, name: str) -> Iterator[bytes]:
    with _translated(name):
        while block := content.read(_BLOCK):
            size -= len(block)
            yield block
    if size:
        raise refused(name, "is cut off")


@contextlib.contextmanager
def _translated(name: str) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        if isinstance(error, _BROKEN) or type(error).__name__ == "ZstdError":
            raise refused(name, "is damaged, cut off, or no archive at all") from error
        raise
