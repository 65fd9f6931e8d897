"""What the planner keeps to where memory is short: whatever is wished, whatever is there, and whatever fails."""

import random

from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.amounts import Span
from reconciler.core.judging.capacity import Sizes
from reconciler.core.judging.verdicts import Request, first_look
from reconciler.core.observed import Serving
from reconciler.core.plan import Plan
from reconciler.core.spec import Desired
from tests.property.laws import Wish, planned, telling, wish_for
from tests.property.run import Run
from tests.property.strategies import TARGET, TODAY, wishes, worlds
from tests.property.world import World

CAPACITY = TARGET.capacity.memory or 0
seeds = st.integers(0, 2**16).map(random.Random)


def memory(plan: Plan) -> Span:
    return next(span for span in plan.spans if span.name == "memory")


def measure(world: World, desired: Desired, plan: Plan) -> dict[str, int]:
    """From now on each server notes what is taken; what is taken now."""
    observed = world.observe()
    sizes = Sizes(desired.models, first_look(desired, observed, TARGET, Request(today=TODAY)), observed)
    before = {}
    for url, server in world.servers.items():
        view = server.observe()
        assert isinstance(view, Serving)
        server.taken = {name: sizes.served(view, name).memory for name in server.up()}
        server.highest = before[url] = sum(server.taken.values())
        server.strained = frozenset(line.model for line in plan.models if any("both" in one for one in line.warnings))
    return before


@given(world=worlds(), wish=wishes(), order=seeds, data=st.data())
def test_whatever_fails_in_whatever_order_never_more_is_taken_than_there_is_or_was_taken_before(
    world: World, wish: Wish, order: random.Random, data: st.DataObject
) -> None:
    desired = wish_for(world, wish)
    found = planned(desired, world)
    before = measure(world, desired, found)
    ids = [step.id for step in found.steps]
    failing = data.draw(st.lists(st.sampled_from(ids), unique=True, max_size=2)) if ids else []
    mishaps = {name: data.draw(st.sampled_from(("early", "late"))) for name in failing}
    Run(world=world, plan=found, order=order, mishaps=mishaps).execute()
    for url, server in world.servers.items():
        assert server.highest <= max(CAPACITY, before[url]), telling(found)
    strained = any(server.strained for server in world.servers.values())
    assert strained or (memory(found).peak or 0) <= max(CAPACITY, *before.values()), telling(found)


@given(world=worlds(), wish=wishes(), order=seeds)
def test_what_a_plan_says_is_taken_at_most_and_then_is_what_comes(
    world: World, wish: Wish, order: random.Random
) -> None:
    desired = wish_for(world, wish)
    found = planned(desired, world)
    before = measure(world, desired, found)
    Run(world=world, plan=found, order=order).execute()
    assert memory(found).before == max(before.values())
    if not any(server.strained for server in world.servers.values()):
        assert max(server.highest for server in world.servers.values()) <= (memory(found).peak or 0), telling(found)
