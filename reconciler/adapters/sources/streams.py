"""Streams that can only be read forwards, and count what passes: against archives that are bombs or cut off."""

import bz2
import gzip
import importlib
import lzma
import zlib
from collections.abc import Iterator
from typing import IO, Protocol, cast

from reconciler.core.errors import Reason, TerminalError, TransientError

_RATIO, _HARMLESS = 200, 64 << 20
"""A bomb: more than `_RATIO` bytes for each byte read, beyond the first `_HARMLESS` bytes."""

MAX_UNPACKED = 1 << 40
"""Bytes: one TiB is more than any model is; a longer stream is a mistake or a trap."""

_HEADERS = 16 << 20
"""Bytes that may lie between two members of a tar: long names and such, which tarfile holds in memory."""

DAMAGED = (EOFError, OSError, zlib.error, lzma.LZMAError)
"""What decompressors raise."""

_WINDOW, _CHUNK = 128 << 20, 1 << 18
"""Bytes of memory that unpacking may take, twice what `xz -9` needs (zstd has the same limit); bytes read at once."""

_END_MARK = bytes(1024)
"""How every tar ends."""


class Readable(Protocol):
    """What tarfile and the decompressors need of a file."""

    def read(self, size: int = ..., /) -> bytes:
        """Up to `size` bytes; none at the end."""


class BlockStream:
    """An iterator of blocks as a file; `taken` counts the bytes that it gave."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = blocks
        self._rest = memoryview(b"")
        self.taken = 0

    def read(self, size: int = -1, /) -> bytes:
        """Up to `size` bytes; none at the end."""
        if not self._rest:
            block = next(self._blocks, b"")
            self.taken += len(block)
            self._rest = memoryview(block)
        count = len(self._rest) if size < 0 else size
        given, self._rest = self._rest[:count], self._rest[count:]
        return bytes(given)


class Meter:
    """Counts what is unpacked against what was read for it, and remembers how it ended.

    `room`: how many bytes there is place for, None where nothing is kept.
    """

    def __init__(self, packed: BlockStream, name: str, room: int | None) -> None:
        self._packed = packed
        self._name = name
        self._room = room
        self._given = 0
        self._tail = b""
        self._headers: int | None = None

    def count(self, block: bytes) -> bytes:
        """The same block. Raises TerminalError(BAD_ARCHIVE) for a bomb, TransientError(NO_SPACE) for lack of room."""
        self._given += len(block)
        self._tail = (
            (self._tail + block)[-len(_END_MARK) :] if len(block) < len(_END_MARK) else block[-len(_END_MARK) :]
        )
        if self._given > _HARMLESS and self._given > _RATIO * self._packed.taken:
            raise refused(self._name, f"unpacks to more than {_RATIO} times its size")
        if self._given > MAX_UNPACKED:
            raise refused(self._name, f"unpacks to more than {MAX_UNPACKED} bytes")
        if self._room is not None and self._given > self._room:
            raise _no_room(self._name, self._room)
        if self._headers is not None and self._given - self._headers > _HEADERS:
            raise refused(self._name, f"has headers of more than {_HEADERS} bytes")
        return block

    def headers(self, *, begin: bool) -> None:
        """Between members of a tar, or no longer."""
        self._headers = self._given if begin else None

    @property
    def ended_as_tar(self) -> bool:
        """Whether the last bytes were a tar's end mark."""
        return self._tail == _END_MARK


class Metered:
    """A file whose reads are counted by a meter."""

    def __init__(self, source: Readable, meter: Meter) -> None:
        self._source = source
        self._meter = meter

    def read(self, size: int = -1, /) -> bytes:
        """Up to `size` bytes; none at the end."""
        return self._meter.count(self._source.read(size))


def refused(name: str, words: str) -> TerminalError:
    """The error for an archive that we do not unpack."""
    hint = "Nothing of it was kept. Pack it anew from plain files and directories, or set `unpack: never`."
    return TerminalError(Reason.BAD_ARCHIVE, f"the archive {name} {words}", hint)


def _no_room(name: str, room: int) -> TransientError:
    hint = "Make room: enlarge the volume, or remove models from the desired state; the next pass tries again."
    return TransientError(
        Reason.NO_SPACE, f"the archive {name} unpacks to more than the {room} bytes that are free", hint
    )


def decompressed(stream: BlockStream, name: str) -> Readable:
    """The tar inside a compressed tar, by its name. Raises TerminalError(EXTRA_MISSING) for zstd without a library."""
    source = cast("IO[bytes]", stream)
    match name.lower().rpartition(".")[2]:
        case "gz" | "tgz":
            return gzip.GzipFile(fileobj=source)
        case "bz2":
            return bz2.BZ2File(source)
        case "xz":
            return _Xz(stream, name)
        case "zst":
            return _zstd(stream, name)
        case _:
            return stream


class _Xz:
    """An .xz without more memory than its packer should have asked for: LZMAFile has no limit."""

    def __init__(self, stream: BlockStream, name: str) -> None:
        self._stream, self._name = stream, name
        self._decompressor = lzma.LZMADecompressor(memlimit=_WINDOW)
        self._packed = b""

    def read(self, size: int = -1, /) -> bytes:
        """Up to `size` bytes; none at the end. Raises LZMAError and EOFError for what is damaged or cut off."""
        while not self._decompressor.eof or self._begun_anew():
            packed = self._more() if self._decompressor.needs_input else b""
            if found := self._unpacked(packed, size):
                return found
        return b""

    def _more(self) -> bytes:
        packed, self._packed = self._packed or self._stream.read(_CHUNK), b""
        if not packed:
            raise EOFError(self._name)
        return packed

    def _begun_anew(self) -> bool:
        """Whether one more stream begins, perhaps after zeros."""
        rest = self._decompressor.unused_data.lstrip(b"\0")
        while not rest and (more := self._stream.read(_CHUNK)):
            rest = more.lstrip(b"\0")
        if rest:
            self._decompressor, self._packed = lzma.LZMADecompressor(memlimit=_WINDOW), rest
        return bool(rest)

    def _unpacked(self, packed: bytes, size: int) -> bytes:
        try:
            return self._decompressor.decompress(packed, max_length=size)
        except lzma.LZMAError as error:
            if "Memory" not in str(error):
                raise
            words = f"needs more than {_WINDOW >> 20} MiB of memory to be unpacked"
            raise refused(self._name, words) from error


def _zstd(stream: BlockStream, name: str) -> Readable:
    try:
        return cast("Readable", importlib.import_module("compression.zstd").ZstdFile(stream))
    except ImportError:
        pass
    try:
        decompressor = importlib.import_module("zstandard").ZstdDecompressor()
    except ImportError as error:
        hint = "Install it: pip install zstandard (Python 3.14 and later bring their own), or pack it as .tar.gz."
        raise TerminalError(Reason.EXTRA_MISSING, f"{name} needs a zstd library to be unpacked", hint) from error
    return cast("Readable", decompressor.stream_reader(stream, read_across_frames=True))
