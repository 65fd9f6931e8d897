"""What a load reads from the disk is read first: nothing is loaded that is not, byte by byte, what git asked for.

Where it is not, what is damaged is taken away, so that the next look sees it missing and has it fetched again.
"""

from collections.abc import Iterator

from reconciler.adapters.volume import bytecode, trees
from reconciler.adapters.volume.shelf import Shelf
from reconciler.core.artifact import Tree
from reconciler.core.configs.modelfacts import facts
from reconciler.core.errors import Reason, TransientError
from reconciler.core.memo import Memo
from reconciler.core.observed import ForeignEntry
from reconciler.core.plan import Load

_HINT = "It was not loaded as it is; what is damaged is fetched again, as long as its source has it."


def prove(shelf: Shelf, action: Load) -> None:
    """Raises TransientError: TREE_DAMAGED, or LINK_REPOINTED where the link names something else by now."""
    found = shelf.links.at(action.model)
    if found != action.tree.generation:
        what = f"a {found.kind}" if isinstance(found, ForeignEntry) else found or "nothing"
        words = f"models/{action.model} is {what} by now, not {action.tree.generation}: it was not loaded"
        raise TransientError(Reason.LINK_REPOINTED, words, "The next pass looks afresh.")
    for name, tree in _read_by(shelf, action.model, action.tree):
        _insist(shelf, name, tree)


def _insist(shelf: Shelf, name: str, tree: Tree) -> None:
    home = shelf.links.home(name, tree.generation)
    linked = home == shelf.places.tree(tree.generation)
    wrong = [*trees.faults(tree, home, shelf.blobs.read_through(), Memo(), linked=linked)]
    if wrong:
        trees.expose(tree, home, shelf.blobs)
        more = f" and {len(wrong) - 3} more" if len(wrong) > 3 else ""
        raise _damaged(name, "; ".join(wrong[:3]) + more)
    bytecode.keep_out(tree, home)


def _read_by(shelf: Shelf, model: str, tree: Tree) -> Iterator[tuple[str, Tree]]:
    """Its own tree, and those of what an ensemble is made of: Triton may load these again with it."""
    seen, pending = {model}, [(model, tree)]
    while pending:
        name, tree = pending.pop()
        yield name, tree
        for member in sorted(facts(tree.config).members - seen):
            seen.add(member)
            generation = shelf.links.at(member)
            if generation is not None and not isinstance(generation, ForeignEntry):
                document = shelf.blobs.document(generation)
                if document is None:
                    raise _damaged(member, "the tree's document is lost or changed")
                pending.append((member, document))


def _damaged(name: str, words: str) -> TransientError:
    return TransientError(Reason.TREE_DAMAGED, f"{name} is damaged on the volume: {words}", _HINT)
