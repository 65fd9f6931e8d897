"""Who needs whom: rings named in full, order, and what belongs together (networkx)."""

from collections.abc import Iterable, Mapping

import networkx as nx

Needs = Mapping[str, frozenset[str]]
"""Model to the models it needs; names without an entry need nothing."""


def _digraph(needs: Needs) -> "nx.DiGraph[str]":
    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_nodes_from(sorted(needs))
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


def above(needs: Needs, model: str) -> frozenset[str]:
    """Every model that needs this one, directly or through others."""
    graph = _digraph(needs)
    return frozenset(nx.ancestors(graph, model)) if model in graph else frozenset()


def components(needs: Needs, models: Iterable[str]) -> dict[str, str]:
    """For each of the models, the first name of what it is connected with: operations on one component are serial."""
    graph = _digraph(needs)
    graph.add_nodes_from(models)
    return {name: min(part) for part in nx.weakly_connected_components(graph) for name in part}
