"""Making a tree what Triton sees: built beside from blobs or mended where it is, then named by one rename."""

import os

from reconciler.adapters.volume import aside, bytecode, disk, trees
from reconciler.adapters.volume.shelf import Shelf
from reconciler.core.artifact import Tree
from reconciler.core.errors import Reason, TransientError
from reconciler.core.memo import Memo
from reconciler.core.observed import ForeignEntry
from reconciler.core.plan import Activate, Deactivate


def activate(shelf: Shelf, action: Activate, workshop: str) -> None:
    """Makes the entry this tree, whole and newer than before. Raises TerminalError or TransientError."""
    adopts = action.adopts and isinstance(shelf.links.at(action.model), ForeignEntry)
    if not adopts:
        shelf.links.ours(action.model)
    _note_mends(shelf, action, workshop)
    shelf.blobs.keep(action.tree.document(), workshop)
    if not shelf.links.work(workshop):
        if adopts:
            aside.move(shelf.places, action.model)
        _move_in(shelf, action, workshop)
        return
    _raise_tree(shelf, action.tree, workshop)
    if adopts:
        aside.swap(shelf.places, action.model, action.tree.generation)
    shelf.links.point(action.model, action.tree.generation, workshop)


def _note_mends(shelf: Shelf, action: Activate, workshop: str) -> None:
    """Before anything is mended: what servers loaded until now is not what the tree will hold."""
    final = shelf.places.mends(action.tree.generation)
    if action.mends and disk.read_or_none(final) != str(action.mends).encode():
        beside = os.path.join(workshop, "mends")
        disk.receive([str(action.mends).encode()], beside)
        os.rename(beside, final)
        disk.sync_directory(os.path.dirname(final))


def deactivate(shelf: Shelf, action: Deactivate, workshop: str) -> None:
    """Takes the entry away if it still is this generation. Raises TerminalError or TransientError."""
    found = shelf.links.ours(action.model)
    if found is not None and found != action.generation:
        words = f"models/{action.model} names {found} by now, not {action.generation}: it was left alone"
        raise TransientError(Reason.LINK_REPOINTED, words, "The next pass looks afresh.")
    if found is not None:
        shelf.links.remove(action.model, workshop)


def _raise_tree(shelf: Shelf, tree: Tree, workshop: str) -> None:
    final = shelf.places.tree(tree.generation)
    if os.path.islink(final) or os.path.isfile(final):
        disk.erase(final)
    if not os.path.isdir(final):
        built = os.path.join(workshop, "tree")
        trees.build(tree, built, shelf.blobs, link=True)
        bytecode.keep_out(tree, built)
        os.rename(built, final)
        os.chmod(final, disk.READ_ONLY)
        disk.sync_directory(os.path.dirname(final))
    elif any(trees.faults(tree, final, shelf.blobs, Memo(), linked=True)) or trees.is_apart(tree, final, shelf.blobs):
        trees.mend(tree, final, shelf.blobs, workshop)
        bytecode.keep_out(tree, final)


def _move_in(shelf: Shelf, action: Activate, workshop: str) -> None:
    tree, links = action.tree, shelf.links
    final = shelf.places.model(action.model)
    same = links.at(action.model) == tree.generation
    if same and not any(trees.faults(tree, final, shelf.blobs, Memo(), linked=False)):
        links.touch(action.model)
        return
    built = os.path.join(workshop, "tree")
    trees.build(tree, built, shelf.blobs, link=False)
    bytecode.keep_out(tree, built)
    links.move_in(action.model, tree.generation, built, workshop)
