"""Which models belong to which target: label selectors with Kubernetes' semantics."""

from collections.abc import Collection, Mapping
from typing import assert_never

from reconciler.core.selector import Operator, Requirement, Selector
from reconciler.core.spec import Desired, ModelSpec, Target


def asked_for(desired: Desired, target: Target, models: Collection[str]) -> Mapping[str, ModelSpec]:
    """The target's models, only those of `models` where there are any: only their sources decide about the plan."""
    return {
        name: spec
        for name, spec in desired.models.items()
        if selects(target.selector, spec.labels) and (not models or name in models)
    }


def selects(selector: Selector, labels: Mapping[str, str]) -> bool:
    """Whether every one of the selector's conditions holds; an empty selector selects everything."""
    wanted = all(labels.get(key) == value for key, value in selector.match_labels.items())
    return wanted and all(_holds(requirement, labels) for requirement in selector.match_expressions)


def _holds(requirement: Requirement, labels: Mapping[str, str]) -> bool:
    value = labels.get(requirement.key)
    match requirement.operator:
        case Operator.IN:
            return value is not None and value in requirement.values
        case Operator.NOT_IN:
            return value is None or value not in requirement.values
        case Operator.EXISTS:
            return value is not None
        case Operator.DOES_NOT_EXIST:
            return value is None
        case never:
            assert_never(never)
