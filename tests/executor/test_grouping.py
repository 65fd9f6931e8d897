"""Loads that go together over the simulated world: who goes, when, and what becomes of whom the group left out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from threading import Event

import pytest

from reconciler.core.artifact import Tree
from reconciler.core.errors import Reason, TerminalError, TransientError
from reconciler.core.plan import Activate, Load, Outcome, Plan, Restore, Result, Step
from reconciler.core.progress import Silent
from reconciler.core.spec import Probe
from reconciler.executor import Hands, execute
from reconciler.executor.attempts import Attempts
from reconciler.executor.grouping import LEAST, MOST
from tests.property.strategies import Variant, tree_of
from tests.property.world import Server, Volume, World

URL = "grpc://triton:8001"
PROBE = Probe(inputs=(), outputs=(), timeout=1.0)


def tree(name: str) -> Tree:
    return tree_of(Variant(name=name, number=1, data_type="TYPE_FP32"))


@dataclass(kw_only=True, eq=False)
class Counted(Server):
    """A server that notes what it is asked to load; `broken` fails always, `refuses` takes no groups."""

    groups: list[list[str]] = field(default_factory=list)
    singles: list[str] = field(default_factory=list)
    broken: frozenset[str] = frozenset()
    refuses: bool = False
    probed: list[str] = field(default_factory=list)
    answers: list[Exception] = field(default_factory=list)
    on_group: Callable[[], None] = lambda: None
    grouping: bool = False

    def load_together(self, actions: Sequence[Load]) -> frozenset[str]:
        assert not self.grouping, "two groups at once"
        self.grouping = True
        self.groups.append([action.model for action in actions])
        self.on_group()
        singly = [*self.singles]
        up = frozenset[str]() if self.refuses else super().load_together(actions)
        self.singles = singly
        self.grouping = False
        return up

    def load(self, action: Load) -> frozenset[str]:
        self.singles.append(action.model)
        if action.model in self.broken:
            raise TerminalError(Reason.LOAD_FAILED, f"{action.model} has no weights")
        return super().load(action)

    def probe(self, model: str, probes: tuple[Probe, ...]) -> None:
        assert probes == (PROBE,)
        self.probed.append(model)
        if self.answers:
            raise self.answers.pop(0)


@dataclass(kw_only=True)
class Bench:
    """A volume and a server that serves nothing."""

    server: Counted
    world: World
    started: list[str] = field(default_factory=list)
    stop: Event = field(default_factory=Event)
    clock: float = 0.0

    def sleep(self, seconds: float) -> None:
        self.clock += seconds

    def run(self, steps: Sequence[Step]) -> dict[str, Outcome]:
        attempts = Attempts(clock=lambda: self.clock, sleep=self.sleep, random=lambda: 0.0, cancelled=self.stop.is_set)
        told = self.started

        class Told(Silent):
            def started(self, step: Step) -> None:
                told.append(step.id)

        hands = Hands(volume=self.world.volume, servers=self.world.servers, attempts=attempts, reporter=Told())
        plan = Plan(revision="r", target="t", steps=tuple(steps), models=())
        return {outcome.step.id: outcome for outcome in execute(plan, hands)}


@pytest.fixture
def bench() -> Bench:
    volume = Volume()
    server = Counted(volume=volume)
    return Bench(server=server, world=World(volume=volume, servers={URL: server}))


def names(count: int) -> list[str]:
    return [f"m{number:03}" for number in range(count)]


def load(bench: Bench, name: str, lane: str | None = "one", *, linked: bool = True, probes: bool = False) -> Step:
    if linked:
        bench.world.volume.link(name, tree(name))
    action = Load(
        model=name,
        server=URL,
        tree=tree(name),
        timeout=1,
        retries=1,
        together=True,
        probes=(PROBE,) if probes else (),
    )
    return Step(id=f"load:{name}", action=action, reason=Reason.NOT_LOADED, lane=lane)


def with_link(bench: Bench, name: str, lane: str | None = "one") -> list[Step]:
    """Link and load of something new, as the planner makes them."""
    bench.world.volume.blobs |= dict.fromkeys(tree(name).blobs(), 1)
    back = (Restore(model=name, tree=None, instead=tree(name).generation, served={URL: None}, timeout=1),)
    first = Step(
        id=f"activate:{name}",
        action=Activate(model=name, tree=tree(name), previous=None),
        reason=Reason.NOT_ON_VOLUME,
        lane=lane,
    )
    then = load(bench, name, lane, linked=False)
    loading = Step(
        id=then.id,
        action=then.action,
        reason=Reason.NOT_ON_VOLUME,
        lane=lane,
        after=frozenset({first.id}),
        restores=back,
        continues=True,
    )
    return [first, loading]


@pytest.mark.parametrize("lane", ["one", None])
def test_many_loads_go_in_as_few_groups_as_there_can_be(bench: Bench, lane: str | None) -> None:
    wanted = names(2 * MOST + 50)
    outcomes = bench.run([load(bench, name, lane) for name in wanted])
    assert {outcome.result for outcome in outcomes.values()} == {Result.DONE}
    assert sorted(bench.server.up()) == wanted
    assert [len(group) for group in bench.server.groups] == [MOST, MOST, 50]
    assert len(bench.server.singles) == 3  # each group leaves one for a load by itself
    assert sorted(bench.started) == [f"load:{name}" for name in wanted]


def test_a_few_loads_go_one_by_one(bench: Bench) -> None:
    bench.run([load(bench, name) for name in names(LEAST - 1)])
    assert bench.server.groups == []
    assert sorted(bench.server.up()) == names(LEAST - 1)


def test_what_fails_in_a_group_fails_by_itself_with_its_reason_and_its_link_goes(bench: Bench) -> None:
    bench.server.broken = frozenset({"m003", "m017"})
    outcomes = bench.run([step for name in names(30) for step in with_link(bench, name)])
    failed = {name for name, outcome in outcomes.items() if outcome.result is not Result.DONE}
    assert failed == {"load:m003", "load:m017"}
    assert "no weights" in outcomes["load:m003"].message
    assert sorted(bench.server.up()) == sorted({*names(30)} - bench.server.broken)
    assert sorted(bench.world.volume.links) == sorted({*names(30)} - bench.server.broken)


@pytest.mark.parametrize("lane", ["one", None])
def test_links_are_made_before_their_loads_go_together_and_never_more_than_a_group_ahead(
    bench: Bench, lane: str | None
) -> None:
    ahead: list[int] = []
    bench.server.on_group = lambda: ahead.append(len(bench.world.volume.links) - len(bench.server.up()))
    outcomes = bench.run([step for name in names(2 * MOST) for step in with_link(bench, name, lane)])
    assert {outcome.result for outcome in outcomes.values()} == {Result.DONE}
    assert len(bench.server.groups) <= 2 * MOST / LEAST
    if lane:
        assert max(ahead) <= MOST + 1
        assert [len(group) for group in bench.server.groups] == [MOST, MOST]


def test_a_server_that_takes_no_groups_is_asked_for_one_only(bench: Bench) -> None:
    bench.server.refuses = True
    outcomes = bench.run([load(bench, name) for name in names(3 * MOST)])
    assert len(bench.server.groups) == 1
    assert {outcome.result for outcome in outcomes.values()} == {Result.DONE}
    assert sorted(bench.server.singles) == names(3 * MOST)


def test_golden_requests_are_asked_of_each_model_of_a_group(bench: Bench) -> None:
    bench.server.answers = [TerminalError(Reason.PROBE_FAILED, "42 instead of 43")]
    outcomes = bench.run([load(bench, name, probes=True) for name in names(12)])
    assert len(bench.server.probed) == 11  # the last is loaded by itself, which asks them, too
    failed = [outcome for outcome in outcomes.values() if outcome.result is Result.FAILED]
    assert [(outcome.reason, outcome.message) for outcome in failed] == [(Reason.PROBE_FAILED, "42 instead of 43")]
    assert sorted(bench.started) == [f"load:{name}" for name in names(12)]


def test_a_golden_request_that_got_no_answer_is_tried_again_with_a_load(bench: Bench) -> None:
    bench.server.answers = [TransientError(Reason.PROBE_FAILED, "no answer within 1 s")]
    outcomes = bench.run([load(bench, name, probes=True) for name in names(12)])
    assert {outcome.result for outcome in outcomes.values()} == {Result.DONE}
    assert len(bench.server.singles) == 2


def test_what_needs_a_model_of_a_group_waits_until_it_is_up(bench: Bench) -> None:
    steps = [load(bench, name) for name in names(20)]
    later = Step(
        id="activate:z",
        action=Activate(model="z", tree=tree("z"), previous=None),
        reason=Reason.NOT_ON_VOLUME,
        after=frozenset({"load:m004"}),
        lane="one",
    )
    bench.world.volume.blobs |= dict.fromkeys(tree("z").blobs(), 1)
    bench.server.broken = frozenset({"m004"})
    assert bench.run([later, *steps])["activate:z"].result is Result.BLOCKED


def test_a_stop_finishes_what_is_linked_and_begins_no_other_group(bench: Bench) -> None:
    bench.server.on_group = bench.stop.set
    outcomes = bench.run([step for name in names(3 * MOST) for step in with_link(bench, name)])
    assert len(bench.server.groups) == 1
    assert sorted(bench.server.up()) == sorted(bench.world.volume.links)
    assert {outcome.result for outcome in outcomes.values()} == {Result.DONE, Result.CANCELLED, Result.BLOCKED}


def test_loads_that_may_not_go_together_do_not_wait_for_those_that_may(bench: Bench) -> None:
    slow = [load(bench, f"s{number}") for number in range(3)]
    apart = [Step(id=step.id, action=_alone(step), reason=step.reason, lane=None) for step in slow]
    bench.run([*[load(bench, name) for name in names(30)], *apart])
    assert not {name for group in bench.server.groups for name in group} & {"s0", "s1", "s2"}
    assert len(bench.server.up()) == 33


def _alone(step: Step) -> Load:
    assert isinstance(step.action, Load)
    return Load(model=step.action.model, server=URL, tree=step.action.tree, timeout=1, retries=0)
