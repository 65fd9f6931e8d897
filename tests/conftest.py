"""What several kinds of tests share: a real Triton for each worker, started at its first use; hypothesis profiles.

Quick and the same every time by default, long and random with HYPOTHESIS_PROFILE=slow.
"""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from reconciler import embedded
from reconciler.adapters.triton.client import connect
from reconciler.core.errors import TerminalError
from tests.triton_models import Bench, load_action, multiplier

settings.register_profile(
    "quick", max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
settings.register_profile(
    "slow", max_examples=3000, deadline=None, print_blob=True, suppress_health_check=list(HealthCheck)
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))


def pytest_configure() -> None:
    """What the tests' children get from the shell that starts the tests.

    One that starts them in the background has them ignore Ctrl-C; where Python must not write what it compiles, each
    of some thousand children compiles anew all that it imports.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


@pytest.fixture(scope="session")
def triton_bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """The worker's own real Triton over gRPC, with the Python model `twice` (OUT = 2 * IN) loaded."""
    repository = tmp_path_factory.mktemp("triton") / "models"
    repository.mkdir()
    with start_or_skip(repository) as server, connect(server.info.grpc_url) as client:
        bench = Bench(repository=repository, server=server, client=client)
        twice = multiplier("twice")
        bench.put(twice)
        client.load(load_action(twice))
        yield bench
        server.kill()  # to finalise every Python model that was loaded takes Triton a second each


@pytest.fixture
def private_bench(tmp_path: Path) -> Iterator[Bench]:
    """A real Triton for one test, which may kill and restart it; nothing is loaded."""
    repository = tmp_path / "models"
    repository.mkdir()
    with start_or_skip(repository) as server, connect(server.info.grpc_url) as client:
        yield Bench(repository=repository, server=server, client=client)


def start_or_skip(repository: Path, *flags: str) -> embedded.Server:
    """A machine that cannot run the local Triton at all says so once for each test."""
    try:
        return embedded.start(repository, flags=flags)
    except TerminalError as error:
        pytest.skip(str(error))
