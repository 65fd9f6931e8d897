"""Deleting what a plan says nothing refers to, except where something does after all."""

import os
import uuid

from reconciler.adapters.volume import disk
from reconciler.adapters.volume.blobs import Blobs
from reconciler.adapters.volume.shelf import Shelf
from reconciler.core.digest import Digest, Generation
from reconciler.core.observed import ForeignEntry
from reconciler.core.plan import Prune


def prune(shelf: Shelf, action: Prune, workshop: str) -> None:
    """Deletes what is named and not in use now. What is in use is left for the next plan to say."""
    places, blobs, links = shelf.places, shelf.blobs, shelf.links
    active = {found for name in links.names() if not isinstance(found := links.at(name), ForeignEntry) and found}
    for generation in action.trees:
        if generation not in active:
            _bury(places.tree(generation), workshop)
            disk.erase(places.mends(generation))
    _discard(shelf, action, _used(blobs, active))
    for name in action.partials:
        if os.path.basename(name) == name not in ("", ".", ".."):
            disk.erase(places.below("partial", name))


def _discard(shelf: Shelf, action: Prune, used: frozenset[Digest] | None) -> None:
    """What is damaged goes although it is in use, unless it was mended by now."""
    for digest in action.blobs:
        if used is not None and digest not in used:
            shelf.blobs.drop(digest)
            shelf.memory.forget_sizes(digest)
    for digest in action.damaged:
        if not shelf.blobs.true(digest):
            shelf.blobs.drop(digest)


def _used(blobs: Blobs, active: set[Generation]) -> frozenset[Digest] | None:
    """The blobs of the active trees; None if one of them cannot tell."""
    trees = [blobs.document(generation) for generation in active]
    if any(tree is None for tree in trees):
        return None
    return frozenset(digest for tree in trees if tree is not None for digest in tree.blobs())


def _bury(path: str, workshop: str) -> None:
    if os.path.islink(path) or os.path.isfile(path):
        os.unlink(path)
    elif os.path.isdir(path):
        os.chmod(path, disk.WRITABLE)  # a directory must be writable to be moved
        grave = os.path.join(workshop, uuid.uuid4().hex)
        os.rename(path, grave)
        disk.erase(grave)
