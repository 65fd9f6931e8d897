"""What of a plan can begin while parts of earlier ones are still being carried out.

What is in flight counts as observed state: the next pass plans everything afresh, and begins what does not touch it.
"""

from collections.abc import Collection, Sequence
from typing import assert_never

from reconciler.core.configs.modelfacts import facts
from reconciler.core.plan import (
    Activate,
    Adopt,
    Deactivate,
    Fetch,
    Load,
    Prune,
    Retire,
    Step,
    Unload,
)
from reconciler.core.spec import Desired, ModelSpec
from reconciler.core.statuses.backoff import Setbacks, failed_again, subject


def startable(steps: Sequence[Step], running: Collection[Step], held: Setbacks) -> tuple[Step, ...]:
    """Those that touch no model of a running step, wait for none that does, and only repeat nothing that is held back.

    Pruning goes alone: what is unreferenced for one plan may be what a fetch of another has just found to be here.
    """
    if any(isinstance(step.action, Prune) for step in running):
        return ()
    found = [step for step in steps if not isinstance(step.action, Prune)]
    repeated = {step.id for step in found if failed_again(step, held)}
    busy = frozenset[str]().union(*map(_touched, running))
    begun = _without(found, repeated | {step.id for step in found if _touched(step) & busy})
    return begun if begun or running else _alone(steps, held)


def _alone(steps: Sequence[Step], held: Setbacks) -> tuple[Step, ...]:
    """The pruning, unless it waits for what is held back."""
    prunes = (step for step in steps if isinstance(step.action, Prune) and not step.after)
    return tuple(step for step in prunes if not failed_again(step, held))


def unwanted(step: Step, then: Desired, now: Desired) -> bool:
    """Whether a step that was planned for what git wanted then is for nothing now.

    Files are fetched for their own sake: a change of anything but the sources leaves that going.
    """
    match step.action:
        case Fetch(model=model):
            return _sources(then, model) != _sources(now, model)
        case Adopt(model=model) | Activate(model=model) | Load(model=model) | Unload(model=model):
            return _wish(then, model) != _wish(now, model)
        case Deactivate(model=model) | Retire(model=model):
            return _wish(then, model) != _wish(now, model)
        case Prune():
            return False
        case _:
            assert_never(step.action)


def _sources(desired: Desired, model: str) -> object:
    spec, repository = desired.models.get(model), desired.repository
    return None if spec is None else (spec.sources(), repository.policy, repository.credentials)


def _wish(desired: Desired, model: str) -> tuple[ModelSpec | None, object]:
    return desired.models.get(model), desired.repository


def _touched(step: Step) -> frozenset[str]:
    """The models that a step changes, needs, checks, or puts back if it fails."""
    around = frozenset[str]()
    if isinstance(step.action, Load):
        above = (one.model for one in step.action.dependents)
        around = facts(step.action.tree.config).needs | frozenset(above)
    return around | {subject(step), *(restore.model for restore in step.restores)}


def _without(steps: Sequence[Step], out: set[str]) -> tuple[Step, ...]:
    """The steps without these, without what waits for them, and without the other steps of their models and lanes.

    Half of what belongs together might leave a model down until the other half can follow.
    """
    before = -1
    while before != len(out):
        before = len(out)
        waiting = {step.id for step in steps if (step.after | step.behind) & out}
        gone = [step for step in steps if step.id in out]
        models = frozenset[str]().union(*map(_touched, gone))
        lanes = {step.lane for step in gone if step.lane is not None}
        out = out | waiting | {step.id for step in steps if _touched(step) & models or step.lane in lanes}
    return tuple(step for step in steps if step.id not in out)
