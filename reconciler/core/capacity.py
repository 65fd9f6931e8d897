"""Replace or recreate: do both copies of a model fit what the target declares (spec §6)?"""

from collections.abc import Iterable

from reconciler.core.spec import ModelSpec, Resources, Target, Update


def chosen_update(model: ModelSpec, models: Iterable[ModelSpec], target: Target) -> Update:
    """REPLACE or RECREATE for this model; `models` are all that the target serves, this one among them."""
    if model.update is not Update.AUTO:
        return model.update
    declared = [other.resources for other in models] + [model.resources]
    fits = all(
        capacity is None or sum(needs) <= capacity
        for capacity, needs in (
            (target.capacity.memory, _memory(declared)),
            (target.capacity.gpu_memory, _gpu_memory(declared)),
        )
    )
    return Update.REPLACE if fits else Update.RECREATE


def _memory(declared: Iterable[Resources]) -> list[int]:
    return [resources.memory or 0 for resources in declared]


def _gpu_memory(declared: Iterable[Resources]) -> list[int]:
    return [resources.gpu_memory or 0 for resources in declared]
