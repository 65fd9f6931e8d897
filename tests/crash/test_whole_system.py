"""The whole system as a machine of random steps: git is edited, volume and server are broken, runs are killed.

STEPS=n makes n steps in examples of a hundred or so; `make whole` makes a long campaign of it. Nothing is shrunk: with
a real Triton that takes hours. The steps that led to a failure are told with it, and the same seed (WHOLE_SEED) makes
them again.
"""

import os
import random
from collections import Counter
from collections.abc import Callable
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
from tests.e2e.real_world import World, started
from tests.e2e.scale_models import built

Record = Callable[[str, object], None]
LENGTH = 100
"""Steps of an example."""

DICE = st.integers(0, 2**32 - 1).map(random.Random)
KILLED_AT = st.integers(1, 12).flatmap(lambda size: st.integers(1, size * size * 2))
"""Effects; most runs have some hundred, and many end before."""


def _changed(whole: Whole, dice: random.Random, at: int) -> None:
    whole.edit(whole.estate.change, dice)


def _broken(whole: Whole, dice: random.Random, at: int) -> None:
    if len(whole.estate.ills) < 3:
        whole.edit(whole.estate.harm, dice)


def _mended(whole: Whole, dice: random.Random, at: int) -> None:
    if whole.estate.ills:
        whole.edit(whole.estate.mend_one, dice)


def _rewritten(whole: Whole, dice: random.Random, at: int) -> None:
    whole.edit(whole.estate.rewrite, dice)


def _volume(whole: Whole, dice: random.Random, at: int) -> None:
    whole.harm(ON_THE_VOLUME, "volume", dice)


def _server(whole: Whole, dice: random.Random, at: int) -> None:
    if whole.server != "none":
        whole.harm(ON_THE_SERVER, "server", dice)


def _restarted(whole: Whole, dice: random.Random, at: int) -> None:
    if whole.server != "none":
        whole.harm((the_server_was_restarted,), "restart", dice)


def _run(whole: Whole, dice: random.Random, at: int) -> None:
    whole.run("apply")


def _killed(whole: Whole, dice: random.Random, at: int) -> None:
    whole.run("apply", fatal=at)


def _another(whole: Whole, dice: random.Random, at: int) -> None:
    whole.run(dice.choice(("gc", "plan")) if whole.server != "none" else "plan", fatal=dice.choice((0, at)))


def _offline(whole: Whole, dice: random.Random, at: int) -> None:
    """What an init container does, beside a server or without one."""
    whole.run("apply", fatal=dice.choice((0, at)), server="none")


def _two(whole: Whole, dice: random.Random, at: int) -> None:
    second = dice.choice(("apply", "apply", "gc", "plan")) if whole.server != "none" else "apply"
    whole.run_two(("apply", second), fatal=dice.choice((0, at)))


KINDS = {_changed: 6, _broken: 3, _mended: 2, _rewritten: 1, _volume: 5, _server: 3, _restarted: 0.5}
RUNS = {_run: 3, _killed: 4, _another: 1, _offline: 0.5, _two: 1.5}
WEIGHED = [kind for kind, weight in {**KINDS, **RUNS}.items() for _ in range(int(2 * weight))]


class Machine(RuleBasedStateMachine):
    """Steps of all kinds, in one rule: hypothesis leaves half of all rules out of each example, and these belong
    together."""

    make: ClassVar[Callable[[], Whole]]

    def __init__(self) -> None:
        super().__init__()
        self.whole = type(self).make()

    @rule(kind=st.sampled_from(WEIGHED), dice=DICE, at=KILLED_AT)
    def step(self, kind: Callable[[Whole, random.Random, int], None], dice: random.Random, at: int) -> None:
        """One of them."""
        kind(self.whole, dice, at)

    def teardown(self) -> None:
        """The end, but where a step has failed."""
        if not self.whole.failed:
            self.whole.settle()


def campaign(make: Callable[[], Whole], steps: int) -> None:
    """So many steps."""
    one = type("Steps", (Machine,), {"make": staticmethod(make)})
    chosen = settings(
        max_examples=1 + steps // LENGTH,  # the first is always of a step or two
        stateful_step_count=LENGTH,
        phases=(Phase.generate,),
        deadline=None,
        database=None,
        derandomize=False,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(seed(int(os.environ.get("WHOLE_SEED", "1")))(one), settings=chosen)


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
            campaign(make, steps(1000))
        finally:
            record_property(FIGURES, told(counted))
