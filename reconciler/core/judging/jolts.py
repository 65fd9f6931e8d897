"""Ensembles that go down for a moment when what is below them changes its tensors (triton-facts §0.2, §0.3).

Triton reloads the ensembles above a model that was loaded anew, with the graphs they have: one that does not fit any
more goes down in silence, with those above it, until its own new graph or its other members follow.
"""

from collections.abc import Mapping

from reconciler.core.configs.assembly import Artifact, of_tree
from reconciler.core.configs.ensembles import misfits
from reconciler.core.configs.modelfacts import ModelConfig
from reconciler.core.judging.served import above_on, artifacts_on, is_up, stamp_on, tree_on
from reconciler.core.judging.verdicts import Verdict, Wanted
from reconciler.core.observed import Serving, VolumeView


def movers(verdicts: Mapping[str, Verdict], view: Serving) -> dict[str, Artifact]:
    """Models that are up on this server and will be another generation there."""
    return {
        name: verdict.artifact
        for name, verdict in sorted(verdicts.items())
        if isinstance(verdict, Wanted)
        and verdict.spec.load.enabled
        and is_up(view, name)
        and stamp_on(view, name) != verdict.artifact.tree.generation
    }


def jolts(
    moving: Mapping[str, Artifact], view: Serving, volume: VolumeView, doubtful: frozenset[str] = frozenset()
) -> dict[str, frozenset[str]]:
    """Each ensemble that goes down while these models change there, with those of them that take it down.

    Nothing is said of one whose graph is not known, but that the `doubtful` ones may go down.
    """
    found: dict[str, frozenset[str]] = {}
    for name, members in sorted(view.needs.items()):
        tree = tree_on(view, name, volume)
        hit = {member: moving[member] for member in sorted(members & moving.keys())}
        if not hit:
            continue
        known = artifacts_on(view, members, volume)
        if name in doubtful if tree is None else _breaks(of_tree(tree).config, hit, known):
            found[name] = frozenset(hit)
    return _spread(found, view)


def _breaks(ensemble: ModelConfig, moving: Mapping[str, Artifact], members: Mapping[str, Artifact | None]) -> bool:
    """Whether the graph misfits once any one of them has changed, or all have: tensors disagree in pairs."""
    stages: list[dict[str, Artifact]] = [{name: artifact} for name, artifact in moving.items()]
    return any(misfits(ensemble, {**members, **stage}) for stage in [*stages, dict(moving)])


def _spread(found: Mapping[str, frozenset[str]], view: Serving) -> dict[str, frozenset[str]]:
    """With the ensembles above those that go down."""
    spread = dict(found)
    for name, hit in found.items():
        for above in above_on(view, name):
            spread[above] = spread.get(above, frozenset()) | hit
    return spread
