"""The volume as a value. Needs no lock, and writes nothing: another run may be at work meanwhile."""

from collections.abc import Iterator, Mapping

from reconciler.adapters.volume import aside, disk, trees
from reconciler.adapters.volume.blobs import Blobs
from reconciler.adapters.volume.places import Places, generation_named
from reconciler.adapters.volume.shelf import Shelf
from reconciler.core.artifact import Tree
from reconciler.core.digest import Generation
from reconciler.core.memo import Memo
from reconciler.core.observed import Active, Entry, ForeignEntry, VolumeView


def observe(shelf: Shelf, memo: Memo) -> VolumeView:
    """What is there. Raises TerminalError or TransientError if it cannot be read."""
    places, blobs = shelf.places, shelf.blobs
    with disk.translated(f"read the volume {places.root}"):
        damaged = blobs.damaged() if blobs.thorough else frozenset()
        entries = {name: entry for name in shelf.links.names() if (entry := _entry(shelf, name, memo)) is not None}
        away = frozenset(aside.names(places))
        entries |= {name: ForeignEntry(kind="directory", adoptable=True) for name in away - entries.keys()}
        found = {entry.generation: entry.tree for entry in entries.values() if isinstance(entry, Active)}
        return VolumeView(
            entries=entries,
            trees=_trees(places, blobs, found),
            blobs=blobs.sizes(),
            partials=tuple(entry.name for entry in disk.entries(places.below("partial"))),
            mends=dict(_mends(places)),
            aside=away,
            damaged=damaged,
            free_bytes=places.room(),
        )


def _mends(places: Places) -> Iterator[tuple[Generation, int]]:
    for entry in disk.entries(places.below("mends")):
        generation, text = generation_named(entry.name), disk.read_or_none(entry.path) or b""
        if generation is not None and text.isdigit():
            yield generation, int(text)


def _trees(places: Places, blobs: Blobs, read: Mapping[Generation, Tree | None]) -> dict[Generation, Tree | None]:
    """Every tree; those that were `read` already are not read again."""
    names = (entry.name for entry in disk.entries(places.below("trees")))
    generations = (generation for name in names if (generation := generation_named(name)) is not None)
    others = {generation: blobs.document(generation) for generation in generations if generation not in read}
    return {**others, **read}


def _entry(shelf: Shelf, name: str, memo: Memo) -> Entry | None:
    places, links = shelf.places, shelf.links
    generation = links.at(name)
    if generation is None or isinstance(generation, ForeignEntry):
        return generation
    tree = shelf.blobs.document(generation)
    if tree is None:
        return Active(generation=generation, tree=None, damage=("the tree's document is lost or changed",))
    home = links.home(name, generation)
    damage = trees.faults(tree, home, shelf.blobs, memo, linked=home == places.tree(generation))
    return Active(generation=generation, tree=tree, damage=tuple(damage))
