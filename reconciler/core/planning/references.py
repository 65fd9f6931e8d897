"""What on the volume something still refers to: links, servers, the desired state, and the sources that it names."""

import re
from collections.abc import Iterator

from reconciler.core.content import Known
from reconciler.core.digest import Digest, Generation, tree_digest
from reconciler.core.judging.deltas import Delta
from reconciler.core.judging.verdicts import Deferred, Hold, Wanted
from reconciler.core.observed import Active, Serving
from reconciler.core.settling.units import Scene
from reconciler.core.spec import Desired

_HALF_HERE = re.compile(r"[0-9a-f]{64}(\.ranges)?")
"""Big files that a later fetch goes on with; other partials are of no use to anybody."""


def kept_trees(scene: Scene) -> frozenset[Generation]:
    """Trees that are active, served, wanted or asked for once all of the scene is carried out."""
    return frozenset((*_active(scene), *_asked_for(scene), *_served(scene)))


def kept_blobs(scene: Scene, kept: frozenset[Generation]) -> frozenset[Digest]:
    """Blobs that kept trees, trees to be made, and the desired contents (with their manifests) consist of."""
    found: set[Digest] = set()
    for generation in kept:
        tree = scene.observed.volume.trees.get(generation)
        found |= {Digest(generation)} if tree is None else tree.blobs()
        if tree is None and generation in scene.observed.volume.trees:
            return frozenset(scene.observed.volume.blobs)  # its document is lost: nobody knows what it needs
    for verdict in scene.verdicts.values():
        if isinstance(verdict, Wanted):
            found |= verdict.artifact.tree.blobs()
    contents = [content for name in scene.verdicts if isinstance(content := scene.observed.contents.get(name), Known)]
    return frozenset(found.union(*map(_content_blobs, contents)))


def all_known(scene: Scene, desired: Desired) -> bool:
    """Whether it is known of every model of the desired state what it consists of."""
    contents = scene.observed.contents
    whole = not desired.rejected and not desired.problems
    return whole and all(isinstance(contents.get(name), Known) for name in scene.verdicts)


def useless_partials(scene: Scene, *, known: bool) -> Iterator[str]:
    """Half-made things that no later fetch goes on with; all of them if it is `known` that nothing is to be fetched."""
    to_come = not known or any(
        isinstance(verdict, Deferred) or (isinstance(verdict, Wanted) and bool(verdict.missing))
        for verdict in scene.verdicts.values()
    )
    return (name for name in scene.observed.volume.partials if not (to_come and _HALF_HERE.fullmatch(name)))


def _active(scene: Scene) -> Iterator[Generation]:
    for name, entry in scene.observed.volume.entries.items():
        if isinstance(entry, Active) and name not in scene.removals and not _leaves(scene.deltas.get(name)):
            yield entry.generation


def _leaves(delta: Delta | None) -> bool:
    return delta is not None and delta.moves


def _asked_for(scene: Scene) -> Iterator[Generation]:
    for verdict in scene.verdicts.values():
        hold = verdict.kept if isinstance(verdict, Wanted) else verdict
        if isinstance(verdict, Wanted):
            yield verdict.artifact.tree.generation
        if isinstance(hold, Hold) and hold.wanted is not None:
            yield hold.wanted


def _served(scene: Scene) -> Iterator[Generation]:
    """What servers hold now and this plan does not replace."""
    for server, view in scene.observed.servers.items():
        for name, served in view.models.items() if isinstance(view, Serving) else ():
            delta = scene.deltas.get(name)
            here = {*delta.loads, *delta.unloads, *delta.leaves} if delta is not None else ()
            replaced = name in scene.removals or server in here
            if served.generation is not None and not replaced:
                yield served.generation


def _content_blobs(content: Known) -> set[Digest]:
    """The files of every source, and the manifest that leads to them."""
    files = {file.digest for files in content.files.values() for file in files}
    return files | {tree_digest(files) for files in content.files.values()}
