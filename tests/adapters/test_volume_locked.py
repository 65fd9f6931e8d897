"""Sources with a lock: known without a network, fetched by what the lock names, and nothing else is taken."""

import io
import os
import shutil
import tarfile
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from reconciler.adapters.sources import NOTHING, Sources, measure
from reconciler.adapters.volume import delivery, part
from reconciler.adapters.volume.mounted import Volume
from reconciler.core.content import Known, Unavailable
from reconciler.core.digest import FileDigest, of_bytes
from reconciler.core.errors import Reason, TerminalError, TransientError
from reconciler.core.locked import LockedSource
from reconciler.core.spec import Credentials, ModelSpec, Source
from tests.volume_world import MODEL, World, open_world, spec, write
from tests.web import KEY, SECRET, Page, Web, moto_server, s3_client

CREDENTIALS = {"test": Credentials(from_env="T_")}
ENVIRONMENT = {"T_AWS_ACCESS_KEY_ID": KEY, "T_AWS_SECRET_ACCESS_KEY": SECRET}


def locked(source: Source | str, endpoint: str = "", **more: Any) -> ModelSpec:
    """A model with the lock that its source gives now."""
    given = source if isinstance(source, Source) else Source(uri=source)
    sources = Sources({"test": replace(CREDENTIALS["test"], endpoint_url=endpoint or None)}, ENVIRONMENT)
    try:
        found = measure(sources.store(given), given, more.get("remembered", NOTHING))
    finally:
        sources.close()
    return spec(replace(given, locked=found))


def lock_of(model: ModelSpec) -> LockedSource:
    assert model.source is not None
    assert model.source.locked is not None
    return model.source.locked


def refused(world: World, model: ModelSpec) -> str:
    """What a fetch is refused with, after which nothing vouches for the tree."""
    with pytest.raises(TerminalError) as raised:
        world.fetch(model)
    assert raised.value.reason is Reason.DIGEST_MISMATCH
    assert "reconcile lock" in raised.value.hint
    digest = lock_of(model).digest.removeprefix("sha256:")
    assert not (world.ours / "blobs" / digest[:2] / digest).exists()
    return raised.value.message


