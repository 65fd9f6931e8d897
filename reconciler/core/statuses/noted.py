"""What a status notes of a model so that a later plan can do without a look at the world (remembered.py)."""

from reconciler.core.configs.assembly import settings_digest
from reconciler.core.configs.modelfacts import facts
from reconciler.core.digest import Digest
from reconciler.core.spec import Desired
from reconciler.core.statuses.standing import Standing


def settings(standing: Standing, desired: Desired) -> Digest | None:
    """Of the generation that the status names: what git says now, or what it said when that was last known."""
    if standing.known and standing.spec is not None:
        return settings_digest(standing.spec, desired.repository.default_config)
    return None if standing.before is None else standing.before.settings


def members(standing: Standing) -> tuple[str, ...]:
    """The models that its served steps name, on any server."""
    return tuple(sorted(frozenset[str]().union(*(served.members for served in standing.up.values()))))


def calls(standing: Standing) -> tuple[str, ...]:
    """The models that the config of what is active says it calls."""
    tree = standing.active.tree if standing.active is not None else None
    return tuple(sorted(facts(tree.config).needs)) if tree is not None else ()
