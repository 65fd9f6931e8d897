"""A plan against the last status, beside the plan against the world that this status was written of."""

import random
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.content import Known
from reconciler.core.errors import Reason
from reconciler.core.judging.placement import asked_for
from reconciler.core.judging.verdicts import Request
from reconciler.core.locked import LockedFile, LockedSource
from reconciler.core.observed import Observed
from reconciler.core.plan import Change, ModelPlan, Plan
from reconciler.core.planning.planner import plan
from reconciler.core.spec import Desired
from reconciler.core.statuses.remembered import Memory, recalled
from reconciler.core.statuses.status import ModelStatus, Pass, from_files, summarise, to_files
from tests.property.laws import Wish, converge, one_pass, planned, wish_for
from tests.property.strategies import TARGET, TODAY, wishes, worlds
from tests.property.world import Server, Volume, World

TARGETED = replace(TARGET, servers=())
seeds = st.integers(0, 2**16).map(random.Random)


def locked(wish: Wish) -> Wish:
    """The same with a lock for each source that could be read."""
    desired, contents, fetchable = wish
    models = dict(desired.models)
    for name, spec in desired.models.items():
        content = fetchable.get(name, contents.get(name))
        if isinstance(content, Known) and spec.source is not None:
            lock = LockedSource(
                files=tuple(LockedFile(file=file) for file in content.files[None]), configs=content.configs
            )
            models[name] = replace(spec, source=replace(spec.source, locked=lock))
    return replace(desired, models=models), contents, fetchable


def written(desired: Desired, observed: Observed, found: Plan) -> dict[str, ModelStatus]:
    """The status of this world, as it is read back."""
    done = Pass(plan=found, outcomes=(), observed=observed, desired=desired)
    return dict(from_files(to_files(summarise(done, {}, now="2026-11-21T00:00:00Z"), target="t")))


def remembered(desired: Desired, statuses: dict[str, ModelStatus]) -> dict[str, ModelPlan]:
    observed = recalled(desired, TARGETED, asked_for(desired, TARGET, ()).values(), Memory(statuses=statuses))
    found = plan(desired, observed, TARGETED, Request(today=TODAY, no_server=not observed.servers))
    return {line.model: line for line in found.models}


@given(wish=wishes(), order=seeds)
def test_where_nothing_moved_since_the_status_nothing_would_change(wish: Wish, order: random.Random) -> None:
    world = World(servers={"s1": Server(volume=Volume())})
    world.volume = world.servers["s1"].volume
    desired = wish_for(world, locked(wish))
    converge(desired, world, order)
    found = planned(desired, world)
    told = remembered(desired, written(desired, world.observe(), found))
    settled = {line.model for line in found.models if line.change is Change.UNCHANGED}
    assert {name for name, line in told.items() if line.change is Change.UNCHANGED} >= settled


@given(world=worlds(), first=wishes(), then=wishes(), order=seeds)
def test_what_is_told_to_be_unchanged_is_so_and_what_would_go_is_not_hidden(
    world: World, first: Wish, then: Wish, order: random.Random
) -> None:
    desired = wish_for(world, locked(first))
    one_pass(desired, world, order)
    statuses = written(desired, world.observe(), planned(desired, world))
    wanted = wish_for(world, locked(then))
    live = {line.model: line for line in planned(wanted, world).models}
    told = remembered(wanted, statuses)
    assert {name for name, line in live.items() if line.change is Change.REMOVE} <= told.keys()
    for name, line in told.items():
        if line.change is Change.UNCHANGED:
            assert live[name].change is Change.UNCHANGED or live[name].deferred, (line, live[name])
        if live[name].change is Change.REMOVE:
            assert line.change is Change.REMOVE or line.reason is Reason.STILL_NEEDED, line
