"""Resolving and fetching: what is known when, what lands, and what does not."""

import os
import subprocess
from pathlib import Path

import pytest

from reconciler.core.content import Known, Unavailable, Unfetched
from reconciler.core.digest import Digest, hexdigits, of_bytes, tree_digest
from reconciler.core.errors import Reason, TerminalError, TransientError
from reconciler.core.plan import Fetch
from reconciler.core.spec import ModelSpec, Source
from tests.volume_world import MODEL, World, everything, spec, write
from tests.web import Page, Web

_PIPELINE = r"find . -type f -printf '%P\0' | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum"

_NAMES = {"a": b"1", "B/c": b"2", "b.txt": b"", "ü/ß": b"3", "with space": b"4", "z-9/y/x": b"5", "Z": b"6"}


@pytest.fixture
def source(tmp_path: Path) -> str:
    return write(tmp_path / "source", MODEL)


def test_the_tree_digest_is_what_coreutils_print(world: World, tmp_path: Path) -> None:
    directory = write(tmp_path / "names", _NAMES)
    printed = subprocess.run(["bash", "-c", _PIPELINE], cwd=directory, capture_output=True, check=True).stdout
    files = world.known(spec(directory)).files[None]
    assert hexdigits(tree_digest(files)) == printed.split()[0].decode()


def test_a_manifest_is_a_blob_named_by_the_tree_digest(world: World, source: str) -> None:
    world.fetch(spec(source))
    digits = hexdigits(tree_digest(world.known(spec(source)).files[None]))
    text = (world.ours / "blobs" / digits[:2] / digits).read_text()
    assert text.splitlines()[0].endswith("  1/model.py")


def test_a_local_source_is_known_before_it_is_fetched(world: World, source: str) -> None:
    known = world.known(spec(source))
    assert [file.path for file in known.files[None]] == ["1/model.py", "1/weights.bin", "config.pbtxt"]
    assert known.configs == {"config.pbtxt": MODEL["config.pbtxt"]}
    assert known.missing == {of_bytes(content) for content in MODEL.values()}
    world.fetch(spec(source))
    assert world.known(spec(source)).missing == frozenset()


def test_a_changed_local_file_is_noticed_even_within_the_same_tick(world: World, source: str) -> None:
    world.fetch(spec(source))
    file = Path(source, "1/model.py")
    before = file.stat()
    file.write_bytes(b"two")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert world.known(spec(source)).missing == {of_bytes(b"two")}


def test_a_model_made_of_config_only_has_nothing_to_fetch(world: World) -> None:
    content = world.volume.resolve(ModelSpec(name="e", file="e.yaml", framework="ensemble"))
    assert content == Known(files={})


def test_a_pinned_source_that_is_on_the_volume_is_not_even_looked_at(world: World, source: str) -> None:
    world.fetch(spec(source))
    pinned = Source(uri="s3://nowhere/at/all", digest=tree_digest(world.known(spec(source)).files[None]))
    known = world.known(spec(pinned))
    assert known == world.known(spec(source))
    assert world.fetch(spec(pinned)) == []


def test_a_pinned_source_is_known_without_its_remembered_sizes(world: World, source: str) -> None:
    world.fetch(spec(source))
    expected = world.known(spec(source))
    for file in (world.ours / "fingerprints").iterdir():
        file.unlink()
    pinned = Source(uri="s3://nowhere/at/all", digest=tree_digest(expected.files[None]))
    assert world.known(spec(pinned)) == expected


def test_a_truncated_blob_is_missing_and_keeps_its_true_size(world: World, source: str) -> None:
    world.fetch(spec(source))
    whole = world.known(spec(source))
    digest = of_bytes(MODEL["1/weights.bin"])
    blob = world.ours / "blobs" / hexdigits(digest)[:2] / hexdigits(digest)
    times = blob.stat()
    os.truncate(blob, 17)
    os.utime(blob, ns=(times.st_atime_ns, times.st_mtime_ns))
    pinned = spec(Source(uri=source, digest=tree_digest(whole.files[None])))
    assert world.known(pinned).files == whole.files
    assert world.known(pinned).missing == {digest}
    world.fetch(pinned)
    assert blob.read_bytes() == MODEL["1/weights.bin"]


def test_a_wrong_digest_is_said_with_both_digests_and_nothing_is_remembered(world: World, source: str) -> None:
    wrong = Source(uri=source, digest=Digest("sha256:" + "0" * 64))
    content = world.volume.resolve(spec(wrong))
    assert isinstance(content, Unavailable)
    assert (content.reason, content.terminal) == (Reason.DIGEST_MISMATCH, True)
    found = tree_digest(world.known(spec(source)).files[None])
    assert found in content.message
    assert "0" * 64 in content.message
    with pytest.raises(TerminalError, match="is expected") as raised:
        world.fetch(spec(wrong))
    assert raised.value.reason is Reason.DIGEST_MISMATCH
    assert found not in world.volume.observe().blobs
    assert world.volume.observe().partials == ()


