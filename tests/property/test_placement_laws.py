"""What a placement keeps to: whatever the models and servers are called, and whoever comes and goes."""

import random
from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from reconciler.core import graph
from reconciler.core.judging.places import Placement
from reconciler.core.judging.rendezvous import placed
from reconciler.core.spec import ModelSpec, Resources

MODELS = tuple("abcdefghij")
servers = st.sets(st.sampled_from([f"grpc://triton-{number}:8001" for number in range(12)]), min_size=2, max_size=8)
seeds = st.integers(0, 2**16).map(random.Random)
ROOMY = Resources()


@st.composite
def wished(draw: st.DrawFn, replicas: st.SearchStrategy[int | None]) -> dict[str, ModelSpec]:
    """Models with replicas, priorities and sizes."""
    names = draw(st.sets(st.sampled_from(MODELS), min_size=1))
    return {
        name: ModelSpec(
            name=name,
            file=f"models.d/{name}.yaml",
            framework="python",
            replicas=draw(replicas),
            labels={"priority": str(draw(st.integers(0, 2)))},
            resources=Resources(memory=draw(st.sampled_from((None, 10, 60)))),
        )
        for name in sorted(names)
    }


some = wished(st.sampled_from((None, 1, 1, 2, 3)))
numbered = wished(st.integers(1, 4))
needing = st.dictionaries(st.sampled_from(MODELS), st.frozensets(st.sampled_from(MODELS), max_size=2))


def on(placement: Placement, name: str, names: set[str]) -> set[str]:
    return {*placement.of(name, names)}


@given(models=numbered, names=servers)
def test_a_model_is_on_as_many_servers_as_it_asks_for_or_on_all(models: dict[str, ModelSpec], names: set[str]) -> None:
    found = placed(models, {}, names, ROOMY)
    for name, spec in models.items():
        assert len(on(found, name, names)) == min(spec.replicas or 0, len(names))


@given(models=numbered, names=servers)
def test_a_new_server_gets_models_and_nothing_else_moves(models: dict[str, ModelSpec], names: set[str]) -> None:
    new = "grpc://triton-new:8001"
    before, after = placed(models, {}, names, ROOMY), placed(models, {}, {*names, new}, ROOMY)
    for name in models:
        assert on(after, name, {*names, new}) - on(before, name, names) <= {new}


@given(models=some, needs=needing, names=servers, data=st.data())
def test_a_lost_server_moves_only_what_was_on_it(
    models: dict[str, ModelSpec], needs: Mapping[str, frozenset[str]], names: set[str], data: st.DataObject
) -> None:
    lost = data.draw(st.sampled_from(sorted(names)))
    before, after = placed(models, needs, names, ROOMY), placed(models, needs, names - {lost}, ROOMY)
    for name in models:
        was = on(before, name, names)
        if lost not in was:
            assert on(after, name, names - {lost}) == was


@given(models=some, needs=needing, names=servers)
def test_whatever_a_new_server_changes_is_on_the_new_server(
    models: dict[str, ModelSpec], needs: Mapping[str, frozenset[str]], names: set[str]
) -> None:
    new = "grpc://triton-new:8001"
    before, after = placed(models, needs, names, ROOMY), placed(models, needs, {*names, new}, ROOMY)
    for name in models:
        there = on(after, name, {*names, new})
        assert there == on(before, name, names) or new in there


@given(models=some, needs=needing, names=servers)
def test_what_is_needed_is_wherever_something_above_it_is(
    models: dict[str, ModelSpec], needs: Mapping[str, frozenset[str]], names: set[str]
) -> None:
    found = placed(models, needs, names, Resources(memory=100))
    for name in models:
        for other in graph.reachable(needs, name) & models.keys():
            assert on(found, name, names) <= on(found, other, names)


@given(models=some, needs=needing, names=servers, order=seeds)
def test_the_order_in_which_models_and_servers_are_listed_places_nothing_elsewhere(
    models: dict[str, ModelSpec], needs: Mapping[str, frozenset[str]], names: set[str], order: random.Random
) -> None:
    mixed = {name: models[name] for name in order.sample(sorted(models), len(models))}
    listed = order.sample(sorted(names), len(names))
    capacity = Resources(memory=100)
    assert placed(mixed, needs, listed, capacity) == placed(models, needs, names, capacity)


@given(models=numbered, names=servers)
def test_no_server_gets_more_than_it_has_room_for_but_for_what_fits_nowhere(
    models: dict[str, ModelSpec], names: set[str]
) -> None:
    found = placed(models, {}, names, Resources(memory=100))
    sizes = {name: spec.resources.memory or 0 for name, spec in models.items()}
    for server in names:
        here = [name for name in models if found.has(server, name) and sizes[name]]
        if sum(sizes[name] for name in here) > 100:
            last = min(here, key=lambda name: (int(models[name].labels["priority"]), -ord(name)))
            elsewhere = [url for url in sorted(names) if not found.has(url, last)]
            taken = {url: sum(sizes[one] for one in models if found.has(url, one)) for url in elsewhere}
            assert all(room + sizes[last] > 100 for room in taken.values())
