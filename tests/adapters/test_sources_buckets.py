"""What s3://, gs:// and az:// have in common, each asked of a server (tests/buckets.py says which)."""

from pathlib import Path

import pytest

from reconciler.adapters.sources import Sources
from reconciler.adapters.volume.mounted import Volume
from reconciler.core.content import Unavailable
from reconciler.core.errors import Reason, ReconcileError, TerminalError, TransientError
from tests.buckets import Bucket, az_container, gs_bucket, s3_bucket
from tests.volume_world import spec

pytestmark = pytest.mark.slow


@pytest.fixture(params=["s3", "gs", "az"])
def bucket(request: pytest.FixtureRequest) -> Bucket:
    match request.param:
        case "s3":
            return s3_bucket(request.getfixturevalue("moto"))
        case "gs":
            return gs_bucket(request.getfixturevalue("moto"))
        case _:
            return az_container(request.getfixturevalue("azure"))


def refusal(bucket: Bucket, tmp_path: Path, path: str) -> Unavailable:
    """What a plan says of a source that is refused."""
    (tmp_path / "volume").mkdir()
    volume = Volume(str(tmp_path / "volume"), sources=Sources(bucket.credentials, bucket.environment))
    found = volume.resolve(spec(bucket.source(path)))
    volume.close()
    assert isinstance(found, Unavailable)
    return found


def test_a_prefix_ends_at_a_slash_and_an_exact_key_wins(bucket: Bucket) -> None:
    bucket.put({"m/resnet/a": b"1", "m/resnet-v2/b": b"2", "m/resnet.onnx": b"3", "m/both": b"4", "m/both/c": b"5"})
    assert bucket.read("/m/resnet") == {"a": b"1"}
    assert bucket.read("/m/resnet/") == {"a": b"1"}
    assert bucket.read("/m/resnet.onnx") == {"resnet.onnx": b"3"}
    assert bucket.read("/m/both") == {"both": b"4"}
    assert bucket.read("/m/both/") == {"c": b"5"}


def test_a_whole_bucket_is_a_source(bucket: Bucket) -> None:
    bucket.put({"a": b"1", "b/c": b"2"})
    assert bucket.read("") == bucket.read("/") == {"a": b"1", "b/c": b"2"}


def test_folder_markers_are_no_files_and_empty_objects_are(bucket: Bucket) -> None:
    bucket.put({"m/a": b"1", "m/empty": b""})
    for marker in ("m", "m/1", "m/deep/er"):
        bucket.folder(marker)
    assert bucket.read("/m") == {"a": b"1", "empty": b""}
    assert bucket.read("/m/") == {"a": b"1", "empty": b""}


def test_a_folder_with_nothing_in_it_is_an_empty_source(bucket: Bucket, tmp_path: Path) -> None:
    bucket.folder("m")
    assert refusal(bucket, tmp_path, "/m").reason is Reason.SOURCE_EMPTY


def test_names_of_all_kinds_arrive_as_they_are(bucket: Bucket) -> None:
    keys = [
        "ü/ß 日本.bin",
        "a b",
        "a+b",
        "a%20b",
        "a#b",
        "a?b",
        "a&b=c",
        "a*[b]",
        "~a",
        "a'b\"",
        "...a",
        "a..b",
        "-",
        ":c",
    ]
    bucket.put({f"m/{key}": key.encode() for key in keys})
    assert bucket.read("/m/") == {key: key.encode() for key in keys}


@pytest.mark.parametrize("keys", [["A", "a"], ["d/x", "D/y"], ["é", "e\u0301"], ["a", "a/b"]])
def test_keys_that_cannot_lie_in_one_tree_are_refused(bucket: Bucket, tmp_path: Path, keys: list[str]) -> None:
    bucket.put({f"m/{key}": b"" for key in keys})
    found = refusal(bucket, tmp_path, "/m/")
    assert (found.reason, found.terminal) == (Reason.UNSAFE_PATH, True)


