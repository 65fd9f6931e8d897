"""Archives: what is unpacked, and what is refused in a hostile or broken one."""

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard

from reconciler.adapters.sources import members
from reconciler.adapters.sources.archives import is_archive, unwrapped
from reconciler.core.content import Known, Unavailable
from reconciler.core.digest import of_bytes, tree_digest
from reconciler.core.errors import Reason, TerminalError
from reconciler.core.spec import Source, Unpack
from tests.volume_world import MODEL, World, spec
from tests.web import Web


def tar(files: dict[str, bytes], *extra: tarfile.TarInfo) -> bytes:
    """A plain tar with these files, and whatever else."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
        for entry in extra:
            archive.addfile(entry)
    return out.getvalue()


def zipped(files: dict[str, bytes], mode: int = 0o100644) -> bytes:
    """A zip with these files, of this Unix mode."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name)
            entry.external_attr = mode << 16
            archive.writestr(entry, content, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def special(name: str, kind: bytes, target: str = "") -> tarfile.TarInfo:
    """A tar entry that is no plain file."""
    entry = tarfile.TarInfo(name)
    entry.type, entry.linkname = kind, target
    return entry


def unpacked(content: bytes, name: str) -> dict[str, bytes]:
    """All members, fed in small blocks."""
    blocks = (content[start : start + 1000] for start in range(0, len(content), 1000))
    return {member.path: b"".join(member.blocks) for member in members(blocks, name)}


_PACKERS: dict[str, Callable[[dict[str, bytes]], bytes]] = {
    "m.tar": tar,
    "m.tar.gz": lambda files: gzip.compress(tar(files)),
    "m.TGZ": lambda files: gzip.compress(tar(files)),
    "m.tar.bz2": lambda files: bz2.compress(tar(files)),
    "m.tar.xz": lambda files: lzma.compress(tar(files)),
    "m.tar.zst": lambda files: zstandard.compress(tar(files)),
    "m.zip": zipped,
}


@pytest.mark.parametrize("name", _PACKERS)
def test_every_kind_of_archive_is_unpacked(name: str) -> None:
    assert is_archive(name)
    assert unpacked(_PACKERS[name](MODEL), name) == MODEL


@pytest.mark.parametrize("name", _PACKERS)
def test_an_archive_is_the_same_tree_as_its_files(world: World, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(_PACKERS[name](MODEL))
    known = world.known(spec(str(tmp_path / name)))
    assert {file.path: file.digest for file in known.files[None]} == {p: of_bytes(c) for p, c in MODEL.items()}
    assert known.configs == {"config.pbtxt": MODEL["config.pbtxt"]}
    world.fetch(spec(str(tmp_path / name)))
    assert world.known(spec(str(tmp_path / name))).missing == frozenset()
    assert world.volume.observe().partials == ()


@pytest.mark.parametrize("name", _PACKERS)
@pytest.mark.parametrize("kept", [0.3, 0.9, 0.999])
def test_an_archive_that_is_cut_off_is_refused(name: str, kept: float) -> None:
    whole = _PACKERS[name](MODEL | {"1/noise": bytes(range(256)) * 40})
    # tar pads with zeros to 10 KiB, of which the mark of its end are the first 1024
    cut = whole[: int(len(whole.rstrip(b"\0")) * kept)]
    with pytest.raises(TerminalError, match=f"the archive {name} is ") as raised:
        unpacked(cut, name)
    assert raised.value.reason is Reason.BAD_ARCHIVE


@pytest.mark.parametrize("name", [*_PACKERS, "m.tar.gz"])
def test_what_is_no_archive_is_refused(name: str) -> None:
    with pytest.raises(TerminalError) as raised:
        unpacked(b"<html>Please log in</html>" * 100, name)
    assert raised.value.reason is Reason.BAD_ARCHIVE


def test_a_flipped_bit_in_a_compressed_archive_is_noticed() -> None:
    content = bytearray(gzip.compress(tar(MODEL)))
    content[-6] ^= 1
    with pytest.raises(TerminalError, match="damaged"):
        unpacked(bytes(content), "m.tar.gz")


_HOSTILE: dict[str, tuple[str, bytes, str]] = {
    "symbolic link": ("m.tar", tar({}, special("x", tarfile.SYMTYPE, "/etc/passwd")), "a link"),
    "hard link": ("m.tar", tar({"a": b""}, special("x", tarfile.LNKTYPE, "a")), "a link"),
    "device": ("m.tar", tar({}, special("x", tarfile.CHRTYPE)), "a device"),
    "fifo": ("m.tar", tar({}, special("x", tarfile.FIFOTYPE)), "a device"),
    "parent": ("m.tar", tar({"../x": b""}), "leaves its directory"),
    "absolute": ("m.tar", tar({"/etc/x": b""}), "absolute"),
    "backslash": ("m.tar", tar({"..\\x": b""}), "backslash"),
    "twice": ("m.tar", tar({"a": b"", "./a": b""}), "twice"),
    "case": ("m.tar", tar({"model.py": b"", "Model.py": b""}), "differ only in case"),
    "file and directory": ("m.tar", tar({"a": b"", "a/b": b""}), "both as a file and as a directory"),
    "bomb": ("m.tar.xz", lzma.compress(tar({"zeros": bytes(80 << 20)}), preset=0), "times its size"),
    "zip bomb": ("m.zip", zipped({"zeros": bytes(80 << 20)}), "times its size"),
    "zip parent": ("m.zip", zipped({"../x": b""}), "leaves its directory"),
    "zip absolute": ("m.zip", zipped({"/x": b""}), "absolute"),
    "zip link": ("m.zip", zipped({"x": b"/etc/passwd"}, 0o120777), "a link"),
    "zip NUL": ("m.zip", zipped({"aXb": b""}).replace(b"aXb", b"a\0b"), "control character"),
}


@pytest.mark.parametrize("kind", _HOSTILE)
def test_a_hostile_archive_is_refused_and_leaves_nothing(world: World, tmp_path: Path, kind: str) -> None:
    name, content, words = _HOSTILE[kind]
    (tmp_path / name).write_bytes(content)
    model = spec(str(tmp_path / name))
    found = world.volume.resolve(model)
    assert isinstance(found, Unavailable)
    assert (found.reason, found.terminal) == (Reason.BAD_ARCHIVE, True)
    assert words in found.message
    with pytest.raises(TerminalError, match=words):
        world.fetch(model)
    view = world.volume.observe()
    assert (view.blobs, view.partials) == ({}, ())
    assert sorted(path.name for path in tmp_path.iterdir()) == [name, "volume"]


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        (["m/config.pbtxt", "m/1/model.py"], ["config.pbtxt", "1/model.py"]),
        (["1/model.py"], ["1/model.py"]),
        (["configs/a.pbtxt"], ["configs/a.pbtxt"]),
        (["m/a", "b"], ["m/a", "b"]),
        (["m"], ["m"]),
        (["m/a", "mm/b"], ["m/a", "mm/b"]),
    ],
)
def test_only_a_mere_wrapper_is_taken_off(paths: list[str], expected: list[str]) -> None:
    assert list(unwrapped(paths).values()) == expected


