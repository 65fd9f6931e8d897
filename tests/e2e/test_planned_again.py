"""`reconcile plan` again on a real Triton: what is served otherwise since is never told from memory."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from reconciler import embedded
from reconciler.adapters.volume import glance
from reconciler.core.jsonvalue import JsonObject
from reconciler.core.plan import Load
from reconciler.passes.options import Options
from tests.conftest import start_or_skip
from tests.e2e.bad_world import Ground
from tests.e2e.running import asked
from tests.test_glancing import NAMES, Desk, pinned, same

pytestmark = [pytest.mark.slow, pytest.mark.triton]


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Ground:
    found = Ground(folder=tmp_path_factory.mktemp("again")).begin()
    (found.volume / "models").mkdir()
    found.want({name: pinned(found, name) for name in NAMES})
    return found


@pytest.fixture(scope="module")
def server(ground: Ground) -> Iterator[embedded.Server]:
    with start_or_skip(ground.volume / "models") as started:
        yield started
        started.kill()


@pytest.fixture
def desk(ground: Ground, server: embedded.Server, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """All is served as git wants it, and that is known."""
    monkeypatch.setattr(glance, "_TICK", 0)
    options = Options(
        repo=str(ground.repository), ref="main", volume=str(ground.volume), servers=(server.info.grpc_url,)
    )
    found = Desk(ground=ground, options=options)
    found.apply()
    found.kept.unlink(missing_ok=True)
    assert found.plan().empty
    assert same(found.plan(), found.fresh())
    assert found.looks == 1
    return found


def unloaded(server: embedded.Server) -> None:
    asked(f"{server.info.http_url}/v2/repository/models/alpha/unload", {})


def loaded_with_another_config(server: embedded.Server) -> None:
    config = asked(f"{server.info.http_url}/v2/models/alpha/config", None)
    assert isinstance(config, dict)
    config.pop("parameters", None)
    config["max_batch_size"] = 0
    body: JsonObject = {"parameters": {"config": json.dumps(config)}}
    asked(f"{server.info.http_url}/v2/repository/models/alpha/load", body)


def restarted(server: embedded.Server) -> None:
    server.kill()
    server.restart()


@pytest.mark.parametrize("harm", [unloaded, loaded_with_another_config, restarted], ids=lambda harm: harm.__name__)
def test_what_is_served_otherwise_is_seen(
    desk: Desk, server: embedded.Server, harm: Callable[[embedded.Server], None]
) -> None:
    harm(server)
    told = desk.plan()
    assert any(isinstance(step.action, Load) and step.action.model == "alpha" for step in told.steps)
    assert desk.looks == 2
    desk.apply()
    assert desk.plan().empty
    assert same(desk.plan(), desk.fresh())
    assert desk.looks <= 3


def test_a_server_that_does_not_answer_is_told(desk: Desk) -> None:
    silent = replace(desk.options, servers=(*desk.options.servers, "grpc://127.0.0.1:9"))
    assert desk.plan(silent).unknown
    assert desk.plan(silent).unknown
    assert desk.looks == 3, "that nobody answered is not kept"
