"""The whole system as a machine of random steps: git is edited, volume and server are broken, runs are killed.

STEPS=n makes n steps in examples of a hundred or so; `make whole` makes a long campaign of it. Nothing is shrunk: with
a real Triton that takes hours. The steps that led to a failure are told with it; the same seed (WHOLE_SEED) draws the
same again, though which effect is the hundredth depends on threads.
"""

import os
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from tests.crash.conftest import FIGURES
from tests.crash.harms import ON_THE_SERVER, ON_THE_VOLUME, the_server_was_restarted
from tests.crash.killing import Nursery, nursery
from tests.crash.whole import Whole, begun
from tests.e2e.real_world import started
from tests.e2e.scale_models import built

Record = Callable[[str, object], None]
LENGTH = 100
"""Steps of an example."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draw:
    """What a step needs of chance: a seed for all choices, and an effect to be killed at."""

    seed: int
    at: int

    @property
    def dice(self) -> random.Random:
        """Which throw the same each time they are asked for."""
        return random.Random(self.seed)  # noqa: S311  reproducible, not secret


DRAWS = st.builds(
    Draw,
    seed=st.integers(0, 2**32 - 1),
    at=st.integers(1, 12).flatmap(lambda size: st.integers(1, 2 * size * size)),
)
"""Most runs have some hundred effects, and many end before."""


def git_changes(whole: Whole, one: Draw) -> None:
    whole.edit(whole.estate.change, one.dice)


def git_breaks_a_model(whole: Whole, one: Draw) -> None:
    if len(whole.estate.ills) < 3:
        whole.edit(whole.estate.harm, one.dice)


def git_mends_a_model(whole: Whole, one: Draw) -> None:
    whole.edit(whole.estate.mend_one, one.dice)


def history_is_rewritten(whole: Whole, one: Draw) -> None:
    whole.edit(whole.estate.rewrite, one.dice)


def the_volume_breaks(whole: Whole, one: Draw) -> None:
    whole.harm(ON_THE_VOLUME, "volume", one.dice)


def the_server_changes(whole: Whole, one: Draw) -> None:
    whole.harm(ON_THE_SERVER, "server", one.dice)


def the_server_restarts(whole: Whole, one: Draw) -> None:
    whole.harm((the_server_was_restarted,), "restart", one.dice)


def it_runs(whole: Whole, one: Draw) -> None:  # noqa: ARG001  all of them are called alike
    whole.run("apply")


def a_run_is_killed(whole: Whole, one: Draw) -> None:
    whole.run("apply", fatal=one.at)


def another_command_runs(whole: Whole, one: Draw) -> None:
    """Which may be killed."""
    dice = one.dice
    whole.run(dice.choice(("gc", "plan")), fatal=dice.choice((0, one.at)))


def an_init_container_runs(whole: Whole, one: Draw) -> None:
    """Beside the server, of which it knows nothing; which may be killed."""
    whole.run("apply", fatal=one.dice.choice((0, one.at)), server="none")


def two_run_at_once(whole: Whole, one: Draw) -> None:
    """Of which the first may be killed."""
    dice = one.dice
    second = dice.choice(("apply", "apply", "gc", "plan"))
    whole.run_two(("apply", second), fatal=dice.choice((0, one.at)))


WEIGHTS = {
    git_changes: 12,
    git_breaks_a_model: 6,
    git_mends_a_model: 4,
    history_is_rewritten: 2,
    the_volume_breaks: 10,
    the_server_changes: 6,
    the_server_restarts: 1,
    it_runs: 6,
    a_run_is_killed: 8,
    another_command_runs: 2,
    an_init_container_runs: 1,
    two_run_at_once: 3,
}


class Machine(RuleBasedStateMachine):
    """Steps of all kinds, in one rule: of many rules hypothesis leaves half out of each example."""

    make: ClassVar[Callable[[], Whole]]

    def __init__(self) -> None:
        super().__init__()
        self.whole = type(self).make()

    @rule(kind=st.sampled_from([kind for kind, weight in WEIGHTS.items() for _ in range(weight)]), one=DRAWS)
    def step(self, kind: Callable[[Whole, Draw], None], one: Draw) -> None:
        """One of them."""
        kind(self.whole, one)

    def teardown(self) -> None:
        """The end, but where a step has failed."""
        if not self.whole.failed:
            self.whole.settle()


def campaign(make: Callable[[], Whole], steps: int) -> None:
    """So many steps."""
    machine = type("Steps", (Machine,), {"make": staticmethod(make)})
    chosen = settings(
        max_examples=1 + steps // LENGTH,  # the first is always of a step or two
        stateful_step_count=LENGTH,
        phases=(Phase.generate,),
        deadline=None,
        database=None,
        derandomize=False,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(seed(int(os.environ.get("WHOLE_SEED", "1")))(machine), settings=chosen)


def told(counted: Counter[str]) -> str:
    """How many steps there were of what."""
    steps = sum(count for kind, count in counted.items() if not kind.startswith("converged"))
    return f"{steps} steps ({', '.join(f'{count} {kind}' for kind, count in counted.most_common())})"


def steps(sample: int) -> int:
    """How many."""
    return int(os.environ.get("STEPS", str(sample)))


@pytest.mark.slow
@pytest.mark.triton
@pytest.mark.timeout(0)
def test_whatever_happens_nothing_gets_worse_by_a_run_and_at_last_all_is_as_wanted(
    born: Nursery, folder: Path, tmp_path: Path, record_property: Record
) -> None:
    counted: Counter[str] = Counter()
    folder /= "world"
    with started(folder, f"--backend-directory={built(folder)}") as world, nursery(tmp_path) as other:

        def make() -> Whole:
            return begun((born, other), folder, world, counted, counted["examples"])

        try:
            campaign(make, steps(2800))
        finally:
            record_property(FIGURES, told(counted))
