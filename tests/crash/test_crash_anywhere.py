"""Runs that are killed at each numbered effect in turn: all is sound at once, and as wanted after one more run."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.crash.conftest import FIGURES
from tests.crash.ground import Ground, most, round_about, serverless
from tests.crash.killing import Nursery
from tests.crash.scenes import SCENES, SERVERLESS
from tests.e2e.real_world import started
from tests.e2e.scale_models import built

Record = Callable[[str, object], None]


@pytest.mark.timeout(7200)
def test_killed_anywhere_without_a_server_nothing_is_half_made_and_the_next_run_converges(
    born: Nursery, folder: Path, record_property: Record
) -> None:
    ground = Ground(born=born, world=serverless(folder))
    record_property(FIGURES, round_about(ground, SERVERLESS, most(30)))


@pytest.mark.slow
@pytest.mark.triton
@pytest.mark.timeout(7200)
def test_killed_anywhere_nothing_unverified_is_served_and_the_next_run_converges(
    born: Nursery, folder: Path, record_property: Record
) -> None:
    with started(folder, f"--backend-directory={built(folder)}") as world:
        ground = Ground(born=born, world=world, server=world.server.info.grpc_url)
        record_property(FIGURES, round_about(ground, SCENES, most(150)))
