"""Tars as streams of their members, read more strictly than tarfile reads them by itself."""

import itertools
import tarfile
from collections.abc import Iterator
from typing import IO, Self, cast

from reconciler.adapters.sources.listing import MAX_FILES
from reconciler.adapters.sources.packed import BLOCK, Member, blocks_of, plain
from reconciler.adapters.sources.streams import BlockStream, Meter, Metered, decompressed, refused


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


def tarred(stream: BlockStream, meter: Meter, name: str) -> Iterator[Member]:
    """Every file in the tar. Raises TerminalError(BAD_ARCHIVE)."""
    # tarfile's own decompression checks neither checksum nor end, so it only sees what gzip and its kin have checked
    source = Metered(decompressed(stream, name), meter)
    meter.headers(begin=True)
    file = cast("IO[bytes]", source)
    with tarfile.open(fileobj=file, mode="r|", bufsize=BLOCK, tarinfo=_StrictTarInfo) as archive:
        for entry in _entries(archive, meter, name):
            if entry.isdir():
                continue
            content = archive.extractfile(entry) if entry.isreg() and not entry.issparse() else None
            if content is None:
                raise refused(name, f"holds {entry.name!r}, which is a link, a device or sparse, not a plain file")
            yield Member(path=plain(entry.name), blocks=blocks_of(content, entry.size, name))
        while rest := cast("IO[bytes]", archive.fileobj).read(BLOCK):
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
