"""What an apply leaves behind that fails, is stopped, killed or meets another one; and that the next one mends it."""

import os
import signal
from collections.abc import Iterator, Mapping

import pytest

from reconciler.core.errors import Reason
from reconciler.core.jsonvalue import Json
from reconciler.core.plan import Activate, Change, Fetch, Load, Result
from reconciler.demo.inference import Question, traffic
from reconciler.render.outcome_text import closing
from tests.e2e.desired_models import BASE, GIVEN, THRICE, Model, Models, amount, ensemble, python, versions
from tests.e2e.real_world import World, started
from tests.e2e.soundness import complaints, converges, served

pytestmark = pytest.mark.triton

SLOW = "import time; time.sleep(0.5)"
RAISES = "raise RuntimeError('no weights')"

SLOWLY: Models = {
    **THRICE,
    "twice": python("3 * x", 9.0, initialize=SLOW),
    "plus": python("x + self.amount", 23.0, initialize=SLOW, config=amount(20)),
    "both": BASE["both"].answering(29.0),
    "tower": BASE["tower"].answering(87.0),
}
"""Two models that change and take their time, one after the other: an ensemble is above them."""

LOADING = r"load \w+ on \S+: started"
LOADED = r"load \w+ on \S+: done"
MOMENTS = {
    "while_it_fetches": r"fetch \w+: started",
    "while_it_moves_a_link": r"activate \w+: started",
    "while_it_loads_the_first": LOADING,
    "between_two_models": LOADED,
    "while_it_loads_the_second": f"(?s){LOADED}.*{LOADING}",
}
"""What a run has just said when it is killed."""


@pytest.fixture(scope="module")
def one_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with started(tmp_path_factory.mktemp("interrupted")) as world:
        yield world


@pytest.fixture
def world(one_world: World) -> World:
    """What git says is the base, and it is so."""
    one_world.want(BASE)
    one_world.apply()
    assert complaints(one_world) == []
    return one_world


def probed(model: Model, answer: float) -> Model:
    """With a golden request."""
    given: dict[str, Json] = {"name": "IN", "datatype": "FP32", "shape": [1], "data": [GIVEN]}
    probe: Json = [{"inputs": [given], "outputs": [{"name": "OUT", "data": [answer]}]}]
    return model.specified(probe=probe)


QUICK, VERSIONS = "a_member_that_raises", "a_new_version_of_a_member_that_fails"
BROKEN: Mapping[str, tuple[str, Models, Reason]] = {
    QUICK: ("twice", {**BASE, "twice": python("3 * x", 9.0, initialize=RAISES)}, Reason.LOAD_FAILED),
    "a_member_with_a_syntax_error": ("twice", {**BASE, "twice": python("3 * * x", 9.0)}, Reason.LOAD_FAILED),
    "a_member_that_answers_wrongly": ("twice", {**BASE, "twice": probed(THRICE["twice"], 6.0)}, Reason.PROBE_FAILED),
    VERSIONS: (
        "powers",
        {**BASE, "powers": versions({1: ("x * x", 9.0), 2: ("x * x * x", 27.0), 3: ("x + ", 0.0)})},
        Reason.LOAD_FAILED,
    ),
    "an_override_that_the_model_cannot_read": (
        "plus",
        {**BASE, "plus": BASE["plus"].specified(config={"parameters": {"amount": {"string_value": "ten"}}})},
        Reason.LOAD_FAILED,
    ),
}
"""The model that cannot be loaded as git says, all that git says, and why it fails."""


@pytest.mark.parametrize(
    "case", [QUICK, *(pytest.param(case, marks=pytest.mark.slow) for case in BROKEN if case != QUICK)]
)
def test_what_cannot_be_loaded_leaves_everything_serving_as_before(world: World, case: str) -> None:
    name, models, reason = BROKEN[case]
    links = {entry.name: entry.readlink() for entry in (world.volume / "models").iterdir()}
    stamps = served(world)
    world.want(models)
    with traffic(world.server.info.http_url, Question(model="tower", given=(GIVEN,), right=(32.0,))) as requests:
        report = world.apply()
    failed = [outcome for outcome in report.outcomes if outcome.result is Result.FAILED]
    assert [(outcome.step.id.partition("@")[0], outcome.reason, outcome.terminal) for outcome in failed] == [
        (f"load:{name}", reason, True)
    ]
    assert {entry.name: entry.readlink() for entry in (world.volume / "models").iterdir()} == links
    assert served(world) == stamps
    assert requests.failures == []
    world.wanted = BASE  # which is what still is to be there, but for the status and what was fetched
    assert all(f"the status of {name}" in said or "no link names" in said for said in complaints(world))
    told = world.told(name)
    assert (told["Stalled"]["status"], told["Stalled"]["reason"]) == ("True", reason.value)
    assert told["Ready"]["status"] == "False"
    assert f"{stamps[name].removeprefix('sha256:')[:12]} goes on serving" in told["Ready"]["message"]
    assert (told["Loaded"]["status"], told["Loaded"]["reason"]) == ("False", reason.value)
    if case == VERSIONS:  # Triton 2.51 dies now and then (SIGSEGV) at the next load after this one has failed
        world.server.kill()
        world.server.restart()