@pytest.mark.parametrize("key", ["../x", "a/../../x", "/etc/passwd", "a//b", "a\\b", "a\tb", "./a"])
def test_keys_that_are_no_safe_names_are_refused(bucket: Bucket, tmp_path: Path, key: str) -> None:
    if bucket.scheme == "az" and key in ("../x", "a/../../x", "./a", "a\\b"):
        pytest.skip("Azure's own client and server cannot store such a key")
    bucket.put({f"m/{key}": b"x", "m/good": b"y"})
    found = refusal(bucket, tmp_path, "/m/")
    assert (found.reason, found.terminal) == (Reason.UNSAFE_PATH, True)
    assert not (tmp_path / "volume/x").exists()


def test_globs_choose_among_the_keys(bucket: Bucket) -> None:
    bucket.put({"m/a.onnx": b"1", "m/b/c.onnx": b"2", "m/readme.md": b"3", "m/__pycache__/x": b"4", "m/b/d.bin": b"5"})
    assert set(bucket.read("/m", include=("*.onnx",))) == {"a.onnx", "b/c.onnx"}
    assert set(bucket.read("/m", exclude=("b/", "*.md"))) == {"a.onnx"}


def test_a_part_of_an_object_is_read_at_its_own_cost(bucket: Bucket) -> None:
    content = bytes(range(256)) * 1000
    bucket.put({"m/big": content})
    store = bucket.store("/m/")
    (file,) = store.listing()
    assert file.size == len(content)
    assert store.gives_ranges(file)
    assert b"".join(store.blocks(file, 1000, 200_000)) == content[1000:200_000]
    assert b"".join(store.blocks(file, 255_990)) == content[255_990:]


def test_an_object_that_is_replaced_after_it_was_listed_is_noticed(bucket: Bucket) -> None:
    bucket.put({"m/a": b"old"})
    store = bucket.store("/m")
    (file,) = store.listing()
    bucket.put({"m/a": b"new"})
    for span in ((0, None), (1, 2)):
        with pytest.raises(TransientError) as raised:
            list(store.blocks(file, *span))
        assert raised.value.reason is Reason.SOURCE_CHANGED
    (again,) = store.listing()
    assert again.fingerprint != file.fingerprint


def test_what_is_gone_since_the_listing_is_told(bucket: Bucket) -> None:
    bucket.put({"m/a": b"old", "m/b": b"stays"})
    store = bucket.store("/m")
    gone = next(file for file in store.listing() if file.path == "a")
    if bucket.scheme == "az":
        bucket.client.get_blob_client(bucket.name, "m/a").delete_blob()
    else:
        bucket.client.delete_object(Bucket=bucket.name, Key="m/a")
    with pytest.raises(ReconcileError) as raised:
        list(store.blocks(gone))
    assert raised.value.reason is Reason.SOURCE_CHANGED
    assert bucket.read("/m") == {"b": b"stays"}


def test_keys_on_many_pages_are_all_listed(moto: str, monkeypatch: pytest.MonkeyPatch) -> None:
    bucket = s3_bucket(moto)
    keys = [f"m/{number:03}" for number in range(150)]
    bucket.put(dict.fromkeys(keys, b"x"))
    monkeypatch.setenv("MOTO_S3_DEFAULT_MAX_KEYS", "2")  # read by the server, which is in this process
    pages = bucket.client.list_objects_v2(Bucket=bucket.name)
    assert (pages["KeyCount"], pages["IsTruncated"]) == (2, True)
    assert [file.path for file in bucket.listed("/m")] == [key.removeprefix("m/") for key in keys]


def test_what_is_not_there_is_told(bucket: Bucket, tmp_path: Path) -> None:
    assert refusal(bucket, tmp_path, "/nothing/here").reason is Reason.SOURCE_EMPTY


def test_a_bucket_that_is_not_there_is_told(bucket: Bucket) -> None:
    with pytest.raises(TerminalError) as raised:
        Bucket(bucket.scheme, None, bucket.endpoint, bucket.environment, "nosuchbucket").listed("/m/")
    assert raised.value.reason is Reason.SOURCE_NOT_FOUND
