"""Archives made to hurt: sizes that lie, headers that do not end, names in disguise. All refused, and nothing stays."""

import gzip
import io
import lzma
import os
import struct
import tarfile
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from reconciler.adapters.sources import members, streams, tars
from reconciler.adapters.volume import disk
from reconciler.core.content import Known, Unavailable
from reconciler.core.errors import Reason, TerminalError, TransientError
from tests.volume_world import MODEL, World, everything, spec
from tests.web import Page, Web


def entry(name: str, content: bytes = b"", kind: bytes = tarfile.REGTYPE, **fields: object) -> bytes:
    """One member of a tar as it lies there, padded; `fields` of its header may lie."""
    info = tarfile.TarInfo(name)
    info.type, info.size = kind, len(content)
    for field, value in fields.items():
        setattr(info, field, value)
    return info.tobuf(tarfile.GNU_FORMAT) + content + bytes(-len(content) % 512)


def pax(records: dict[str, str], after: bytes) -> bytes:
    """A member with extended headers before it."""
    rows = b""
    for key, text in records.items():
        row = f" {key}={text}\n".encode()
        length = len(row) + len(str(len(row) + 2))
        rows += str(length).encode() + row
    return entry("pax", rows, tarfile.XHDTYPE) + after


def sized(name: str, size: int) -> bytes:
    """A member that claims this size in the binary form, which can be below zero or huge."""
    raw = bytearray(entry(name))
    raw[124:136] = (b"\xff" if size < 0 else b"\x80") + (size & (2**88 - 1)).to_bytes(11, "big")
    raw[148:156] = b" " * 8
    raw[148:156] = b"%06o\0 " % sum(raw[:512])
    return bytes(raw)


END = bytes(1024)


