"""What holds where a plan begins while another one is still being carried out, as in `reconcile run`."""

import random
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.plan import Load, Plan, Prune, Step, Unload
from reconciler.core.planning.inflight import startable, unwanted
from tests.property.laws import Safety, Wish, converge, planned, telling, wish_for
from tests.property.run import Run
from tests.property.strategies import wishes, worlds
from tests.property.world import World

seeds = st.integers(0, 2**16).map(random.Random)
moments = st.integers(0, 12)


def left(run: Run) -> list[Step]:
    """What has not ended."""
    return [step for step in run.plan.steps if step.id not in run.done and step.id not in run.failed]


def still_wanted(steps: list[Step], gone: set[str]) -> list[Step]:
    """Without these and what waits for them, but for what is half a change without it."""
    kept = []
    for step in steps:
        if (step.id in gone and not step.continues) or step.after & gone:
            gone.add(step.id)
        else:
            kept.append(step)
    return kept


def models(steps: list[Step]) -> set[str]:
    return {step.action.model for step in steps if not isinstance(step.action, Prune)}


@given(world=worlds(), first=wishes(), then=wishes(), order=seeds, moment=moments)
def test_what_begins_beside_what_is_under_way_works_on_other_models_and_all_converges(
    world: World, first: Wish, then: Wish, order: random.Random, moment: int
) -> None:
    desired = wish_for(world, first)
    found = planned(desired, world)
    before = Run(world=world, plan=found, order=order, stop_after=moment)
    before.execute()
    running = left(before)
    wanted = wish_for(world, then)
    later = planned(wanted, world)
    begun = list(startable(later.steps, running, {}))
    assert not models(running) & models(begun), telling(later)
    assert {name for step in begun for name in step.after | step.behind} <= {step.id for step in begun}
    gone = {step.id for step in running if unwanted(step, desired, wanted)}
    rest = [strip(step, before) for step in still_wanted(running, gone)]
    rules = {step.id: Safety(world=world, desired=desired, plan=found) for step in rest}
    rules |= {step.id: Safety(world=world, desired=wanted, plan=later) for step in begun}

    def watch(moment: str, step: Step) -> None:
        if moment == "before" and isinstance(step.action, Load | Unload):
            rules[step.id](moment, step)

    both = replace(later, steps=(*renamed(rest), *begun))
    rules |= {f"earlier:{step.id}": rules[step.id] for step in rest}
    Run(world=world, plan=both, order=order, watch=watch).execute()
    converge(wanted, world, order)


def strip(step: Step, before: Run) -> Step:
    """Without what has ended."""
    ended = {*before.done, *before.failed}
    return replace(step, after=step.after - ended, behind=step.behind - ended)


def renamed(steps: list[Step]) -> list[Step]:
    """Steps of an earlier plan, which may have the names of later ones."""
    return [
        replace(
            step,
            id=f"earlier:{step.id}",
            after=frozenset(f"earlier:{name}" for name in step.after),
            behind=frozenset(f"earlier:{name}" for name in step.behind),
        )
        for step in steps
    ]


@given(world=worlds(), wish=wishes(), order=seeds, moment=moments)
def test_a_second_look_at_the_same_wish_begins_nothing_twice(
    world: World, wish: Wish, order: random.Random, moment: int
) -> None:
    desired = wish_for(world, wish)
    found = planned(desired, world)
    run = Run(world=world, plan=found, order=order, stop_after=moment)
    run.execute()
    running = left(run)
    again: Plan = planned(desired, world)
    begun = startable(again.steps, running, {})
    assert not any(unwanted(step, desired, desired) for step in running)
    assert not {step.id for step in running} & {step.id for step in begun}


@given(world=worlds(), wish=wishes())
def test_where_nothing_is_under_way_all_begins_but_the_pruning_which_goes_alone(world: World, wish: Wish) -> None:
    found = planned(wish_for(world, wish), world)
    begun = startable(found.steps, (), {})
    others = [step for step in found.steps if not isinstance(step.action, Prune)]
    assert list(begun) == (others or list(found.steps))
