"""What a failure may be owed to besides the model's own generation: its golden requests, and the models around it.

Promise: a stalled model is tried again when any of that is another than it was, and not before. Where it cannot be
known now (a source that was not read, a rejected file), it counts as unchanged: not to know is no reason to try.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace

from reconciler.core import graph
from reconciler.core.configs.assembly import Artifact, assemble
from reconciler.core.content import Known
from reconciler.core.digest import Digest, Generation, of_bytes
from reconciler.core.errors import Reason
from reconciler.core.jsonvalue import Json, canonical
from reconciler.core.observed import Active, Observed, StalledAt
from reconciler.core.plan import Activate, Load, Outcome, Result
from reconciler.core.spec import Desired


@dataclass(frozen=True, slots=True, kw_only=True)
class _Aim:
    """What git wants of a model and what that needs; `known`: whether that can be said at all."""

    wanted: Generation | None = None
    needs: frozenset[str] = frozenset()
    known: bool = True


def still_stalled(desired: Desired, observed: Observed) -> Observed:
    """The same without the stalls whose circumstances are other now."""
    stalled = {name: at for name, at in observed.stalled.items() if _unchanged(name, at, desired, observed)}
    return replace(observed, stalled=stalled)


def circumstances(
    name: str, at: StalledAt, outcomes: tuple[Outcome, ...], desired: Desired, observed: Observed
) -> Digest:
    """What a stall depends on besides the model's generation; `outcomes` are those of the pass that it began in."""
    around = _around(name, at.reason, desired, observed)
    found = _digest(name, around, observed)
    # The second round may change what the first one failed with: that was not tried yet, so it is not this digest.
    return of_bytes(found.encode()) if _moved_since(name, around.keys() - {name}, outcomes) else found


def probes(name: str, desired: Desired) -> Digest | None:
    """The golden requests as git has them, None where it does not say."""
    spec = desired.models.get(name)
    return None if spec is None else of_bytes(repr(spec.probes).encode())


def _moved_since(name: str, others: Collection[str], outcomes: tuple[Outcome, ...]) -> bool:
    tried = [(one.step.action.model, one.result) for one in outcomes if isinstance(one.step.action, (Activate, Load))]
    since = tried[tried.index((name, Result.FAILED)) :] if (name, Result.FAILED) in tried else []
    return any(model in others and result is Result.DONE for model, result in since)


def _unchanged(name: str, at: StalledAt, desired: Desired, observed: Observed) -> bool:
    now = probes(name, desired)
    if None not in (at.probes, now) and at.probes != now:
        return False
    if at.circumstances is None:
        return True
    around = _around(name, at.reason, desired, observed)
    known = all(aim.known for aim in around.values())
    return not known or _digest(name, around, observed) == at.circumstances


def _digest(name: str, around: dict[str, _Aim], observed: Observed) -> Digest:
    models: dict[str, Json] = {}
    for other in around.keys() - {name}:
        entry = observed.volume.entries.get(other)
        # What it runs with is what is active: a member that is kept or failed is not what git wants of it.
        models[other] = [around[other].wanted, entry.generation if isinstance(entry, Active) else None]
    return of_bytes(canonical(models))


def _around(name: str, reason: Reason, desired: Desired, observed: Observed) -> dict[str, _Aim]:
    """The model and all that it needs, directly or through others; where it took down what is above it, that too."""
    found: dict[str, _Aim] = {}
    ahead = {name}
    while ahead:
        found |= {other: _aim(other, desired, observed) for other in ahead}
        ahead = {need for other in ahead for need in found[other].needs} - found.keys()
    return _above(name, desired, observed) | found if reason is Reason.DEPENDENT_DOWN else found


def _above(name: str, desired: Desired, observed: Observed) -> dict[str, _Aim]:
    aims = {other: _aim(other, desired, observed) for other in desired.models}
    needs = {other: aim.needs for other, aim in aims.items()}
    return {other: aim for other, aim in aims.items() if name in graph.reachable(needs, other)}


def _aim(name: str, desired: Desired, observed: Observed) -> _Aim:
    spec, content = desired.models.get(name), observed.contents.get(name)
    if spec is None:
        return _Aim(known=name not in desired.rejected)
    declared = frozenset(spec.depends_on)
    if not isinstance(content, Known):
        return _Aim(needs=declared, known=False)
    artifact = assemble(spec, content, desired.repository.default_config)
    if not isinstance(artifact, Artifact):
        return _Aim(needs=declared)
    return _Aim(wanted=artifact.tree.generation, needs=declared | artifact.config.needs)
