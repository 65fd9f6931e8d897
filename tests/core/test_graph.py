"""Who needs whom."""

from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.graph import components, groups, knots, order, reachable, rings

NAMES = "abcdef"
graphs = st.dictionaries(st.sampled_from(NAMES), st.frozensets(st.sampled_from(NAMES), max_size=3))


def test_a_ring_is_named_in_full_from_its_first_name() -> None:
    needs = {"b": frozenset("c"), "c": frozenset("a"), "a": frozenset("b"), "d": frozenset("a"), "e": frozenset("e")}
    assert rings(needs) == (("a", "b", "c"), ("e",))
    assert knots(needs) == frozenset("abce")


@given(needs=graphs)
def test_every_ring_is_one_and_every_knot_has_one(needs: dict[str, frozenset[str]]) -> None:
    for ring in rings(needs):
        assert all(second in needs[first] for first, second in zip(ring, (*ring[1:], ring[0]), strict=True))
        assert set(ring) <= knots(needs)
    assert bool(rings(needs)) == bool(knots(needs))


@given(needs=graphs)
def test_what_is_reachable_is_what_is_needed_and_what_that_needs(needs: dict[str, frozenset[str]]) -> None:
    for name in NAMES:
        direct = needs.get(name, frozenset())
        assert reachable(needs, name) == direct.union(*(reachable(needs, other) for other in direct))
        assert (name in reachable(needs, name)) == (name in knots(needs))


@given(needs=graphs, models=st.sets(st.sampled_from(NAMES)))
def test_in_the_order_what_is_needed_comes_first_unless_it_is_a_ring(
    needs: dict[str, frozenset[str]], models: set[str]
) -> None:
    found = order(needs, models)
    assert sorted(found) == sorted(models)
    among = {name: needs.get(name, frozenset()) & models for name in models}
    knotted = {name: next(set(group) for group in groups(needs, models) if name in group) for name in models}
    for name in models:
        for other in among[name] - knotted[name]:
            assert found.index(other) < found.index(name)


def test_models_that_are_connected_share_the_first_name() -> None:
    needs = {"e": frozenset({"b", "c"}), "f": frozenset({"c"})}
    assert components(needs, ["a"]) == {"a": "a", "b": "b", "c": "b", "e": "b", "f": "b"}


def test_a_name_that_nobody_knows_leads_nowhere() -> None:
    assert reachable({}, "x") == frozenset()
