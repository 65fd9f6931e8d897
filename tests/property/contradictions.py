"""What no honest world would show, for the law that there is always a plan."""

from hypothesis import strategies as st

from reconciler.core.artifact import Tree
from reconciler.core.errors import Reason
from reconciler.core.judging.verdicts import Request
from reconciler.core.observed import (
    Active,
    Entry,
    ForeignEntry,
    Observed,
    Served,
    ServerView,
    Serving,
    StalledAt,
    Unreachable,
    VersionState,
    VolumeView,
)
from tests.property.strategies import FAULTS, NAMES, TODAY, URLS, tree_of, variants


@st.composite
def observations(draw: st.DrawFn) -> Observed:
    """What no honest world would show: rings, links to nothing, states that contradict each other."""
    trees = [tree_of(draw(variants(name))) for name in NAMES]
    entries: dict[str, Entry] = {}
    for name in draw(st.sets(st.sampled_from((*NAMES, "x", "y")))):
        tree = draw(st.sampled_from(trees))
        kept = draw(st.sampled_from((tree, tree, None)))
        found = Active(generation=tree.generation, tree=kept, damage=draw(st.sampled_from(((), ("gone",)))))
        other = ForeignEntry(kind="a file", adoptable=draw(st.booleans()))
        entries[name] = other if draw(st.integers(0, 2)) == 2 else found
    present = {tree.generation: draw(st.sampled_from((tree, None))) for tree in draw(st.lists(st.sampled_from(trees)))}
    return Observed(
        volume=VolumeView(
            entries=entries,
            trees=present,
            blobs={blob: 3 for tree in trees for blob in tree.blobs()},
            aside=draw(st.frozensets(st.sampled_from((*NAMES, "x")), max_size=2)),
        ),
        servers={url: draw(_views(trees)) for url in draw(st.sets(st.sampled_from(URLS)))},
        stalled={
            name: StalledAt(generation=draw(st.sampled_from(trees)).generation, reason=Reason.LOAD_FAILED, message="x")
            for name in draw(st.sets(st.sampled_from(NAMES), max_size=2))
        },
    )


@st.composite
def _views(draw: st.DrawFn, trees: list[Tree]) -> ServerView:
    if draw(st.integers(0, 5)) == 5:
        return Unreachable(reason=Reason.SERVER_UNREACHABLE, message="no answer")
    generations = st.sampled_from([None, *(tree.generation for tree in trees)])
    states = st.sampled_from(("READY", "READY", "READY", "UNAVAILABLE", "LOADING", "UNLOADING", "UNKNOWN"))
    names = (*NAMES, "x", "y")
    models = {}
    for name in draw(st.sets(st.sampled_from(names))):
        versions = [
            VersionState(version=number, state=draw(states), reason=draw(st.sampled_from(("", "unloaded", "boom"))))
            for number in draw(st.sets(st.integers(1, 3)))
        ]
        members = draw(st.frozensets(st.sampled_from(names), max_size=3))
        models[name] = Served(versions=tuple(versions), generation=draw(generations), members=members)
    return Serving(models=models)


@st.composite
def requests(draw: st.DrawFn) -> Request:
    """What a person may ask of a pass."""
    return Request(
        today=TODAY,
        models=draw(st.sampled_from((frozenset(), frozenset(), frozenset({"a", "e"})))),
        failed=draw(st.sampled_from(({}, {"b": FAULTS[0]}))),
        allow_removals=draw(st.sampled_from((None, 0, 3))),
        no_server=draw(st.booleans()),
        adopt=draw(st.frozensets(st.sampled_from(NAMES), max_size=3)),
    )
