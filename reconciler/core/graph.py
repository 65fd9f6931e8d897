"""Who needs whom: rings named in full, order, and what belongs together (networkx)."""

from collections.abc import Iterable, Mapping

import networkx as nx

Needs = Mapping[str, frozenset[str]]
"""Model to the models it needs; names without an entry need nothing."""


def _digraph(needs: Needs, models: Iterable[str] = ()) -> "nx.DiGraph[str]":
    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_nodes_from(sorted({*needs, *models}))
    graph.add_edges_from((model, other) for model in sorted(needs) for other in sorted(needs[model]))
    return graph


def rings(needs: Needs) -> tuple[tuple[str, ...], ...]:
    """One ring for each knot of models that need each other, starting at its first name: `a needs b needs a`."""
    graph = _digraph(needs)
    found = []
    for knot in nx.strongly_connected_components(graph):
        start = min(knot)
        if len(knot) > 1 or graph.has_edge(start, start):
            edges = nx.find_cycle(graph.subgraph(knot), start)
            names = [edge[0] for edge in edges]
            turn = names.index(min(names))
            found.append(tuple(names[turn:] + names[:turn]))
    return tuple(sorted(found))


def knots(needs: Needs) -> frozenset[str]:
    """Every model that, through others, needs itself."""
    graph = _digraph(needs)
    strong = nx.strongly_connected_components(graph)
    return frozenset(name for knot in strong for name in knot if len(knot) > 1 or graph.has_edge(name, name))


def reachable(edges: Needs, model: str) -> frozenset[str]:
    """Every model that this one leads to, directly or through others; itself only where that is a ring."""
    found: set[str] = set()
    ahead = [model]
    while ahead:
        more = edges.get(ahead.pop(), frozenset()) - found
        found |= more
        ahead += more
    return frozenset(found)


def components(needs: Needs, models: Iterable[str]) -> dict[str, str]:
    """For each of the models, the first name of what it is connected with: operations on one component are serial."""
    return {name: min(part) for part in nx.weakly_connected_components(_digraph(needs, models)) for name in part}


def order(needs: Needs, models: Iterable[str]) -> tuple[str, ...]:
    """The models, what is needed before what needs it, else by name; a ring stays together."""
    return tuple(name for group in groups(needs, models) for name in group)


def groups(needs: Needs, models: Iterable[str]) -> tuple[tuple[str, ...], ...]:
    """Models that need each other as one group, what is needed before what needs it; other names do not count."""
    among = frozenset(models)
    graph = _digraph({name: needs.get(name, frozenset()) & among for name in among})
    knotted = nx.condensation(graph).reverse()
    members: dict[int, tuple[str, ...]] = {knot: tuple(sorted(knotted.nodes[knot]["members"])) for knot in knotted}
    return tuple(members[knot] for knot in nx.lexicographical_topological_sort(knotted, key=lambda knot: members[knot]))


def from_above(needs: Needs, ranks: Mapping[str, tuple[int, bool, str]]) -> tuple[str, ...]:
    """The ranked models, what needs others before them, else by rank; names without a rank do not count."""
    graph = nx.condensation(_digraph({name: needs.get(name, frozenset()) & ranks.keys() for name in ranks}))
    members = {knot: sorted(graph.nodes[knot]["members"], key=ranks.__getitem__) for knot in graph}
    ordered = nx.lexicographical_topological_sort(graph, key=lambda knot: ranks[members[knot][0]])
    return tuple(name for knot in ordered for name in members[knot])


def layers(needs: Needs, models: Iterable[str]) -> tuple[tuple[str, ...], ...]:
    """The models by how far they are from those that need nothing; a ring shares a layer.

    Within a layer those that share what they need stand near each other, so that a drawing has fewer crossings.
    """
    knots = nx.condensation(_digraph(needs, models))
    place: dict[str, float] = {}
    found = []
    for generation in nx.topological_generations(knots.reverse()):
        names = [name for knot in generation for name in knots.nodes[knot]["members"]]
        ordered = sorted(names, key=lambda name: (_middle(needs.get(name, frozenset()), place), name))
        place |= {name: index / len(ordered) for index, name in enumerate(ordered)}
        found.append(tuple(ordered))
    return tuple(found)


def _middle(needed: frozenset[str], place: Mapping[str, float]) -> float:
    known = [place[name] for name in needed if name in place]
    return sum(known) / len(known) if known else 0.5