@pytest.mark.slow
def test_what_could_not_be_loaded_is_not_tried_again_until_git_says_something_else(world: World) -> None:
    world.want(BROKEN[QUICK][1])
    world.apply()
    seen = world.look().plan
    line = next(line for line in seen.models if line.model == "twice")
    assert (line.change, line.stalled) == (Change.HELD, True)
    assert not [step for step in seen.steps if isinstance(step.action, Fetch | Activate | Load)]
    before = served(world)
    assert world.apply().published is None
    assert served(world) == before
    world.want(THRICE)
    converges(world)


@pytest.mark.slow
def test_a_failure_does_not_keep_the_others_from_changing(world: World) -> None:
    broken = BROKEN[QUICK][1]
    powers = versions({1: ("x * x", 9.0), 2: ("x ** 4", 81.0)})
    world.want({**broken, "powers": powers, "column": ensemble(81.0, "powers", version=2)})
    report = world.apply()
    assert {outcome.result for outcome in report.outcomes} > {Result.DONE}, closing(report.outcomes, "default")
    assert world.told("column")["Ready"]["status"] == "True"
    world.want({**BASE, "powers": powers, "column": ensemble(81.0, "powers", version=2)})
    converges(world)


def changed(world: World, before: Mapping[str, str]) -> list[str]:
    """Which of the two serve something else than before."""
    now = served(world)
    return [name for name in ("plus", "twice") if now[name] != before[name]]


def nothing_half_made_has_a_final_name(world: World) -> None:
    """Each link names a tree that Triton can read, and each blob is what its name says."""
    for entry in (world.volume / "models").iterdir():
        assert (entry / "config.pbtxt").is_file()
    assert not [said for said in complaints(world) if "what its name says" in said or "dangles" in said]


@pytest.mark.slow
def test_a_run_that_is_asked_to_stop_finishes_what_is_running_and_says_so(world: World) -> None:
    before = served(world)
    world.want(SLOWLY)
    with world.command() as run:
        run.reach(LOADING)
        run.process.send_signal(signal.SIGTERM)
        assert run.code() == 143, run.said
    assert "the run was asked to stop before this began" in run.said
    nothing_half_made_has_a_final_name(world)
    assert os.listdir(world.ours("partial")) == []
    done = changed(world, before)
    assert done
    told = {name: world.told(name)["Ready"]["status"] for name in ("plus", "twice")}
    assert told == {name: "True" if name in done else "False" for name in told}
    converges(world)


@pytest.mark.slow
@pytest.mark.parametrize("moment", MOMENTS.values(), ids=MOMENTS)
def test_a_run_that_is_killed_leaves_nothing_that_the_next_one_does_not_mend(world: World, moment: str) -> None:
    world.want(SLOWLY)
    with world.command() as run:
        run.reach(moment)
        run.process.kill()
        assert run.code() == -signal.SIGKILL, run.said
    nothing_half_made_has_a_final_name(world)
    converges(world)


@pytest.mark.slow
def test_of_two_runs_at_once_one_is_told_who_the_other_is(world: World) -> None:
    longer = python("x + self.amount", 23.0, initialize="import time; time.sleep(20)", config=amount(20))
    world.want({**SLOWLY, "plus": longer})
    with world.command() as first:
        first.reach(LOADING)
        with world.command() as second:
            assert second.code() == 5, second.said
        assert f"in use by reconcile apply (process {first.process.pid} on " in second.said
        assert first.code() == 0, first.said
    assert complaints(world) == []
    converges(world)
