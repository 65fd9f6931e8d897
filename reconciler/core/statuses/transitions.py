"""What to tell others after a pass: the models whose `Ready` is another than before, each as a CloudEvent (1.0).

Promise: the same transition has the same id, also where it is found again since the status could not be written.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from reconciler.core.digest import Generation
from reconciler.core.errors import Reason
from reconciler.core.jsonvalue import JsonObject
from reconciler.core.statuses.conditions import Condition, Kind, ModelStatus

TYPE = "io.github.triton-reconcile.model.ready-changed.v1"
REMOVED, ABSENT = "Removed", "Absent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """A model's `Ready` before and after: a condition's status, `Removed` or `Absent`; `time` in RFC 3339, UTC."""

    id: str
    model: str
    target: str
    before: str
    ready: str
    reason: str
    message: str
    time: str
    generation: Generation | None
    revision: str


def transitions(
    before: Mapping[str, ModelStatus], after: Mapping[str, ModelStatus], *, target: str, source: str, now: str
) -> tuple[Transition, ...]:
    """By model. `source` is the repository, as events name it; `now` is when what is gone was seen to be gone."""
    found = (
        *(_turned(status, before.get(name), target, source) for name, status in after.items()),
        *(_gone(status, target, source, now) for name, status in before.items() if name not in after),
    )
    return tuple(sorted((each for each in found if each.before != each.ready), key=lambda each: each.model))


def event(transition: Transition, source: str) -> JsonObject:
    """The transition as a CloudEvent in JSON."""
    return {
        "specversion": "1.0",
        "id": transition.id,
        "source": source,
        "type": TYPE,
        "subject": f"{transition.target}/{transition.model}",
        "time": transition.time,
        "datacontenttype": "application/json",
        "data": {
            "target": transition.target,
            "model": transition.model,
            "ready": transition.ready,
            "before": transition.before,
            "reason": transition.reason,
            "message": transition.message,
            "generation": transition.generation,
            "revision": transition.revision,
        },
    }


def _turned(status: ModelStatus, before: ModelStatus | None, target: str, source: str) -> Transition:
    was, found = _ready(before), _ready(status)
    first, ready = was.status.value if was else ABSENT, found.status.value if found else ABSENT
    since = was.last_transition_time if was else status.revision
    return Transition(
        id=_id(source, target, status.name, first, since, ready),
        model=status.name,
        target=target,
        before=first,
        ready=ready,
        reason=found.reason.value if found else "",
        message=found.message if found else "",
        time=found.last_transition_time if found else "",
        generation=status.generation,
        revision=status.revision,
    )


def _gone(status: ModelStatus, target: str, source: str, now: str) -> Transition:
    was = _ready(status)
    first, since = (was.status.value, was.last_transition_time) if was else (ABSENT, status.revision)
    return Transition(
        id=_id(source, target, status.name, first, since, REMOVED),
        model=status.name,
        target=target,
        before=first,
        ready=REMOVED,
        reason=Reason.REMOVED.value,
        message="",
        time=now,
        generation=status.generation,
        revision=status.revision,
    )


def _id(*parts: str) -> str:
    """By what it was and since when, not by when it was seen to be another."""
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]


def _ready(status: ModelStatus | None) -> Condition | None:
    return None if status is None else status.conditions.get(Kind.READY)
