"""Archives as streams of their members, and what is refused in them.

Promise: no link or device is followed or made, and a member is given out only under a name that is safe
(listing.py). Whoever writes the members does so under names of its own until the archive has ended well.
"""

import re
import shutil
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from typing import IO, cast

from reconciler.adapters.sources.listing import MAX_FILES, brief, check_paths, fault_of
from reconciler.adapters.sources.packed import BLOCK, Member, blocks_of, plain, translated
from reconciler.adapters.sources.streams import BlockStream, Meter, refused
from reconciler.adapters.sources.tars import tarred
from reconciler.core.errors import Reason

_SUFFIXES = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".tar.zst", ".zip")

_MEANINGFUL = re.compile(r"[0-9]+|configs|warmup|initial_state")
"""Top directories with a meaning to Triton: never a mere wrapper."""

_METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2})
"""LZMA is none of them: what it takes of memory to unpack is up to whoever packed it."""

_TABLE = 64 << 20
"""Bytes of a zip's table: 600 for each file."""

_REGULAR = 0o10
"""The file type in a zip's Unix attributes; 0 where the packer noted none."""


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
        yield from _checked(tarred(stream, Meter(stream, name, room), name), name)
        return
    with tempfile.TemporaryFile(dir=spool) as seekable:
        shutil.copyfileobj(stream, seekable, BLOCK)
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
    with translated(name):
        for member in found:
            paths.append(member.path)
            fault = fault_of(member.path)
            if fault is not None:
                raise refused(name, f"holds the name {brief(member.path)}: {fault}")
            if len(paths) > MAX_FILES:
                raise refused(name, f"holds more than {MAX_FILES} files")
            yield member
    check_paths(paths, f"the archive {name}", Reason.BAD_ARCHIVE)


class _Bounded:
    """A zip in a file, whose table is read at once: it is looked at before zipfile makes objects of all it names."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.seek, self.tell, self.seekable = file.seek, file.tell, file.seekable

    def read(self, size: int = -1, /) -> bytes:
        """Up to `size` bytes. Raises BadZipFile for a table that is too long."""
        if size > _TABLE:
            raise zipfile.BadZipFile(f"a table of {size} bytes")
        found = self._file.read(size)
        if size > BLOCK and found.count(b"PK\1\2") > 2 * MAX_FILES:
            raise zipfile.BadZipFile(f"more than {2 * MAX_FILES} entries")
        return found


def _zipped(seekable: IO[bytes], meter: Meter, name: str) -> Iterator[Member]:
    with zipfile.ZipFile(cast("IO[bytes]", _Bounded(seekable))) as archive:
        for entry in archive.infolist():
            if entry.is_dir():
                continue
            if entry.external_attr >> 28 not in (0, _REGULAR):
                raise refused(name, f"holds {brief(entry.filename)}, which is a link or a device, not a plain file")
            if entry.flag_bits & 1:
                raise refused(name, f"holds {brief(entry.filename)}, which is encrypted")
            if entry.compress_type not in _METHODS:
                raise refused(name, f"holds {brief(entry.filename)}, which is packed by another method than deflate")
            with archive.open(entry) as content:
                blocks = map(meter.count, blocks_of(content, entry.file_size, name))
                yield Member(path=plain(entry.orig_filename), blocks=blocks)
