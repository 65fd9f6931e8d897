"""Nothing reaches a server that was not read first and found whole, alone or with others; over the simulated world."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from reconciler.core.artifact import Tree
from reconciler.core.errors import Reason, TransientError
from reconciler.core.plan import Load, Plan, Result, Step
from reconciler.core.progress import Silent
from reconciler.executor import Hands, execute
from reconciler.executor.attempts import Attempts
from reconciler.executor.proving import Proven
from tests.property.strategies import Variant, tree_of
from tests.property.world import Server, Volume

URL = "grpc://triton:8001"


@dataclass(kw_only=True)
class Rotten:
    """A volume on which these models are damaged; notes what was read, in order."""

    models: set[str] = field(default_factory=set)
    read: list[str] = field(default_factory=list)

    def prove(self, action: Load) -> None:
        self.read.append(action.model)
        if action.model in self.models:
            raise TransientError(Reason.TREE_DAMAGED, f"{action.model} is damaged")


def tree(name: str) -> Tree:
    return tree_of(Variant(name=name, number=1, data_type="TYPE_FP32"))


def load(name: str) -> Load:
    return Load(model=name, server=URL, tree=tree(name), timeout=1, retries=3, together=True)


def scene(*names: str) -> tuple[Volume, Server, Rotten]:
    volume, rotten = Volume(), Rotten()
    for name in names:
        volume.link(name, tree(name))
    return volume, Server(volume=volume), rotten


def executed(volume: Volume, server: Server, rotten: Rotten, names: Sequence[str]) -> dict[str, Result]:
    attempts = Attempts(clock=lambda: 0.0, sleep=lambda _: None, random=lambda: 0.0, cancelled=lambda: False)
    hands = Hands(volume=volume, servers={URL: Proven(server, rotten)}, attempts=attempts, reporter=Silent())
    steps = tuple(Step(id=name, action=load(name), reason=Reason.NOT_LOADED) for name in names)
    outcomes = execute(Plan(revision="r", target="t", steps=steps, models=()), hands)
    return {outcome.step.id: outcome.result for outcome in outcomes}


@pytest.mark.parametrize("count", [2, 12])
def test_what_is_damaged_is_not_loaded_and_holds_up_nobody_else_alone_or_in_a_group(count: int) -> None:
    names = [f"m{number:02}" for number in range(count)]
    volume, server, rotten = scene(*names)
    rotten.models = {names[1]}
    results = executed(volume, server, rotten, names)
    assert {name for name, result in results.items() if result is Result.FAILED} == {names[1]}
    assert {*server.up()} == {*names} - {names[1]}
    assert {*rotten.read} == {*names}


def test_what_is_damaged_is_not_tried_again_before_somebody_has_looked() -> None:
    volume, server, rotten = scene("m")
    rotten.models = {"m"}
    assert executed(volume, server, rotten, ["m"]) == {"m": Result.FAILED}
    assert rotten.read == ["m"]


def test_a_group_of_which_one_is_left_is_none() -> None:
    _, server, rotten = scene("a", "b")
    rotten.models = {"a"}
    assert Proven(server, rotten).load_together([load("a"), load("b")]) == frozenset()
    assert {*server.up()} == set()