def packed(files: Mapping[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for path, content in files.items():
            entry = tarfile.TarInfo(path)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return stream.getvalue()


def test_a_locked_model_is_known_whole_while_its_source_is_gone(world: World, tmp_path: Path) -> None:
    model = locked(write(tmp_path / "source", MODEL))
    shutil.rmtree(tmp_path / "source")
    known = world.known(model)
    assert {file.path: (file.digest, file.size) for file in known.files[None]} == {
        path: (of_bytes(content), len(content)) for path, content in MODEL.items()
    }
    assert known.configs == {"config.pbtxt": MODEL["config.pbtxt"]}
    assert known.missing == {of_bytes(content) for content in MODEL.values()}


def test_a_lock_of_files_on_this_machine_is_the_same_on_every_machine(tmp_path: Path) -> None:
    here, there = (lock_of(locked(write(tmp_path / name, MODEL))) for name in ("here", "there"))
    assert here == there
    assert all(each.pin.fingerprint is None for each in here.files)


def test_only_what_is_missing_is_asked_for(world: World, tmp_path: Path) -> None:
    model = locked(write(tmp_path / "source", MODEL))
    assert sum(world.fetch(model)) == sum(map(len, MODEL.values()))
    assert world.known(model).missing == frozenset()
    digest = of_bytes(b"one").removeprefix("sha256:")
    (world.ours / "blobs" / digest[:2] / digest).unlink()
    (tmp_path / "source/1/weights.bin").unlink()
    (tmp_path / "source/config.pbtxt").unlink()
    assert world.fetch(model) == [3]
    shutil.rmtree(tmp_path / "source")
    assert world.fetch(model) == []
    tree = world.tree(model)
    world.activate(tree)
    assert world.active().damage == ()


def test_contents_that_came_for_another_model_are_not_asked_for_again(world: World, tmp_path: Path) -> None:
    model = locked(write(tmp_path / "source", MODEL))
    world.fetch(spec(write(tmp_path / "other", {**MODEL, "1/more": b"more"})))
    shutil.rmtree(tmp_path / "source")
    assert world.fetch(model) == []
    assert world.known(spec(Source(uri="/nowhere", digest=lock_of(model).digest))).missing == frozenset()


def test_the_same_content_under_two_names_comes_once(world: World, tmp_path: Path) -> None:
    model = locked(write(tmp_path / "source", {"1/a": b"same", "1/b": b"same"}))
    assert world.fetch(model) == [4]


@pytest.mark.parametrize("content", [b"two", b"longer", None], ids=["other", "longer", "gone"])
def test_what_is_not_what_is_locked_is_refused_and_nothing_vouches_for_it(
    world: World, tmp_path: Path, content: bytes | None
) -> None:
    model = locked(write(tmp_path / "source", MODEL))
    (tmp_path / "source/1/model.py").unlink()
    if content is not None:
        write(tmp_path / "source", {"1/model.py": content})
    assert "1/model.py" in refused(world, model)
    assert world.known(model).missing >= {of_bytes(b"one")}


def test_an_archive_with_a_lock_is_unpacked_and_compared(world: World, tmp_path: Path) -> None:
    archive = tmp_path / "m.tar"
    archive.write_bytes(packed(MODEL))
    model = locked(str(archive))
    assert lock_of(model).archive is not None
    assert world.known(model).configs == {"config.pbtxt": MODEL["config.pbtxt"]}
    world.fetch(model)
    assert world.known(model).missing == frozenset()
    archive.unlink()
    assert world.fetch(model) == []


def test_an_archive_that_holds_something_else_than_is_locked_leaves_nothing_behind(
    world: World, tmp_path: Path
) -> None:
    archive = tmp_path / "m.tar"
    archive.write_bytes(packed(MODEL))
    model = locked(str(archive))
    archive.write_bytes(packed({**MODEL, "1/model.py": b"two"}))
    assert "is locked" in refused(world, model)
    assert world.known(model).missing == {of_bytes(content) for content in MODEL.values()}
    archive.unlink()
    archive.mkdir()
    write(archive, MODEL)
    assert "no longer the archive m.tar" in refused(world, model)


def test_a_lock_with_names_that_cannot_lie_in_one_tree_is_refused(world: World) -> None:
    files = tuple(
        replace(each, file=FileDigest(path=path, size=1, digest=of_bytes(b"x")))
        for path, each in zip(("a/B", "a/b"), lock_of(locked(__file__)).files * 2, strict=True)
    )
    content = world.volume.resolve(spec(Source(uri="/a", locked=LockedSource(files=files))))
    assert isinstance(content, Unavailable)
    assert (content.reason, content.terminal) == (Reason.UNSAFE_PATH, True)


def test_a_config_too_large_to_be_one_is_not_locked(tmp_path: Path) -> None:
    write(tmp_path / "source", {"config.pbtxt": b"#" * (1 << 20) + b"#"})
    with pytest.raises(TerminalError, match="larger than a config can be"):
        locked(str(tmp_path / "source"))
    (tmp_path / "m.tar").write_bytes(packed({"1/graph.pbtxt": b"#" * (1 << 21)}))
    assert [each.file.size for each in lock_of(locked(str(tmp_path / "m.tar"))).files] == [1 << 21]


def test_a_pinned_digest_that_the_source_does_not_have_cannot_be_locked(tmp_path: Path) -> None:
    source = Source(uri=write(tmp_path / "source", MODEL), digest=of_bytes(b"other"))
    with pytest.raises(TerminalError) as raised:
        locked(source)
    assert raised.value.reason is Reason.DIGEST_MISMATCH


def test_what_tells_by_its_etag_that_it_is_the_same_is_not_read_again(web: Web, world: World) -> None:
    url = web.put("/m/model.bin", b"one", ETag='"1"')
    model = locked(url)
    assert [(each.file.path, each.pin.fingerprint) for each in lock_of(model).files] == [("model.bin", '"1"')]
    web.requests.clear()
    assert model.source is not None
    assert lock_of(locked(model.source)) == lock_of(model)
    assert not [request for request in web.requests if request.startswith("GET")]
    world.fetch(spec(url))
    web.requests.clear()
    assert lock_of(locked(url, remembered=world.volume.remembered(Source(uri=url)))) == lock_of(model)
    assert not [request for request in web.requests if request.startswith("GET")]
    web.put("/m/model.bin", b"two", ETag='"2"')
    assert lock_of(locked(model.source)).content[0].digest == of_bytes(b"two")


def test_an_archive_is_not_read_again_for_what_the_lock_or_the_volume_knows(web: Web, world: World) -> None:
    url = web.put("/m.tar", packed(MODEL), ETag='"1"')
    model = locked(url)
    assert model.source is not None
    world.fetch(spec(url))
    web.requests.clear()
    assert lock_of(locked(model.source)) == lock_of(model)
    assert lock_of(locked(url, remembered=world.volume.remembered(Source(uri=url)))) == lock_of(model)
    assert not [request for request in web.requests if request.startswith("GET")]
    other = world.volume.remembered(Source(uri=web.put("/other.tar", packed(MODEL), ETag='"1"')))
    assert lock_of(locked(f"{web.url}/other.tar", remembered=other)).content == lock_of(model).content


def test_a_source_that_is_cut_off_cannot_be_locked(web: Web) -> None:
    url = web.put("/model.bin", b"one")
    web.pages["/model.bin"] = Page(body=b"one", length=3, on_get=Page(body=b"on"))
    with pytest.raises(TransientError, match="truncated"):
        locked(url)


def test_the_first_file_that_cannot_be_read_ends_the_locking_of_its_source(tmp_path: Path) -> None:
    write(tmp_path / "source", {f"1/{number}": b"x" for number in range(50)})
    source = Source(uri=str(tmp_path / "source"))
    with pytest.raises(TransientError) as raised:
        measure(Sources({}, {}).store(source), source, NOTHING, lambda: True)
    assert raised.value.reason is Reason.CANCELLED


@dataclass(frozen=True)
class Bucket:
    """A bucket on a server that keeps versions, and a volume that reads it."""

    endpoint: str
    world: World

    @property
    def client(self) -> Any:
        return s3_client(self.endpoint)

    def put(self, files: Mapping[str, bytes]) -> dict[str, str | None]:
        """Puts the objects, and gives their versions."""
        return {
            key: self.client.put_object(Bucket="locked", Key=key, Body=content).get("VersionId")
            for key, content in files.items()
        }

    def keep_versions(self) -> None:
        self.client.put_bucket_versioning(Bucket="locked", VersioningConfiguration={"Status": "Enabled"})

    def locked(self, uri: str) -> ModelSpec:
        return locked(Source(uri=uri, credentials="test"), self.endpoint)


@contextmanager
def server() -> Iterator[str]:
    """A server with nothing in it: moto's servers of one process share what they hold."""
    with moto_server("locked") as endpoint:
        urllib.request.urlopen(urllib.request.Request(f"{endpoint}/moto-api/reset", method="POST")).close()
        s3_client(endpoint).create_bucket(Bucket="locked")
        yield endpoint


@pytest.fixture
def bucket(tmp_path: Path) -> Iterator[Bucket]:
    with server() as endpoint:
        credentials = {"test": replace(CREDENTIALS["test"], endpoint_url=endpoint)}
        volume = Volume(str(open_world(tmp_path / "volume").root), sources=Sources(credentials, ENVIRONMENT))
        yield Bucket(endpoint, World(root=tmp_path / "volume", volume=volume))
        volume.close()


@pytest.mark.slow
def test_objects_are_had_by_their_version_although_they_were_replaced_and_deleted(bucket: Bucket) -> None:
    bucket.keep_versions()
    versions = bucket.put({f"m/{path}": content for path, content in MODEL.items()})
    model = bucket.locked("s3://locked/m")
    assert {f"m/{each.file.path}": each.pin.version for each in lock_of(model).files} == versions
    bucket.put({"m/1/model.py": b"two", "m/1/new.py": b"new"})
    bucket.client.delete_object(Bucket="locked", Key="m/1/weights.bin")
    assert sum(bucket.world.fetch(model)) == sum(map(len, MODEL.values()))
    tree = bucket.world.tree(model)
    bucket.world.activate(tree)
    assert (bucket.world.model() / "1/model.py").read_bytes() == b"one"
    assert bucket.world.active().damage == ()


@pytest.mark.slow
def test_a_key_is_told_from_a_prefix_that_is_called_alike(bucket: Bucket) -> None:
    bucket.keep_versions()
    bucket.put({"a/model.py": b"key", "b/model.py/model.py": b"below"})
    for uri, content in (("s3://locked/a/model.py", b"key"), ("s3://locked/b/model.py", b"below")):
        model = bucket.locked(uri)
        key = uri.removeprefix("s3://locked/")
        bucket.put({key if content == b"key" else f"{key}/model.py": b"other"})
        bucket.world.fetch(model)
        assert bucket.world.known(model).missing == frozenset()
        assert [file.digest for file in bucket.world.known(model).files[None]] == [of_bytes(content)]


@pytest.mark.slow
def test_a_version_in_the_uri_and_the_whole_bucket_are_locked_too(bucket: Bucket) -> None:
    bucket.keep_versions()
    old = bucket.put({"one.py": b"old"})["one.py"]
    bucket.put({"one.py": b"new"})
    model, whole = bucket.locked(f"s3://locked/one.py?versionId={old}"), bucket.locked("s3://locked/")
    assert [each.pin.version for each in lock_of(model).files] == [old]
    bucket.client.delete_object(Bucket="locked", Key="one.py")
    for each, content in ((model, b"old"), (whole, b"new")):
        bucket.world.fetch(each)
        assert [file.digest for file in bucket.world.known(each).files[None]] == [of_bytes(content)]
        assert bucket.world.known(each).missing == frozenset()


@pytest.mark.slow
def test_an_archive_is_had_by_its_version(bucket: Bucket) -> None:
    bucket.keep_versions()
    bucket.put({"m.tar": packed(MODEL)})
    model = bucket.locked("s3://locked/m.tar")
    bucket.put({"m.tar": b"no archive"})
    bucket.world.fetch(model)
    assert bucket.world.known(model).missing == frozenset()


@pytest.mark.slow
def test_a_big_object_that_was_deleted_comes_in_ranges_by_its_version(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(part, "RANGE", 256 << 10)
    monkeypatch.setattr(delivery, "RANGE", 256 << 10)
    bucket.keep_versions()
    content = os.urandom((1 << 20) + 7)
    bucket.put({"m/big.bin": content})
    model = bucket.locked("s3://locked/m/")
    bucket.put({"m/big.bin": os.urandom(1 << 20)})
    bucket.client.delete_object(Bucket="locked", Key="m/big.bin")
    assert sum(bucket.world.fetch(model)) == len(content)
    assert bucket.world.known(model).missing == frozenset()


@pytest.mark.slow
def test_a_lock_with_another_size_than_its_version_has_is_told_as_such(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(part, "RANGE", 256 << 10)
    monkeypatch.setattr(delivery, "RANGE", 256 << 10)
    bucket.keep_versions()
    bucket.put({"m/big.bin": os.urandom(1 << 20)})
    model = bucket.locked("s3://locked/m/")
    (file,) = lock_of(model).files
    grown = replace(file, file=replace(file.file, size=2 << 20))
    source = replace(model.sources()[None], locked=replace(lock_of(model), files=(grown,)))
    with pytest.raises(TransientError, match="does not give what is locked by version") as raised:
        bucket.world.fetch(replace(model, source=source))
    assert "reconcile lock" in str(raised.value)


@pytest.mark.slow
def test_where_no_versions_are_kept_what_was_replaced_is_refused(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(part, "RANGE", 256 << 10)
    monkeypatch.setattr(delivery, "RANGE", 256 << 10)
    bucket.put({"m/big.bin": bytes(1 << 20), "m/small": b"one"})
    model = bucket.locked("s3://locked/m/")
    assert [each.pin.version for each in lock_of(model).files] == [None, None]
    assert all(each.pin.fingerprint for each in lock_of(model).files)
    bucket.put({"m/big.bin": bytes((1 << 20) - 1) + b"1"})
    assert "big.bin" in refused(bucket.world, model)
    assert os.listdir(bucket.world.ours / "partial") == []
    bucket.put({"m/big.bin": bytes(1 << 20)})
    bucket.world.fetch(model)
    assert bucket.world.known(model).missing == frozenset()


@pytest.mark.slow
def test_a_plan_of_what_is_locked_asks_no_store_at_all(tmp_path: Path) -> None:
    with server() as endpoint:
        bucket = Bucket(endpoint, open_world(tmp_path / "volume"))
        bucket.put({f"m/{path}": content for path, content in MODEL.items()})
        model = bucket.locked("s3://locked/m/")
    known = bucket.world.volume.resolve(model)  # the server is off, and this volume has no credentials profile
    assert isinstance(known, Known)
    assert len(known.files[None]) == len(MODEL)
