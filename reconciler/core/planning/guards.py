"""What is said of a plan as a whole: that it is refused, for it removes too much (spec §6), or is not complete."""

from collections.abc import Iterator

from reconciler.core.content import Unavailable
from reconciler.core.errors import Reason
from reconciler.core.judging.verdicts import Hold
from reconciler.core.observed import Unreachable
from reconciler.core.plan import Refusal
from reconciler.core.settling.units import Scene
from reconciler.core.spec import Desired, MaxRemovals

_HINT = (
    "If this is meant, say so in the commit message (`Reconcile-Allow-Removals: {count}`) "
    "or run with --allow-removals {count}."
)


def refusal(desired: Desired, *, removed: int, ours: int, remaining: int, allowed: int | None) -> Refusal | None:
    """Why this many removals are refused.

    `ours`: models that carry our mark now; `remaining`: models that the desired state still has for this target;
    `allowed`: what a flag allows (the commit's own trailer is in `desired`).
    """
    if removed <= max(allowed or 0, desired.allowed_removals or 0):
        return None
    hint = _HINT.format(count=removed)
    if remaining == 0 and not desired.repository.policy.allow_empty:
        message = f"the desired state has no model for this target: all {removed} would be removed"
        return Refusal(reason=Reason.EMPTY_REFUSED, message=message, hint=hint)
    limit = desired.repository.policy.max_removals
    if limit is not None and removed > _most(limit, ours):
        message = f"{removed} of {ours} models would be removed, but policy.maxRemovals is {_words(limit)}"
        return Refusal(reason=Reason.REMOVALS_EXCEEDED, message=message, hint=hint)
    return None


def unknown(scene: Scene) -> tuple[str, ...]:
    """Servers, and sources of models that this pass is about, that could not be looked at, in words."""
    return tuple(_unknown(scene))


def _most(limit: MaxRemovals, ours: int) -> float:
    """A percentage is not rounded up: 30% of 3 models allows none."""
    return limit.count if limit.count is not None else ours * (limit.percent or 0.0) / 100


def _words(limit: MaxRemovals) -> str:
    return str(limit.count) if limit.count is not None else f"{limit.percent or 0:g}%"


def _unknown(scene: Scene) -> Iterator[str]:
    for server, view in sorted(scene.observed.servers.items()):
        if isinstance(view, Unreachable):
            yield f"{server}: {view.message}"
    for model, verdict in scene.verdicts.items():
        content = scene.observed.contents.get(model)
        asked = not isinstance(verdict, Hold) or verdict.reason is not Reason.NOT_SELECTED
        if asked and isinstance(content, Unavailable) and not content.terminal:
            yield f"the source of {model}: {content.message}"
