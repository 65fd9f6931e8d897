"""Random repositories, changed again and again, converge on the real Triton by what was planned and nothing else.

`make histories` runs a hundred of them; this is a sample.
"""

import os
import re
from collections import Counter
from collections.abc import Iterator

import pytest

from reconciler.core.plan import Load, Plan, Result
from tests.e2e.histories import Sketch, history, models
from tests.e2e.real_world import World, started
from tests.e2e.scale_models import built
from tests.e2e.soundness import complaints

pytestmark = [pytest.mark.triton, pytest.mark.slow]

SEEDS = range(int(os.environ.get("HISTORIES", "2")))
LARGEST = 60
CHANGES = 20


@pytest.fixture(scope="module")
def one_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("histories")
    with started(folder, f"--backend-directory={built(folder)}") as world:
        yield world


@pytest.fixture
def world(one_world: World) -> World:
    """A server that serves nothing."""
    one_world.want({})
    one_world.begin_anew()
    return one_world


@pytest.mark.parametrize("seed", SEEDS)
def test_whatever_git_says_next_is_reached_by_what_was_planned(world: World, seed: int) -> None:
    before: Sketch = {}
    for number, sketch in enumerate(history(seed, LARGEST, CHANGES)):
        world.want(models(sketch))
        planned, since = world.look().plan, world.server.info.log.stat().st_size
        report = world.apply()
        where = f"history {seed}, change {number}"
        assert report.look.plan.steps == planned.steps, where
        assert sorted(outcome.step.id for outcome in report.outcomes) == sorted(step.id for step in planned.steps), (
            where
        )
        undone = [f"{one.step.id}: {one.result} {one.message}" for one in report.outcomes if one.result != Result.DONE]
        assert undone == [], where
        assert complaints(world) == [], where
        loads, asked = loaded(world, since), asked_for(planned)
        assert plain(asked - loads, sketch) == set(), where
        # Triton loads an ensemble again that is about to go or to change, too.
        assert plain(loads - asked, before, sketch) <= below(set(loads), before, sketch), where
        assert world.look().plan.steps == (), where
        before = sketch


def loaded(world: World, since: int) -> Counter[str]:
    """How often Triton itself says that it loaded each model."""
    with world.server.info.log.open("rb") as log:
        log.seek(since)
        return Counter(re.findall(r"successfully loaded '([^']+)'", log.read().decode()))


def asked_for(planned: Plan) -> Counter[str]:
    """How often the plan loads each model."""
    return Counter(step.action.model for step in planned.steps if isinstance(step.action, Load))


def plain(counted: Counter[str], *sketches: Sketch) -> set[str]:
    """Those that are an ensemble in none of the sketches: ensembles Triton loads again as it likes."""
    return {name for name in counted if not any(isinstance(sketch.get(name), tuple) for sketch in sketches)}


def below(names: set[str], *sketches: Sketch) -> set[str]:
    """All that the ensembles among these are made of by any of the sketches.

    Triton loads those of them again, without a gap, whose files have another ctime since: a link more or less to a file
    that trees have in common is enough.
    """
    wholes = [one for name in names for sketch in sketches if isinstance(one := sketch.get(name), tuple)]
    members = {member for whole in wholes for member in whole}
    return members | below(members, *sketches) if members else set()
