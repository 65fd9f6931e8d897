"""Servers that crash in a load, restart under a run, have no memory, lie, refuse: the next run does what is wanted."""

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import grpc
import pytest

from tests.e2e.bad_world import Ground, document, mentions
from tests.e2e.running import begun
from tests.e2e.served_world import Stage, staged
from tests.fakes.triton import State, fake_triton

pytestmark = pytest.mark.slow


def local(ground: Ground, name: str, factor: int = 2, initialize: str = "pass") -> str:
    source = ground.source(f"{name}-{factor}-{len(initialize)}", factor, initialize)
    return document(name, str(source), load="{retries: 0, timeout: 60s}")


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with staged(tmp_path_factory.mktemp("crashing"), "a") as made:
        yield made


def settled(stage: Stage, **answers: float) -> None:
    """One normal run, and all is as git says."""
    assert stage.ground.run("apply").code == 0
    assert {name: stage.answer(name) for name in answers} == answers
    assert stage.ground.run("plan", "--detailed-exitcode").code == 0


@pytest.mark.triton
def test_a_model_whose_process_aborts_in_its_load_fails_alone(stage: Stage) -> None:
    ground = stage.ground
    wanted = {"a": local(ground, "a", 2), "c": local(ground, "c", 5)}
    ground.want({**wanted, "b": local(ground, "b", 3, "import os; os.abort()")})
    answer = ground.run("apply")
    assert answer.code == 6
    mentions(answer.out, "load b on ", "failed: LoadFailed: ", "Not ready: b: ")
    assert {*stage.served()} == {"a", "c"}
    assert (stage.answer("a"), stage.answer("c")) == (2.0, 5.0)
    ground.want({**wanted, "b": local(ground, "b", 3)})
    settled(stage, a=2.0, b=3.0, c=5.0)


@pytest.mark.triton
def test_a_model_that_takes_the_server_down_is_told_and_all_comes_back_without_it(stage: Stage) -> None:
    ground = stage.ground
    wanted = {"a": local(ground, "a", 2)}
    ground.want(wanted)
    settled(stage, a=2.0)
    ground.want({**wanted, "b": local(ground, "b", 3, "import os; os.kill(os.getppid(), 9)")})
    answer = ground.run("apply")
    assert answer.code == 6
    mentions(answer.out, "load b on ", "failed: ServerUnreachable: ")
    stage.server.kill()
    stage.server.restart()
    ground.want(wanted)
    settled(stage, a=2.0)
    assert stage.served().keys() == {"a"}


@pytest.mark.triton
@pytest.mark.parametrize("moment", ["load b on .*: started", "load b on .*: done"])
def test_a_server_that_is_replaced_by_an_empty_one_under_a_run_is_filled_by_the_next(
    stage: Stage, tmp_path: Path, moment: str
) -> None:
    ground = stage.ground
    factor = time.monotonic_ns() % 97 + 10
    slow = "import time; time.sleep(1)"
    ground.want({"b": local(ground, "b", factor, slow), "d": local(ground, "d", factor + 1, slow)})
    where = ("--repo", str(ground.repository), "--volume", str(ground.volume), "--server", ground.server)
    with begun((*where, "--allow-removals", "2"), dict(os.environ), tmp_path / "log") as run:
        run.reach(moment)
        stage.server.kill()
        stage.server.restart()
        assert run.code() in (0, 1, 6), run.said
        assert "is a bug" not in run.said
    settled(stage, b=float(factor), d=float(factor + 1))


NO_MEMORY = (grpc.StatusCode.UNAVAILABLE, "can not create model 'b': memory limit set for GPU 0 has exceeded")
REFUSED = (grpc.StatusCode.INTERNAL, "the server is busy with other things")


def no_memory(state: State) -> None:
    state.refusals = [NO_MEMORY]


def lies(state: State) -> None:
    state.ignored_loads = 2


FAULTS: dict[Callable[[State], None], tuple[str, ...]] = {
    no_memory: ("LoadFailed", "memory limit set for GPU 0", "this may pass"),
    lies: ("StampMismatch",),
}


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_a_load_that_a_server_has_no_memory_for_or_only_says_to_have_done_is_no_success_and_tried_again(
    tmp_path: Path, fault: Callable[[State], None]
) -> None:
    with fake_triton() as (url, state):
        ground = replace(Ground(folder=tmp_path), server=url).begin()
        ground.want({"b": local(ground, "b")})
        fault(state)
        answer = ground.run("apply")
        assert (answer.code, state.configs) == (6, {})
        mentions(answer.out, *FAULTS[fault])
        assert not (ground.volume / "models/b").exists(), "its link was taken back"
        assert ground.run("apply").code == 0
        assert state.configs.keys() == {"b"}


def test_what_a_server_refuses_to_unload_keeps_its_link_and_its_files_until_it_lets_go(tmp_path: Path) -> None:
    with fake_triton() as (url, state):
        ground = replace(Ground(folder=tmp_path), server=url).begin()
        both = {name: local(ground, name, factor) for factor, name in enumerate(("a", "b"), 2)}
        ground.want(both)
        assert ground.run("apply").code == 0
        files = ground.served_files()
        ground.want({"a": both["a"]})
        state.unload_refusals = [REFUSED] * 9
        answer = ground.run("apply", "--allow-removals", "1")
        assert answer.code == 6
        mentions(answer.out, "UnloadFailed", "busy with other things")
        assert ground.served_files() == files
        assert state.configs.keys() == {"a", "b"}
        state.unload_refusals.clear()
        state.not_asked_for.clear()
        assert ground.run("apply", "--allow-removals", "1").code == 0
        assert state.configs.keys() == {"a"}
        assert not (ground.volume / "models/b").exists()
