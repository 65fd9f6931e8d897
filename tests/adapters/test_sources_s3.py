"""s3:// against a real S3-speaking server (rclone serve s3)."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from reconciler.adapters.sources import Sources
from reconciler.adapters.volume.mounted import Volume
from reconciler.core.content import Content, Unavailable, Unfetched
from reconciler.core.digest import of_bytes
from reconciler.core.errors import Reason
from reconciler.core.spec import Credentials, Source
from tests.volume_world import MODEL, World, open_world, spec, write
from tests.web import KEY, SECRET

pytestmark = pytest.mark.slow

_ENVIRONMENT = {"T_AWS_ACCESS_KEY_ID": KEY, "T_AWS_SECRET_ACCESS_KEY": SECRET, "BAD_AWS_ACCESS_KEY_ID": KEY}


@dataclass(frozen=True)
class Bucket:
    """A bucket as a directory, and a volume that can read it."""

    directory: Path
    world: World

    def resolve(self, uri: str, credentials: str = "test") -> Content:
        return self.world.volume.resolve(spec(Source(uri=uri, credentials=credentials)))

    def fetched(self, uri: str) -> dict[str, str]:
        """What is known after a fetch."""
        model = spec(Source(uri=uri, credentials="test"))
        self.world.fetch(model)
        return {file.path: file.digest for file in self.world.known(model).files[None]}


@pytest.fixture
def bucket(s3: tuple[str, Path], tmp_path: Path) -> Iterator[Bucket]:
    endpoint, directory = s3
    root = directory / "models"
    root.mkdir()
    credentials = {
        "test": Credentials(endpoint_url=endpoint, from_env="T_"),
        "wrong": Credentials(endpoint_url=endpoint, from_env="WRONG_"),
        "none": Credentials(endpoint_url=endpoint, from_env="BAD_"),
        "dead": Credentials(endpoint_url="http://127.0.0.1:9", from_env="T_"),
    }
    environment = _ENVIRONMENT | {"WRONG_AWS_ACCESS_KEY_ID": KEY, "WRONG_AWS_SECRET_ACCESS_KEY": "no"}
    volume = Volume(str(open_world(tmp_path / "volume").root), sources=Sources(credentials, environment))
    yield Bucket(root, World(root=tmp_path / "volume", volume=volume))
    volume.close()
    shutil.rmtree(root)


def test_a_prefix_is_bounded_by_a_slash_whether_it_is_written_or_not(bucket: Bucket) -> None:
    write(bucket.directory, {"m/resnet/a": b"1", "m/resnet-v2/b": b"2", "m/resnet.onnx": b"3"})
    assert bucket.fetched("s3://models/m/resnet") == {"a": of_bytes(b"1")}
    assert bucket.fetched("s3://models/m/resnet/") == {"a": of_bytes(b"1")}
    assert bucket.fetched("s3://models/m/resnet.onnx") == {"resnet.onnx": of_bytes(b"3")}


def test_a_model_is_fetched_with_its_empty_files_and_served(bucket: Bucket) -> None:
    write(bucket.directory, {f"dense/{path}": content for path, content in (MODEL | {"1/empty": b""}).items()})
    assert bucket.resolve("s3://models/dense/") == Unfetched(size=sum(map(len, MODEL.values())), files=4)
    tree = bucket.world.serve(spec(Source(uri="s3://models/dense/", credentials="test")))
    assert bucket.world.active().tree == tree
    assert bucket.world.active().damage == ()
    assert (bucket.world.model() / "1/empty").read_bytes() == b""


def test_only_what_changed_is_fetched_again(bucket: Bucket) -> None:
    write(bucket.directory, {"m/a.bin": b"a" * 1000, "m/b.bin": b"b" * 1000})
    bucket.fetched("s3://models/m")
    write(bucket.directory, {"m/b.bin": b"c" * 1000})
    assert bucket.resolve("s3://models/m") == Unfetched(size=1000, files=1)
    assert sum(bucket.world.fetch(spec(Source(uri="s3://models/m", credentials="test")))) == 1000


def test_a_file_of_several_blocks_arrives_whole(bucket: Bucket) -> None:
    content = bytes(range(256)) * 20_000
    write(bucket.directory, {"m/big.bin": content})
    assert bucket.fetched("s3://models/m") == {"big.bin": of_bytes(content)}


@pytest.mark.parametrize(
    ("uri", "credentials", "reason", "terminal"),
    [
        ("s3://models/nothing/", "test", Reason.SOURCE_EMPTY, True),
        ("s3://models/nothing", "test", Reason.SOURCE_EMPTY, True),
        ("s3://no-such-bucket/m/", "test", Reason.SOURCE_NOT_FOUND, True),
        ("s3://models/m", "wrong", Reason.SOURCE_UNREADABLE, True),
        ("s3://models/m", "none", Reason.CREDENTIALS_MISSING, True),
        ("s3://models/m", "dead", Reason.SOURCE_UNREACHABLE, False),
    ],
)
def test_what_is_wrong_with_a_bucket_is_sorted_by_what_to_do(
    bucket: Bucket, uri: str, credentials: str, reason: Reason, *, terminal: bool
) -> None:
    write(bucket.directory, {"m/a": b"1"})
    found = bucket.resolve(uri, credentials)
    assert isinstance(found, Unavailable)
    assert (found.reason, found.terminal) == (reason, terminal)
    assert SECRET not in found.message
