"""Which versions of a model answer now, and which will: who asks for one by its number must be told that it goes."""

from reconciler.core.judging.served import serving
from reconciler.core.observed import Observed
from reconciler.core.plan import Change, ModelPlan, Versions
from reconciler.core.settling.units import Scene


def versions(line: ModelPlan, scene: Scene) -> Versions:
    """Before and after the plan, on any server; None where that is not known."""
    before = _answering(line.model, scene.observed)
    return Versions(before=before, after=_after(line, scene, before))


def _answering(model: str, observed: Observed) -> tuple[int, ...] | None:
    views = serving(observed)
    if observed.servers and not views:
        return None
    found = [view.models[model].versions for view in views.values() if model in view.models]
    return tuple(sorted({row.version for rows in found for row in rows if row.state == "READY"}))


def _after(line: ModelPlan, scene: Scene, before: tuple[int, ...] | None) -> tuple[int, ...] | None:
    delta = scene.deltas.get(line.model)
    if line.deferred or line.change is Change.UNKNOWN:
        return None
    if delta is not None and delta.loads:
        return delta.verdict.artifact.versions or None  # none: a tree of which a status does not tell them
    if line.change is Change.REMOVE or (delta is not None and delta.unloads):
        return ()
    return before
