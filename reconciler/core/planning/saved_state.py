"""The part of the world that a saved plan is about, in words that two looks can be compared by."""

from collections.abc import Iterator
from typing import assert_never

from reconciler.core.digest import hexdigits
from reconciler.core.observed import Active, Entry, ForeignEntry, Observed, Serving
from reconciler.core.plan import Plan, Prune


def state_of(plan: Plan, observed: Observed) -> dict[str, str]:
    """What there is of each model that the plan touches, in words."""
    models = sorted({step.action.model for step in plan.steps if not isinstance(step.action, Prune)})
    return {name: "; ".join(_there(name, observed)) for name in models}


def _there(name: str, observed: Observed) -> Iterator[str]:
    yield f"the volume has {_entry(observed.volume.entries.get(name))}"
    for url, view in sorted(observed.servers.items()):
        served = view.models.get(name) if isinstance(view, Serving) else None
        if served is not None and served.up:
            versions = ", ".join(str(each.version) for each in served.versions if each.state == "READY")
            stamp = hexdigits(served.generation)[:12] if served.generation else "what is not ours"
            yield f"{url} serves {stamp} in version {versions}"


def _entry(entry: Entry | None) -> str:
    match entry:
        case Active(generation=generation, damage=damage):
            return f"{hexdigits(generation)[:12]}{', damaged' if damage else ''}"
        case ForeignEntry(kind=kind):
            return kind
        case None:
            return "none"
        case never:
            assert_never(never)
