"""What on the volume nothing refers to any more, once the plan's other steps have succeeded.

Promise: never what is active, served, wanted or asked for, no blob while any content that this target wants is not
known, and no half-fetched file while anything is still to be fetched; but where room is what a model waits for, all
that is not active, served or wanted goes, though it may have to be fetched again. A blob that was read and is not what
its name says goes whatever refers to it: so each later look sees that it is missing.
"""

from collections.abc import Iterable, Iterator

from reconciler.core.digest import Digest
from reconciler.core.errors import Reason
from reconciler.core.judging.served import serving, stamp_on
from reconciler.core.judging.verdicts import Request
from reconciler.core.observed import Unreachable
from reconciler.core.plan import Prune, Step
from reconciler.core.planning.references import all_known, kept_blobs, kept_trees, useless_partials
from reconciler.core.planning.steps import Ordered, steps
from reconciler.core.settling.room import is_short
from reconciler.core.settling.units import Scene, Unit
from reconciler.core.spec import Desired

PRUNE = "prune"
"""The id of the step that deletes what nothing refers to."""

DAMAGED = "prune:damaged"
"""The id of the step that deletes what is not what its name says."""


def pruned(scene: Scene, units: Iterable[Unit], desired: Desired, request: Request) -> tuple[Step, ...]:
    """Every step in order, the pruning last; a pass that is not about everything does without."""
    ordered = steps(scene, units)
    if request.models or request.frozen:
        return ordered.steps
    pruning = _tidying(scene, desired) if request.no_server else prune(scene, ordered, desired)
    found = (*ordered.steps, pruning) if pruning is not None else ordered.steps
    return (*found, *discarding(scene, found))


def discarding(scene: Scene, steps: Iterable[Step]) -> Iterator[Step]:
    """The step that takes away what is damaged, once all else has ended: it may be mended by then."""
    damaged = tuple(sorted(scene.observed.volume.damaged))
    if damaged:
        action = Prune(trees=(), blobs=(), partials=(), size=0, damaged=damaged)
        behind = frozenset(step.id for step in steps)
        yield Step(id=DAMAGED, action=action, reason=Reason.TREE_DAMAGED, behind=behind)


def prune(scene: Scene, ordered: Ordered, desired: Desired) -> Step | None:
    """The prune step, or None where there is nothing to prune or a server cannot be asked what it serves."""
    if any(isinstance(view, Unreachable) for view in scene.observed.servers.values()):
        return None
    action = _unreferenced(scene, known=is_short(scene.verdicts) or all_known(scene, desired))
    if not (action.trees or action.blobs or action.partials):
        return None
    after = frozenset[str]().union(*(ordered.finals[name] for name in _freeing(scene)))
    return Step(id=PRUNE, action=action, reason=Reason.UNREFERENCED, after=after)


def _tidying(scene: Scene, desired: Desired) -> Step | None:
    left = tuple(useless_partials(scene, known=all_known(scene, desired)))
    action = Prune(trees=(), blobs=(), partials=left, size=0)
    return Step(id=PRUNE, action=action, reason=Reason.UNREFERENCED) if left else None


def _unreferenced(scene: Scene, *, known: bool) -> Prune:
    """`known`: what no content that is known refers to may go."""
    volume, kept = scene.observed.volume, kept_trees(scene)
    blobs = volume.blobs.keys() - kept_blobs(scene, kept) if known else frozenset[Digest]()
    return Prune(
        trees=tuple(sorted(volume.trees.keys() - kept)),
        blobs=tuple(sorted(blobs)),
        partials=tuple(useless_partials(scene, known=known)),
        size=sum(volume.blobs[digest] for digest in blobs),
    )


def _freeing(scene: Scene) -> Iterator[str]:
    """Models whose success leaves a tree behind that nothing needs any more."""
    yield from scene.removals
    yield from scene.departures
    views = serving(scene.observed)
    for name, delta in scene.deltas.items():
        wanted = delta.verdict.artifact.tree.generation
        replaced = {stamp_on(views[server], name) for server in {**delta.loads, **delta.unloads}}
        if delta.moves or replaced - {wanted, None}:
            yield name