def test_members_are_filtered_as_files_are_and_the_rest_does_not_stay(world: World, tmp_path: Path) -> None:
    files = {f"m/{path}": content for path, content in MODEL.items()}
    files |= {"m/docs/a.md": b"text", "m/__pycache__/x.pyc": b"cache", ".DS_Store": b"finder"}
    (tmp_path / "m.tar").write_bytes(tar(files))
    model = spec(Source(uri=str(tmp_path / "m.tar"), exclude=("docs/**",)))
    world.fetch(model)
    assert {file.path for file in world.known(model).files[None]} == set(MODEL)
    assert not {of_bytes(b"text"), of_bytes(b"cache")} & world.volume.observe().blobs.keys()


def test_an_archive_is_one_file_where_unpacking_is_off(world: World, tmp_path: Path) -> None:
    content = tar(MODEL)
    (tmp_path / "m.tar").write_bytes(content)
    known = world.known(spec(Source(uri=str(tmp_path / "m.tar"), unpack=Unpack.NEVER)))
    assert [(file.path, file.digest) for file in known.files[None]] == [("m.tar", of_bytes(content))]


def test_an_archive_from_the_web_is_remembered_by_its_etag(world: World, web: Web) -> None:
    model = spec(web.put("/m.tar.gz", gzip.compress(tar(MODEL)), ETag='"1"'))
    assert not isinstance(world.volume.resolve(model), Known)
    world.fetch(model)
    web.requests.clear()
    known = world.known(model)
    assert known.missing == frozenset()
    assert known.configs == {"config.pbtxt": MODEL["config.pbtxt"]}
    assert web.requests == ["HEAD /m.tar.gz"]
    assert tree_digest(known.files[None]) in world.volume.observe().blobs


def test_an_empty_archive_is_an_empty_source(world: World, tmp_path: Path) -> None:
    (tmp_path / "m.tar").write_bytes(tar({}))
    found = world.volume.resolve(spec(str(tmp_path / "m.tar")))
    assert isinstance(found, Unavailable)
    assert found.reason is Reason.SOURCE_EMPTY