def test_versions_have_sources_of_their_own(world: World, tmp_path: Path) -> None:
    write(tmp_path, {"a/model.onnx": b"seven", "b/model.onnx": b"eight"})
    versions = {7: Source(uri=f"{tmp_path}/a/model.onnx"), 8: Source(uri=f"file://{tmp_path}/b/")}
    model = ModelSpec(name="m", file="m.yaml", framework="onnxruntime", versions=versions)
    world.fetch(model)
    files = world.known(model).files
    assert {key: [(f.path, f.digest) for f in found] for key, found in files.items()} == {
        7: [("model.onnx", of_bytes(b"seven"))],
        8: [("model.onnx", of_bytes(b"eight"))],
    }
    assert world.known(model).missing == frozenset()


def test_a_web_source_is_unfetched_until_fetched_and_then_known_by_its_etag(world: World, web: Web) -> None:
    model = spec(web.put("/model.onnx", b"x" * 1000, ETag='"1"'))
    assert world.volume.resolve(model) == Unfetched(size=1000, files=1)
    assert sum(world.fetch(model)) == 1000
    assert world.known(model).files[None][0].digest == of_bytes(b"x" * 1000)
    web.requests.clear()
    assert world.fetch(model) == []
    assert web.requests == ["HEAD /model.onnx"]
    web.put("/model.onnx", b"y" * 1000, ETag='"2"')
    assert isinstance(world.volume.resolve(model), Unfetched)
    world.fetch(model)
    assert world.known(model).files[None][0].digest == of_bytes(b"y" * 1000)


def test_last_modified_does_where_there_is_no_etag(world: World, web: Web) -> None:
    model = spec(web.put("/model.onnx", b"abc", Last_Modified="Sat, 21 Nov 2026 10:00:00 GMT"))
    assert isinstance(world.volume.resolve(model), Unfetched)
    world.fetch(model)
    assert world.known(model).missing == frozenset()


def test_a_web_source_that_tells_nothing_is_read_each_time(world: World, web: Web) -> None:
    model = spec(web.put("/model.onnx", b"abc"))
    assert world.known(model).missing == {of_bytes(b"abc")}
    world.fetch(model)
    web.put("/model.onnx", b"abd")
    assert world.known(model).missing == {of_bytes(b"abd")}


def test_a_truncated_download_leaves_nothing(world: World, web: Web) -> None:
    model = spec(web.put("/model.onnx", b"x" * 100, ETag='"1"'))
    web.pages["/model.onnx"].length = 200
    with pytest.raises(TransientError, match="truncated"):
        world.fetch(model)
    view = world.volume.observe()
    assert (view.blobs, view.partials) == ({}, ())


def test_a_source_that_changes_between_listing_and_reading_is_refused(world: World, web: Web) -> None:
    model = spec(web.put("/model.onnx", b"x" * 100, ETag='"1"'))
    web.pages["/model.onnx"].on_get = Page(body=b"y" * 100, headers={"ETag": '"2"'})
    with pytest.raises(TransientError, match="changed while it was being read") as raised:
        world.fetch(model)
    assert raised.value.reason is Reason.SOURCE_CHANGED
    assert world.volume.observe().blobs == {}


def test_a_cancelled_fetch_says_so_and_leaves_nothing_half_made(world: World, source: str) -> None:
    action = Fetch(model="m", sources=spec(source).sources(), size=None)
    with pytest.raises(TransientError) as raised:
        world.volume.fetch(action, progress=lambda _: None, cancelled=lambda: True)
    assert raised.value.reason is Reason.CANCELLED
    assert world.volume.observe().partials == ()
    assert not [name for name in everything(world.ours) if name.startswith("partial/")]


def test_a_blob_that_is_there_is_not_fetched_again(world: World, source: str, tmp_path: Path) -> None:
    world.fetch(spec(source))
    digest = of_bytes(MODEL["1/weights.bin"])
    copy = write(tmp_path / "copy", MODEL)
    world.fetch(spec(copy, name="twin"))
    tree = world.tree(spec(source))
    world.activate(tree, "m")
    twin = world.tree(spec(copy, name="twin"))
    world.activate(twin, "twin")
    blob = world.ours / "blobs" / hexdigits(digest)[:2] / hexdigits(digest)
    assert blob.stat().st_nlink == 3


def test_a_memory_that_is_nested_without_end_counts_as_none(world: World, source: str) -> None:
    world.fetch(spec(source))
    for file in (world.ours / "fingerprints").iterdir():
        file.chmod(0o644)
        file.write_bytes(b"[" * 200_000)
    world.fetch(spec(source))
    assert world.known(spec(source)).missing == frozenset()
