"""Which loads may share one request with others (docs/adr/0013).

Such a request takes each model from the disk and says nothing of its own about any of them. So it is for what is not
up: nothing to lose, and no older config to win over the files. What a load tells the server beside the config on the
disk (mendings, declared resources) it cannot tell. And whoever takes long holds up those that came along, so only what
loads in moments may: ensembles, and small models, but none in Python, which costs a process each.
"""

from reconciler.core.observed import Served
from reconciler.core.plan import NOTHING_DECLARED, Load

_SMALL = 64 << 20
"""Bytes of a model that is read in moments."""

_SLOW = ("python", "")
"""Frameworks that never are; the empty one is a model that does not say."""


def may_be_together(load: Load, framework: str, served: Served | None) -> bool:
    """Whether this load may share a request. `served`: what its server knows of the model."""
    new = served is None or not (served.up or served.busy)
    plain = not (load.mends or load.dependents or load.takes_down or load.tree.variants)
    quick = framework not in _SLOW and load.tree.size <= _SMALL
    return new and plain and quick and load.resources == NOTHING_DECLARED
