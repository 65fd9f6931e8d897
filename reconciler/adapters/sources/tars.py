"""Tars as streams of their members, read more strictly than tarfile reads them by itself.

Extended headers are looked at before tarfile sees them: its expressions take a time that grows with the square of what
they read in Pythons before 3.11.10 and 3.12.6, and what they make of a few bytes may fill the memory.
"""

import itertools
import re
import tarfile
from collections.abc import Iterator
from typing import IO, Self, cast

from reconciler.adapters.sources.listing import MAX_FILES, brief
from reconciler.adapters.sources.packed import BLOCK, Member, blocks_of, plain
from reconciler.adapters.sources.streams import BlockStream, Meter, Metered, Readable, decompressed, refused

_EXTENDED = (tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE)
_GLOBAL = 1 << 16
"""Bytes of headers that are for all members: each is given a copy of them."""

_RECORD = re.compile(rb"([1-9][0-9]{0,8}) [^=\n]+=")
_DIGITS = re.compile(rb"[0-9]{64}")


class _Forward:
    """What tarfile needs of a file, read once from its beginning to its end."""

    def __init__(self, source: Readable) -> None:
        self.extended = False
        self._source = source
        self._at = 0

    def tell(self) -> int:
        """How much was read."""
        return self._at

    def seek(self, place: int) -> int:
        """Reads on to there."""
        while self._at < place and self.read(min(BLOCK, place - self._at)):
            pass
        return self._at

    def read(self, size: int = -1, /) -> bytes:
        """As much as is asked for, less only at the end."""
        found = self._source.read(size)
        while 0 < len(found) < size and (more := self._source.read(size - len(found))):
            found += more
        self._at += len(found)
        if self.extended:
            self.extended = False
            _check_records(found)
        return found


def _check_records(header: bytes) -> None:
    """Raises ReadError unless it is records of `length key=value` one after the other, as POSIX has it."""
    at, end = 0, len(header.rstrip(b"\0"))
    while at < end:
        record = _RECORD.match(header, at)
        at += int(record[1]) if record else 0
        if record is None or at < record.end() or header[at - 1 : at] != b"\n":
            raise tarfile.ReadError("an extended header that is none")
    if _DIGITS.search(header):
        raise tarfile.ReadError("an extended header with a number of 64 digits and more")


def _entries_of(forward: _Forward) -> type[tarfile.TarInfo]:
    """Headers as they stand in this stream."""
    common = 0

    class Strict(tarfile.TarInfo):
        """tarfile takes a header that it cannot read for the end of the archive, unless it is the first."""

        @classmethod
        def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
            nonlocal common
            try:
                entry = super().frombuf(buf, encoding, errors)
            except tarfile.HeaderError as error:
                if len(buf) == tarfile.BLOCKSIZE and any(buf):
                    raise tarfile.ReadError(str(error)) from error
                raise
            forward.extended = entry.type in _EXTENDED and entry.size > 0
            common += entry.size if entry.type == tarfile.XGLTYPE else 0
            if common > _GLOBAL:
                raise tarfile.ReadError(f"more than {_GLOBAL} bytes of headers for all members")
            return entry

    return Strict


def tarred(stream: BlockStream, meter: Meter, name: str) -> Iterator[Member]:
    """Every file in the tar. Raises TerminalError(BAD_ARCHIVE)."""
    # tarfile's own decompression checks neither checksum nor end, so it only sees what gzip and its kin have checked
    source = _Forward(Metered(decompressed(stream, name), meter))
    meter.headers(begin=True)
    with tarfile.open(fileobj=cast("IO[bytes]", source), mode="r:", tarinfo=_entries_of(source)) as archive:
        for entry in _entries(archive, meter, name):
            if entry.isdir():
                continue
            content = archive.extractfile(entry) if entry.isreg() and not entry.issparse() else None
            if content is None:
                words = f"holds {brief(entry.name)}, which is a link, a device or sparse, not a plain file"
                raise refused(name, words)
            yield Member(path=plain(entry.name), blocks=blocks_of(content, entry.size, name))
        while rest := source.read(BLOCK):
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
        # where a member begins follows from the one before, and there may be very many
        cast("list[tarfile.TarInfo]", vars(archive)["members"]).clear()
        if count > 2 * MAX_FILES:
            raise refused(name, f"holds more than {2 * MAX_FILES} entries")
        if entry.size < 0:
            raise refused(name, f"holds {brief(entry.name)}, whose size is below zero")
        yield entry
