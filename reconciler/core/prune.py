"""What on the volume nothing refers to any more, once the plan's other steps have succeeded.

Promise: never what is active, served, wanted or asked for, no blob while any content that this target wants is not
known, and no half-fetched file while anything is still to be fetched.
"""

import re
from collections.abc import Iterator

from reconciler.core.content import Known
from reconciler.core.deltas import Delta
from reconciler.core.digest import Digest, Generation, tree_digest
from reconciler.core.errors import Reason
from reconciler.core.observed import Active, Serving, Unreachable
from reconciler.core.plan import Fetch, Prune, Step
from reconciler.core.served import serving, stamp_on
from reconciler.core.spec import Desired
from reconciler.core.steps import Ordered, steps
from reconciler.core.units import Scene
from reconciler.core.verdicts import Hold, Request, Wanted

_HALF_HERE = re.compile(r"[0-9a-f]{64}(\.ranges)?")
"""Big files that a later fetch goes on with; other partials are of no use to anybody."""


def pruned(scene: Scene, desired: Desired, request: Request) -> tuple[Step, ...]:
    """Every step in order, the pruning last; a pass that is not about everything does without."""
    ordered = steps(scene)
    pruning = None if request.no_server or request.models else prune(scene, ordered, desired)
    return (*ordered.steps, pruning) if pruning is not None else ordered.steps


def prune(scene: Scene, ordered: Ordered, desired: Desired) -> Step | None:
    """The prune step, or None where there is nothing to prune."""
    volume = scene.observed.volume
    if any(isinstance(view, Unreachable) for view in scene.observed.servers.values()):
        return None
    kept = frozenset(_kept(scene))
    doomed = tuple(sorted(volume.trees.keys() - kept))
    known = _all_known(scene, desired)
    blobs = tuple(sorted(volume.blobs.keys() - _referenced(scene, kept))) if known else ()
    resumed = not known or any(isinstance(step.action, Fetch) for step in ordered.steps)
    partials = tuple(name for name in volume.partials if not (resumed and _HALF_HERE.fullmatch(name)))
    if not (doomed or blobs or partials):
        return None
    size = sum(volume.blobs[digest] for digest in blobs)
    action = Prune(trees=doomed, blobs=blobs, partials=partials, size=size)
    after = frozenset[str]().union(*(ordered.finals[name] for name in _freeing(scene)))
    return Step(id="prune", action=action, reason=Reason.UNREFERENCED, after=after)


def _freeing(scene: Scene) -> Iterator[str]:
    """Models whose success leaves a tree behind that nothing needs any more."""
    yield from scene.removals
    views = serving(scene.observed)
    for name, delta in scene.deltas.items():
        wanted = delta.verdict.artifact.tree.generation
        replaced = {stamp_on(views[server], name) for server in {**delta.loads, **delta.unloads}}
        if delta.moves or replaced - {wanted, None}:
            yield name


def _kept(scene: Scene) -> Iterator[Generation]:
    for name, entry in scene.observed.volume.entries.items():
        if isinstance(entry, Active) and name not in scene.removals and not _leaves(scene.deltas.get(name)):
            yield entry.generation
    for verdict in scene.verdicts.values():
        hold = verdict.kept if isinstance(verdict, Wanted) else verdict
        if isinstance(verdict, Wanted):
            yield verdict.artifact.tree.generation
        if isinstance(hold, Hold) and hold.wanted is not None:
            yield hold.wanted
    yield from _served(scene)


def _leaves(delta: Delta | None) -> bool:
    return delta is not None and delta.moves


def _served(scene: Scene) -> Iterator[Generation]:
    """What servers hold now and this plan does not replace."""
    for server, view in scene.observed.servers.items():
        for name, served in view.models.items() if isinstance(view, Serving) else ():
            delta = scene.deltas.get(name)
            replaced = name in scene.removals or (delta is not None and server in {**delta.loads, **delta.unloads})
            if served.generation is not None and not replaced:
                yield served.generation


def _all_known(scene: Scene, desired: Desired) -> bool:
    contents = scene.observed.contents
    whole = not desired.rejected and not desired.problems
    return whole and all(isinstance(contents.get(name), Known) for name in scene.verdicts)


def _referenced(scene: Scene, kept: frozenset[Generation]) -> frozenset[Digest]:
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


def _content_blobs(content: Known) -> set[Digest]:
    """The files of every source, and the manifest that leads to them."""
    files = {file.digest for files in content.files.values() for file in files}
    return files | {tree_digest(files) for files in content.files.values()}