def zipped(files: dict[str, bytes], mend: Callable[[bytearray], None] = lambda _: None) -> bytes:
    """A zip, mended by hand."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    raw = bytearray(out.getvalue())
    mend(raw)
    return bytes(raw)


def overlapping(count: int) -> bytes:
    """A zip whose table names one and the same compressed megabytes many times."""
    raw = zipped({"a" * 8: bytes(1 << 20)})
    start = raw.index(b"PK\1\2")
    row, end = raw[start : raw.index(b"PK\5\6")], bytearray(raw[raw.index(b"PK\5\6") :])
    table = b"".join(row.replace(b"a" * 8, b"%08d" % number) for number in range(count))
    end[8:16] = struct.pack("<HHI", count, count, len(table))
    return raw[:start] + table + bytes(end)


def _wrong_size(raw: bytearray) -> None:
    at = raw.index(b"PK\1\2") + 24
    raw[at : at + 4] = struct.pack("<I", 5)


def _by_lzma(raw: bytearray) -> None:
    for mark, at in ((b"PK\1\2", 10), (b"PK\3\4", 8)):
        raw[raw.index(mark) + at] = zipfile.ZIP_LZMA


def common(count: int) -> bytes:
    """A header for all members of so many bytes."""
    rows = b"%d k=" % count
    return entry("pax", rows + b"x" * (count - len(rows) - 1) + b"\n", tarfile.XGLTYPE)


def greedy(raw: bytes) -> bytes:
    """An .xz that asks for a dictionary of a gigabyte and a half."""
    changed = bytearray(raw)
    changed[16] = 37
    end = 12 + changed[12] * 4
    changed[end : end + 4] = struct.pack("<I", zlib.crc32(changed[12:end]))
    return bytes(changed)


_TRAPS: dict[str, tuple[str, bytes, str]] = {
    "size below zero": ("m.tar", entry("a", b"x") + sized("b", -512) + END, ""),
    "size below zero at once": ("m.tar", sized("b", -(2**62)) + END, ""),
    "size beyond all": ("m.tar", sized("b", 2**62) + END, "damaged, cut off"),
    "pax size below zero": ("m.tar", pax({"size": "-1024"}, entry("a", b"x")) + END, ""),
    "pax size no number": ("m.tar", pax({"size": "ten"}, entry("a", b"x")) + END, ""),
    "pax path up": ("m.tar", pax({"path": "../x"}, entry("a")) + END, "leaves its directory"),
    "pax path absolute": ("m.tar", pax({"path": "/x"}, entry("a")) + END, "absolute"),
    "pax path with NUL": ("m.tar", pax({"path": "a\0b"}, entry("a")) + END, "control character"),
    "pax path with a backslash": ("m.tar", pax({"path": "a\\b"}, entry("a")) + END, "backslash"),
    "pax path that is another's": ("m.tar", entry("a", b"1") + pax({"path": "a"}, entry("b", b"2")) + END, "twice"),
    "pax link": ("m.tar", pax({"linkpath": "/etc"}, entry("a", kind=tarfile.SYMTYPE)) + END, "a link"),
    "pax of digits": ("m.tar", entry("pax", b"1" * 60_000, tarfile.XHDTYPE) + entry("a") + END, "damaged"),
    "pax with a long number": ("m.tar", pax({"comment": "1" * 60_000}, entry("a")) + END, "damaged"),
    "pax records in each other": ("m.tar", entry("pax", b"2 " * 8000 + b"=\n", tarfile.XHDTYPE) + entry("a") + END, ""),
    "pax record longer than all": ("m.tar", entry("pax", b"99 a=b\n", tarfile.XHDTYPE) + entry("a") + END, "damaged"),
    "headers for all": ("m.tar", common(40_000) * 2 + entry("a") + END, "damaged"),
    "GNU long name up": (
        "m.tar",
        entry("././@LongLink", b"../x\0", tarfile.GNUTYPE_LONGNAME) + entry("a") + END,
        "'..'",
    ),
    "GNU sparse": ("m.tar", pax({"GNU.sparse.major": "1", "GNU.sparse.minor": "0"}, entry("a", b"0\n")) + END, ""),
    "headers after headers": ("m.tar", entry("././@LongLink", b"a\0", tarfile.GNUTYPE_LONGNAME) * 3000 + END, ""),
    "a name without end": (
        "m.tar.gz",
        gzip.compress(entry("././@LongLink", bytes(60 << 20), tarfile.GNUTYPE_LONGNAME) + entry("a") + END, 1),
        "headers of more than",
    ),
    "a second archive behind": ("m.tar", entry("a") + END + entry("b") + END, "after its end"),
    "rubbish behind": ("m.tar", entry("a") + END + b"x" * 600 + END, "after its end"),
    "rubbish behind gzip": ("m.tar.gz", gzip.compress(entry("a") + END) + b"x" * 100, "damaged"),
    "rubbish between": ("m.tar", entry("a") + b"x" * 512 + entry("b") + END, "damaged"),
    "overlapping zip": ("m.zip", overlapping(300), ""),
    "zip that lies about its size": ("m.zip", zipped({"a": b"x" * 1000}, _wrong_size), "damaged"),
    "zip in a zip's clothes": ("m.zip", b"PK\3\4" + bytes(100), "damaged"),
    "damaged zstd": ("m.tar.zst", b"\x28\xb5\x2f\xfd" + os.urandom(64), "damaged"),
    "xz that takes much memory": ("m.tar.xz", greedy(lzma.compress(entry("a") + END)), "128 MiB of memory"),
    "rubbish behind xz": ("m.tar.xz", lzma.compress(entry("a") + END) + b"x" * 100, "damaged"),
    "xz that is cut": ("m.tar.xz", lzma.compress(entry("a") + END)[:-9], "damaged"),
    "zip that takes much memory": ("m.zip", zipped({"a": b"x" * 1000}, _by_lzma), "another method"),
    "zip of no name": ("m.zip", zipped({"": b"x"}), ""),
    "many directories": ("m.tar", b"".join(entry(f"d{n}", kind=tarfile.DIRTYPE) for n in range(300)) + END, "entries"),
}


@pytest.mark.parametrize("kind", _TRAPS)
def test_a_trap_is_refused_and_the_volume_is_as_it_was(
    world: World, web: Web, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr(tars, "MAX_FILES", 100)
    name, content, words = _TRAPS[kind]
    web.pages[f"/{name}"] = Page(body=content)  # nothing tells its content, so the plan reads it too
    model = spec(f"{web.url}/{name}")
    found = world.volume.resolve(model)
    assert isinstance(found, Unavailable)
    assert (found.reason, found.terminal) == (Reason.BAD_ARCHIVE, True)
    assert words in found.message
    before = everything(world.ours)
    with pytest.raises(TerminalError) as raised:
        world.fetch(model)
    assert raised.value.reason is Reason.BAD_ARCHIVE
    assert everything(world.ours) == before
    assert not (world.root.parent / "x").exists()


def test_an_archive_that_does_not_fit_stops_before_the_disk_is_full(
    world: World, web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = gzip.compress(entry("a", bytes(4_000_000)) + END)
    model = spec(web.put("/m.tar.gz", content, ETag='"1"'))
    monkeypatch.setattr(disk, "free_bytes", lambda _: 3_000_000)
    with pytest.raises(TransientError, match="more than the 3000000 bytes that are free") as raised:
        world.fetch(model)
    assert raised.value.reason is Reason.NO_SPACE
    assert world.volume.observe().partials == ()
    monkeypatch.undo()
    world.fetch(model)


def test_an_archive_of_more_than_the_most_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "MAX_UNPACKED", 1_000_000)
    with pytest.raises(TerminalError, match="more than 1000000 bytes") as raised:
        list(members(iter([entry("a", os.urandom(2_000_000)) + END]), "m.tar"))
    assert raised.value.reason is Reason.BAD_ARCHIVE


def test_a_bad_archive_is_not_fetched_again_until_it_changes(world: World, web: Web) -> None:
    model = spec(web.put("/m.tar", b"no archive" * 1000, ETag='"1"'))
    assert not isinstance(world.volume.resolve(model), Unavailable)
    with pytest.raises(TerminalError) as raised:
        world.fetch(model)
    web.requests.clear()
    found = world.volume.resolve(model)
    assert isinstance(found, Unavailable)
    assert (found.reason, found.message) == (Reason.BAD_ARCHIVE, str(raised.value))
    assert web.requests == ["HEAD /m.tar"]
    web.put("/m.tar", b"".join(entry(name, content) for name, content in MODEL.items()) + END, ETag='"2"')
    world.fetch(model)
    assert isinstance(world.volume.resolve(model), Known)


def test_long_names_and_extended_headers_of_honest_packers_are_read() -> None:
    files = {f"{'d' * 90}/{'e' * 90}/{'ü' * 60}": b"1", "a": b"2"}
    for form in (tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w", format=form) as archive:
            for name, content in files.items():
                info = tarfile.TarInfo(name)
                info.size, info.mtime = len(content), 1.5
                archive.addfile(info, io.BytesIO(content))
        found = {member.path: b"".join(member.blocks) for member in members(iter([out.getvalue()]), "m.tar")}
        assert found == files


def peak_of(blocks: Iterable[bytes], name: str) -> int:
    """The most memory that it takes to refuse an archive, in bytes."""
    tracemalloc.start()
    with pytest.raises(TerminalError):
        [list(member.blocks) for member in members(iter(blocks), name)]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak


def test_a_zip_whose_table_names_too_many_is_refused_before_there_is_an_object_for_each() -> None:
    row = b"PK\1\2" + bytes(24) + struct.pack("<H", 1) + bytes(16) + b"a"
    table = row * 250_000
    end = b"PK\5\6" + struct.pack("<HHHHIIH", 0, 0, 0xFFFF, 0xFFFF, len(table), 0, 0)
    assert peak_of([table, end], "m.zip") < 4 * len(table)


def test_the_headers_of_one_member_are_forgotten_at_the_next() -> None:
    header = pax({"comment": "x" * 500_000}, b"")
    many = (header + entry(f"{number}") for number in range(30))
    assert peak_of([*many, b"x" * 512], "m.tar") < 10_000_000


@pytest.mark.parametrize("blocks", [1, 1000])
def test_a_zstd_tar_of_several_frames_is_one_archive(blocks: int) -> None:
    zstandard = pytest.importorskip("zstandard")
    raw = b"".join(entry(name, content) for name, content in MODEL.items()) + END
    packed = b"".join(zstandard.compress(raw[at : at + 3000]) for at in range(0, len(raw), 3000))
    parts = (packed[at : at + blocks] for at in range(0, len(packed), blocks))
    assert {member.path: b"".join(member.blocks) for member in members(parts, "m.tar.zst")} == MODEL


def test_nothing_is_written_outside_of_the_volume_whatever_an_archive_holds(world: World, tmp_path: Path) -> None:
    (tmp_path / "m.tar").write_bytes(entry("good", b"1") + entry("../../escaped", b"2") + END)
    with pytest.raises(TerminalError):
        world.fetch(spec(str(tmp_path / "m.tar")))
    assert not list(tmp_path.rglob("escaped"))
