"""The planner's laws (house.md): whatever is wished, whatever is there, and whatever fails on the way."""

import random
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TypeVar

from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.judging.verdicts import Request
from reconciler.core.observed import Observed, ServerView, Serving
from reconciler.core.plan import Change, Plan
from reconciler.core.planning.planner import plan
from reconciler.core.spec import Desired
from tests.property.contradictions import observations, requests
from tests.property.laws import Safety, Wish, check_shape, converge, one_pass, planned, telling, wish_for
from tests.property.run import Run
from tests.property.strategies import NAMES, TARGET, TODAY, wishes, worlds
from tests.property.world import World

seeds = st.integers(0, 2**16).map(random.Random)


@given(world=worlds(), wish=wishes(), order=seeds)
def test_without_failures_any_world_converges_and_every_moment_on_the_way_is_safe(
    world: World, wish: Wish, order: random.Random
) -> None:
    converge(wish_for(world, wish), world, order)


@given(world=worlds(), wish=wishes(), order=seeds, data=st.data())
def test_whatever_fails_in_whatever_order_nothing_is_worse_and_later_all_converges(
    world: World, wish: Wish, order: random.Random, data: st.DataObject
) -> None:
    desired = wish_for(world, wish)
    ids = [step.id for step in planned(desired, world).steps]
    failing = data.draw(st.lists(st.sampled_from(ids), unique=True, max_size=3)) if ids else []
    mishaps = {name: data.draw(st.sampled_from(("early", "late"))) for name in failing}
    one_pass(desired, world, order, mishaps)
    converge(desired, world, order)


@given(world=worlds(), wish=wishes(), order=seeds, steps=st.integers(0, 12))
def test_killed_at_any_moment_everything_until_then_was_safe_and_the_next_runs_converge(
    world: World, wish: Wish, order: random.Random, steps: int
) -> None:
    desired = wish_for(world, wish)
    found = planned(desired, world)
    safety = Safety(world=world, desired=desired, plan=found)
    Run(world=world, plan=found, order=order, stop_after=steps, watch=safety).execute()
    converge(desired, world, order)


@given(world=worlds(), wish=wishes(), order=seeds)
def test_an_unreachable_server_pauses_removals_and_prunes_and_when_it_is_back_all_converges(
    world: World, wish: Wish, order: random.Random
) -> None:
    desired = wish_for(world, wish)
    gone = world.servers[max(world.servers)]
    before = gone.up()
    gone.reachable = False
    found = planned(desired, world)
    assert not any(step.id == "prune" or step.id.startswith("deactivate") for step in found.steps), telling(found)
    assert found.unknown
    one_pass(desired, world, order)
    assert gone.up() == before
    gone.reachable = True
    converge(desired, world, order)


@given(wish=wishes(), observed=observations(), request=requests())
def test_whatever_contradictions_it_is_given_there_is_a_plan_with_an_order(
    wish: Wish, observed: Observed, request: Request
) -> None:
    found = plan(wish[0], replace(observed, contents=wish[1]), TARGET, request)
    check_shape(found)
    mentioned = {line.model for line in found.models}
    assert wish[0].models.keys() | wish[0].rejected.keys() <= mentioned


@given(world=worlds(), wish=wishes(), order=seeds)
def test_the_same_plan_carried_out_twice_leaves_the_same_world(world: World, wish: Wish, order: random.Random) -> None:
    desired = wish_for(world, wish)
    found = planned(desired, world)
    worlds_after = []
    for _ in range(2):
        Run(world=world, plan=found, order=order).execute()
        worlds_after.append((world.up(), {name: link.tree for name, link in world.volume.links.items()}))
    assert worlds_after[0] == worlds_after[1], telling(found)


@given(world=worlds(), wish=wishes(), order=seeds, chosen=st.sets(st.sampled_from(NAMES), min_size=1, max_size=3))
def test_models_that_were_not_asked_for_are_not_touched(
    world: World, wish: Wish, order: random.Random, chosen: set[str]
) -> None:
    desired = wish_for(world, wish)
    found = plan(desired, world.observe(), TARGET, Request(today=TODAY, models=frozenset(chosen)))
    check_shape(found)
    touched = {line.model for line in found.models if line.change not in (Change.HELD, Change.FOREIGN)}
    assert touched <= chosen
    Run(world=world, plan=found, order=order, watch=Safety(world=world, desired=desired, plan=found)).execute()


@given(world=worlds(), wish=wishes(), order=seeds)
def test_the_order_in_which_anything_is_listed_changes_nothing(world: World, wish: Wish, order: random.Random) -> None:
    desired = wish_for(world, wish)
    observed = world.observe()
    assert _plan(_shuffled_wish(desired, order), _shuffled(observed, order)) == _plan(desired, observed)


def _plan(desired: Desired, observed: Observed) -> Plan:
    return plan(desired, observed, TARGET, Request(today=TODAY))


K = TypeVar("K")
V = TypeVar("V")


def _mixed(mapping: Mapping[K, V], order: random.Random) -> dict[K, V]:
    items: Iterable[tuple[K, V]] = order.sample(list(mapping.items()), len(mapping))
    return dict(items)


def _shuffled_wish(desired: Desired, order: random.Random) -> Desired:
    return replace(desired, models=_mixed(desired.models, order), rejected=_mixed(desired.rejected, order))


def _shuffled(observed: Observed, order: random.Random) -> Observed:
    volume = observed.volume
    return replace(
        observed,
        volume=replace(
            volume,
            entries=_mixed(volume.entries, order),
            trees=_mixed(volume.trees, order),
            blobs=_mixed(volume.blobs, order),
        ),
        servers=_mixed({name: _shuffled_view(view, order) for name, view in observed.servers.items()}, order),
        contents=_mixed(observed.contents, order),
    )


def _shuffled_view(view: ServerView, order: random.Random) -> ServerView:
    return Serving(models=_mixed(view.models, order), version=view.version) if isinstance(view, Serving) else view
