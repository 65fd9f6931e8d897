"""The executor over the simulated world: order, failure, retries, and what a stop leaves."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from threading import Event, Lock

import pytest

from reconciler.core.artifact import Tree
from reconciler.core.digest import Generation
from reconciler.core.errors import Reason, TransientError
from reconciler.core.observed import ServerView, Unreachable
from reconciler.core.plan import Action, Activate, Fetch, Load, Outcome, Plan, Restore, Result, Step, Unload
from reconciler.core.progress import Moved, Silent
from reconciler.executor import Hands, execute
from reconciler.executor.attempts import Attempts
from reconciler.executor.doubting import AGAIN, Doubting
from tests.property.strategies import Variant, tree_of
from tests.property.world import Server, Volume, World

URL = "grpc://triton:8001"


def tree(name: str, number: int) -> Tree:
    return tree_of(Variant(name=name, number=number, data_type="TYPE_FP32"))


@dataclass(kw_only=True, eq=False)
class Busy(Server):
    """A server of the simulated world that notes what is asked of it, and how many operations overlapped."""

    on_unload: Callable[[], None] = lambda: None
    failures: list[Exception] = field(default_factory=list)
    lock: Lock = field(default_factory=Lock)
    most: int = 0
    now: int = 0
    tried: int = 0

    def load(self, action: Load) -> frozenset[str]:
        with self.lock:
            self.tried += 1
            self.now += 1
            self.most = max(self.most, self.now)
        Event().wait(0.02)
        with self.lock:
            self.now -= 1
        if self.failures:
            raise self.failures.pop(0)
        return super().load(action)

    def unload(self, action: Unload) -> None:
        super().unload(action)
        self.on_unload()


@dataclass(kw_only=True)
class Bench:
    """A world with one server; waiting takes no time and is noted."""

    world: World
    server: Busy
    stop: Event = field(default_factory=Event)
    waits: list[float] = field(default_factory=list)
    clock: float = 0.0

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.clock += seconds

    def run(self, steps: Sequence[Step], wanted: Callable[[Step], bool] = lambda _: True) -> dict[str, Outcome]:
        attempts = Attempts(clock=lambda: self.clock, sleep=self.sleep, random=lambda: 1.0, cancelled=self.stop.is_set)
        hands = Hands(volume=self.world.volume, servers=self.world.servers, attempts=attempts, reporter=Silent())
        hands = replace(hands, wanted=wanted)
        plan = Plan(revision="r", target="t", steps=tuple(steps), models=())
        return {outcome.step.id: outcome for outcome in execute(plan, hands)}

    def serve(self, *trees: Tree) -> None:
        for one in trees:
            name = str(one.config["name"])
            self.world.volume.link(name, one)
            self.server.load(Load(model=name, server=URL, tree=one, timeout=1, retries=0))
        self.server.tried = 0

    def up(self) -> dict[str, Generation | None]:
        return self.server.up()


def bench() -> Bench:
    volume = Volume()
    server = Busy(volume=volume)
    return Bench(world=World(volume=volume, servers={URL: server}), server=server)


def recreation(name: str, old: Tree, new: Tree, lane: str | None = None) -> list[Step]:
    """Unload, link, load: as the planner makes them."""
    back = (Restore(model=name, tree=old, instead=new.generation, served={URL: old}, timeout=1),)
    actions: tuple[Action, ...] = (
        Unload(model=name, server=URL, timeout=1),
        Activate(model=name, tree=new, previous=old.generation),
        Load(model=name, server=URL, tree=new, timeout=1, retries=2),
    )
    steps: list[Step] = []
    for verb, action in zip(("unload", "activate", "load"), actions, strict=True):
        after = frozenset({steps[-1].id}) if steps else frozenset[str]()
        steps.append(
            Step(
                id=f"{verb}:{name}",
                action=action,
                reason=Reason.GENERATION_CHANGED,
                after=after,
                lane=lane or name,
                restores=back,
                continues=bool(steps),
            )
        )
    return steps


def prepared(name: str) -> tuple[Bench, Tree, Tree]:
    made, old, new = bench(), tree(name, 1), tree(name, 2)
    made.serve(old)
    made.world.volume.blobs |= dict.fromkeys(new.blobs(), 1)
    return made, old, new


def test_a_stop_in_the_middle_of_a_recreation_finishes_it_and_begins_nothing_new() -> None:
    made, old, new = prepared("a")
    other = tree("b", 1)
    made.world.volume.blobs |= dict.fromkeys(other.blobs(), 1)
    made.server.on_unload = made.stop.set
    begun = recreation("a", old, new)
    later = Step(
        id="activate:b",
        action=Activate(model="b", tree=other, previous=None),
        reason=Reason.NOT_ON_VOLUME,
        after=frozenset({"load:a"}),
    )
    outcomes = made.run([*begun, later])
    assert [outcomes[step.id].result for step in begun] == [Result.DONE] * 3
    assert made.up() == {"a": new.generation}
    assert outcomes["activate:b"].result is Result.CANCELLED
    assert "b" not in made.world.volume.links


def test_a_stop_before_anything_has_begun_changes_nothing() -> None:
    made, old, new = prepared("a")
    made.stop.set()
    outcomes = made.run(recreation("a", old, new))
    assert outcomes["unload:a"].result is Result.CANCELLED
    assert {outcome.result for outcome in outcomes.values()} == {Result.CANCELLED, Result.BLOCKED}
    assert made.up() == {"a": old.generation}


def test_a_load_that_fails_in_the_end_brings_the_old_generation_back_and_blocks_what_waits_for_it() -> None:
    made, old, new = prepared("a")
    made.server.failures = [TransientError(Reason.LOAD_FAILED, "no") for _ in range(3)]
    steps = recreation("a", old, new)
    waiting = Step(
        id="activate:b",
        action=Activate(model="b", tree=tree("b", 1), previous=None),
        reason=Reason.NOT_ON_VOLUME,
        after=frozenset({"load:a"}),
    )
    outcomes = made.run([*steps, waiting])
    assert outcomes["load:a"].result is Result.FAILED
    assert outcomes["activate:b"].result is Result.BLOCKED
    assert "load:a" in outcomes["activate:b"].message
    assert made.up() == {"a": old.generation}
    assert made.world.volume.links["a"].tree == old


def test_what_may_pass_is_tried_again_after_longer_and_longer_waits() -> None:
    made, old, new = prepared("a")
    made.server.failures = [TransientError(Reason.LOAD_FAILED, "busy") for _ in range(2)]
    outcomes = made.run(recreation("a", old, new))
    assert outcomes["load:a"].result is Result.DONE
    assert made.server.tried == 3
    assert sum(made.waits) == 0.75 + 1.5
    assert max(made.waits) <= 0.2  # so that a stop is heard


def test_steps_of_one_lane_never_overlap_and_others_do() -> None:
    made = bench()
    for lane, most in (("same", 1), (None, 4)):
        made.server.most = 0
        names = [f"m{number}" for number in range(6)]
        for name in names:
            made.world.volume.link(name, tree(name, 1))
        loads = [
            Step(
                id=f"load:{name}",
                action=Load(model=name, server=URL, tree=tree(name, 1), timeout=1, retries=0),
                reason=Reason.NOT_LOADED,
                lane=lane,
            )
            for name in names
        ]
        outcomes = made.run(loads)
        assert {outcome.result for outcome in outcomes.values()} == {Result.DONE}
        assert made.server.most == most if lane else 1 < made.server.most <= most


def test_bytes_of_a_fetch_that_failed_are_taken_back_from_the_progress() -> None:
    seen: list[int] = []

    class Told(Silent):
        def advanced(self, step: Step, moved: Moved) -> None:
            assert step.id == "fetch:a"
            seen.append(moved.count)

    class Torn(Volume):
        def fetch(self, action: Fetch, *, progress: Callable[[Moved], None], cancelled: Callable[[], bool]) -> None:
            progress(Moved(700))
            if len(seen) == 1:
                raise TransientError(Reason.SOURCE_UNREACHABLE, "connection reset")
            assert (action.model, cancelled()) == ("a", False)

    clock = iter(range(1000))
    attempts = Attempts(clock=lambda: next(clock), sleep=lambda _: None, random=lambda: 0.0, cancelled=lambda: False)
    hands = Hands(volume=Torn(), servers={}, attempts=attempts, reporter=Told())
    step = Step(id="fetch:a", action=Fetch(model="a", sources={}, size=700), reason=Reason.NOT_ON_VOLUME)
    (outcome,) = execute(Plan(revision="r", target="t", steps=(step,), models=()), hands)
    assert outcome.result is Result.DONE
    assert seen == [700, -700, 700]


def test_what_nobody_wants_any_more_is_not_begun_and_what_is_half_changed_is_finished() -> None:
    made, old, new = prepared("a")
    other = tree("b", 1)
    made.world.volume.blobs |= dict.fromkeys(other.blobs(), 1)
    well = Step(id="activate:b", action=Activate(model="b", tree=other, previous=None), reason=Reason.NOT_ON_VOLUME)
    wanted = {"a": True}
    made.server.on_unload = lambda: wanted.update(a=False)
    outcomes = made.run([*recreation("a", old, new), well], lambda step: wanted["a"] or step is well)
    assert {outcome.result for outcome in outcomes.values()} == {Result.DONE}
    assert made.up() == {"a": new.generation}
    again = made.run(recreation("a", new, old), lambda step: step.id != "unload:a")
    assert again["unload:a"].result is Result.CANCELLED
    assert "git wants something else" in again["unload:a"].message
    assert made.up() == {"a": new.generation}


def test_small_fetches_do_not_wait_behind_large_ones_nor_behind_those_of_unknown_size() -> None:
    arrived = Event()

    class Slow(Volume):
        def fetch(self, action: Fetch, *, progress: Callable[[Moved], None], cancelled: Callable[[], bool]) -> None:
            if action.model == "small":
                arrived.set()
            assert arrived.wait(30), "the small one never came"
            assert not cancelled()
            progress(Moved(1))

    steps = [
        Step(id=f"fetch:{name}", action=Fetch(model=name, sources={}, size=size), reason=Reason.NOT_ON_VOLUME)
        for name, size in [*((f"large{number}", 1 << 30) for number in range(9)), ("unknown", None), ("small", 5)]
    ]
    attempts = Attempts(clock=time.monotonic, sleep=time.sleep, random=lambda: 0.0, cancelled=lambda: False)
    hands = Hands(volume=Slow(), servers={}, attempts=attempts, reporter=Silent())
    outcomes = execute(Plan(revision="r", target="t", steps=tuple(steps), models=()), hands)
    assert {outcome.result for outcome in outcomes} == {Result.DONE}


def loads(names: Sequence[str], url: str, volume: Volume) -> list[Step]:
    steps = []
    for name in names:
        one = tree(name, 1)
        volume.link(name, one)
        action = Load(model=name, server=url, tree=one, timeout=1, retries=0)
        steps.append(Step(id=f"load:{name}@{url}", action=action, reason=Reason.NOT_LOADED))
    return steps


@dataclass(kw_only=True, eq=False)
class Hung(Server):
    """A server that answers nothing until everything is up on another one, and then says that time is over."""

    other: Server
    asked: int = 0
    looked_at: int = 0

    def load(self, action: Load) -> frozenset[str]:
        self.asked += 1
        end = time.monotonic() + 20
        while len(self.other.up()) < 6 and time.monotonic() < end:
            time.sleep(0.01)
        raise TransientError(Reason.TIMED_OUT, f"{action.model} did not load in time")

    def observe(self) -> ServerView:
        self.looked_at += 1
        return Unreachable(reason=Reason.SERVER_UNREACHABLE, message="no answer")


NAMES = tuple(f"m{number}" for number in range(6))


def test_a_server_that_hangs_keeps_no_load_of_another_waiting() -> None:
    made = bench()
    made.world.servers["hung"] = Hung(volume=made.world.volume, other=made.server)
    outcomes = made.run([*loads(NAMES, "hung", made.world.volume), *loads(NAMES, URL, made.world.volume)])
    assert {outcomes[f"load:{name}@{URL}"].result for name in NAMES} == {Result.DONE}
    assert {outcomes[f"load:{name}@hung"].result for name in NAMES} == {Result.FAILED}
    assert made.up().keys() == {*NAMES}


def test_of_a_server_that_has_stopped_to_answer_nothing_more_is_asked_in_the_run() -> None:
    made = bench()
    for one in loads(NAMES, URL, made.world.volume):
        assert isinstance(one.action, Load)
        made.server.load(one.action)
    hung = Hung(volume=made.world.volume, other=made.server)
    doubting = Doubting(hung, lambda: 0.0)
    for one in loads(NAMES, "hung", made.world.volume):
        assert isinstance(one.action, Load)
        with pytest.raises(TransientError) as failure:
            doubting.load(one.action)
    assert (hung.asked, hung.looked_at) == (1, 1)
    assert "it has stopped to answer in this run" in failure.value.message
    with pytest.raises(TransientError):
        doubting.unload(Unload(model="m0", server="hung", timeout=1))
    with pytest.raises(TransientError):
        doubting.reload("m0", 1)
    assert isinstance(doubting.observe(), Unreachable)
    assert hung.looked_at == 1


def test_a_server_that_answers_again_is_asked_again_after_a_while() -> None:
    made, now = bench(), [0.0]
    made.server.failures = [TransientError(Reason.TIMED_OUT, "slow")]
    doubting = Doubting(made.server, lambda: now[0])
    first, second = loads(("a", "b"), URL, made.world.volume)
    assert isinstance(first.action, Load)
    assert isinstance(second.action, Load)
    made.server.reachable = False
    for _ in range(2):
        with pytest.raises(TransientError):
            doubting.load(first.action)
    made.server.reachable, now[0] = True, AGAIN + 1
    doubting.load(second.action)
    assert made.up().keys() == {"b"}
