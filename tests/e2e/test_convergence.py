"""From any of these written-down wrong states one apply reaches what git says, and the next plan is empty.

Real git, real files, the real Triton; what is reached is judged past our own code (soundness.py). Each test takes the
world away from the base (desired_models.BASE), or moves git on; the next test begins where git says BASE again.
"""

from collections.abc import Callable, Iterator

import pytest

from tests.e2e import wrong_in_git, wrong_on_the_server, wrong_on_the_volume
from tests.e2e.desired_models import BASE
from tests.e2e.real_world import World, started
from tests.e2e.soundness import complaints, converges
from tests.e2e.wrong_in_git import IN_GIT, UNCHANGED, UNTOLD
from tests.e2e.wrong_on_the_server import ON_THE_SERVER
from tests.e2e.wrong_on_the_volume import HARMLESS, ON_THE_VOLUME

pytestmark = pytest.mark.triton

Harm = Callable[[World], None]
QUICK = frozenset(
    {
        wrong_on_the_server.an_ensemble_was_unloaded_by_hand,
        wrong_on_the_server.an_ensemble_was_loaded_by_hand_with_other_steps,
        wrong_on_the_volume.a_link_dangles,
        wrong_on_the_volume.a_link_names_another_models_tree,
        wrong_on_the_volume.a_byte_of_a_file_of_a_tree_was_flipped,
        wrong_on_the_volume.a_killed_run_left_half_made_things,
        wrong_in_git.a_model_was_renamed,
        wrong_in_git.a_new_ensemble_stands_over_what_is_there,
        wrong_in_git.the_status_branch_is_gone,
        wrong_on_the_volume.the_lock_names_a_dead_process,
    }
)
"""In every `make test`; the others are for the full run."""


@pytest.fixture(scope="module")
def one_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with started(tmp_path_factory.mktemp("convergence")) as world:
        yield world


@pytest.fixture
def world(one_world: World) -> Iterator[World]:
    """What git says is the base, and it is so."""
    one_world.want(BASE)
    one_world.apply()
    if complaints(one_world):  # what one test could not mend is not the next one's failure
        one_world.begin_anew()
        one_world.apply()
    assert complaints(one_world) == []
    assert one_world.look().plan.steps == ()
    yield one_world
    one_world.tidy()


def states(harms: tuple[Harm, ...]) -> pytest.MarkDecorator:
    """A test case for each, named as it is."""
    cases = [pytest.param(harm, id=harm.__name__, marks=[] if harm in QUICK else [pytest.mark.slow]) for harm in harms]
    return pytest.mark.parametrize("harm", cases)


@states(ON_THE_SERVER + ON_THE_VOLUME + IN_GIT)
def test_one_apply_mends_what_is_wrong_and_the_next_plan_is_empty(world: World, harm: Harm) -> None:
    harm(world)
    assert world.look().plan.steps
    assert converges(world).outcomes


@states(UNTOLD)
def test_a_status_that_is_not_true_is_written_anew_and_nothing_else_is_done(world: World, harm: Harm) -> None:
    harm(world)
    report = converges(world)
    assert report.outcomes == ()
    assert report.published


@states(HARMLESS + UNCHANGED)
def test_what_makes_no_difference_makes_no_plan(world: World, harm: Harm) -> None:
    harm(world)
    assert world.look().plan.steps == ()
    converges(world)
