"""A server that has many models to load, on the real Triton: first rollout, restart, kill, and what is broken."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from reconciler.adapters.triton.grouping import NAME
from reconciler.core.errors import Reason
from reconciler.core.jsonvalue import Json
from reconciler.core.plan import Load, Result
from reconciler.executor.grouping import LEAST
from tests.e2e.desired_models import GIVEN, Model, Models, ensemble
from tests.e2e.real_world import World, started
from tests.e2e.scale_models import built, scale
from tests.e2e.soundness import complaints, converges

pytestmark = pytest.mark.triton

COUNT = 14


@pytest.fixture(scope="module")
def one_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("grouped")
    with started(folder, f"--backend-directory={built(folder)}") as world:
        yield world


@pytest.fixture
def world(one_world: World) -> World:
    """A server that serves nothing."""
    one_world.want({})
    one_world.begin_anew()
    return one_world


def many() -> dict[str, Model]:
    """Plain models, ensembles over them, ensembles over these."""
    plain = {f"m{number}": scale(float(number + 2)) for number in range(COUNT)}
    lower = {f"e{number}": ensemble(GIVEN * (number + 2), f"m{number}") for number in range(COUNT)}
    upper = {f"t{number}": ensemble(GIVEN * (number + 2) * 2, f"e{number}", "m0") for number in range(COUNT)}
    return {**plain, **lower, **upper}


def batched(model: Model) -> Model:
    config = model.spec["config"]
    assert isinstance(config, dict)
    return replace(model.specified(config={**config, "max_batch_size": 4}), answers={})


def asked_for(world: World) -> int:
    """Groups that Triton was asked for, as its log tells."""
    return world.server.info.log.read_text().count(f"in ensemble {NAME}, ensemble tensor")


def probed(model: Model, answer: float) -> Model:
    given: dict[str, Json] = {"name": "IN", "datatype": "FP32", "shape": [1], "data": [GIVEN]}
    probe: Json = [{"inputs": [given], "outputs": [{"name": "OUT", "data": [answer]}]}]
    return model.specified(probe=probe)


def test_a_first_rollout_and_a_restart_bring_everything_up_in_groups(world: World) -> None:
    world.want(many())
    report = world.apply()
    assert {outcome.result for outcome in report.outcomes} == {Result.DONE}
    assert 0 < asked_for(world) < COUNT
    assert complaints(world) == []
    world.server.restart()
    before = asked_for(world)
    report = world.apply()
    loads = [outcome for outcome in report.outcomes if isinstance(outcome.step.action, Load)]
    assert [outcome.result for outcome in loads] == [Result.DONE] * 3 * COUNT
    assert before < asked_for(world) <= before + 3 * COUNT / LEAST
    assert complaints(world) == []
    assert world.apply().outcomes == ()


def test_what_is_broken_fails_alone_and_the_rest_serves(world: World) -> None:
    wanted = many()
    broken = wanted["m3"]
    wanted["m3"] = Model(spec=broken.spec, files={"1/factor": "no number\n"})
    wanted["m4"] = probed(wanted["m4"], 0.0)
    wanted["m5"] = probed(wanted["m5"], GIVEN * 7)
    wanted["alone"] = batched(scale(3.0))
    world.want(wanted)
    report = world.apply()
    failed = {one.step.id.partition("@")[0]: one for one in report.outcomes if one.result is not Result.DONE}
    assert failed.keys() == {
        f"{verb}:{name}{number}" for name in "et" for number in (3, 4) for verb in ("activate", "load")
    } | {
        "load:m3",
        "load:m4",
    }
    assert failed["load:m3"].reason is Reason.LOAD_FAILED
    assert "no number" in failed["load:m3"].message
    assert failed["load:m4"].reason is Reason.PROBE_FAILED
    assert world.ready() == wanted.keys() - {"m3", "e3", "t3", "m4", "e4", "t4"}
    world.want({**wanted, "m3": broken, "m4": scale(6.0)})
    assert converges(world)


def test_nothing_that_serves_is_loaded_again_by_a_group(world: World) -> None:
    wanted = many()
    world.want({name: model for name, model in wanted.items() if not name.startswith("t")})
    world.apply()
    text = world.server.info.log.read_text()
    world.want(wanted)
    world.apply()
    more = world.server.info.log.read_text()[len(text) :]
    assert not [name for name in wanted if not name.startswith("t") and f'loading: {name}:1"' in more]
    assert f"in ensemble {NAME}" in more
    assert complaints(world) == []


@pytest.mark.parametrize("moment", [r"load m\d+ on \S+: started", r"load e\d+ on \S+: started"])
def test_a_run_that_is_killed_amid_a_group_is_finished_by_the_next(world: World, moment: str) -> None:
    wanted: Models = many()
    world.want(wanted)
    with world.command() as run:
        run.reach(moment)
        run.process.kill()
        run.process.wait()
    assert converges(world)
    before = asked_for(world)
    world.want(
        {**wanted, "m1": scale(99.0), "e1": ensemble(GIVEN * 99, "m1"), "t1": ensemble(GIVEN * 99 * 2, "e1", "m0")}
    )
    world.apply()
    assert asked_for(world) == before, "Triton still remembers a group"
    assert complaints(world) == []
