"""How a target stands at a revision, in one word and one line, as forges show it beside a commit."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from reconciler.core.errors import Reason
from reconciler.core.markdown import plain
from reconciler.core.statuses.conditions import Condition, Kind, ModelStatus, Truth

LONGEST = 140
"""What GitHub takes of a description."""

_SHOWN = 100
_WISHED = frozenset({Reason.SUSPENDED, Reason.LOAD_DISABLED})
_WAITING = frozenset(
    {Reason.PENDING, Reason.FROZEN, Reason.CANCELLED, Reason.SOURCE_CHANGED, Reason.REMOVED, Reason.NO_SERVER}
)


class State(StrEnum):
    """A commit's state, in GitHub's words. `error`: nobody knows, `failure`: it is not as git wants it."""

    SUCCESS = "success"
    PENDING = "pending"
    FAILURE = "failure"
    ERROR = "error"


_URGENCY = (State.FAILURE, State.ERROR, State.PENDING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The state, one line of at most 140 characters, and Markdown about the models that are not ready."""

    state: State
    description: str
    details: str = ""


def verdict(statuses: Mapping[str, ModelStatus], *, refusal: str = "", rejected: int = 0) -> Verdict:
    """Of all models of a target. `refusal`: why nothing was done; `rejected`: how many files or models have faults."""
    if refusal:
        return Verdict(state=State.FAILURE, description=_cut(f"refused: {refusal}"), details=plain(refusal))
    states = {name: _state(status) for name, status in sorted(statuses.items())}
    found = set(states.values()) | ({State.FAILURE} if rejected else set())
    state = next((state for state in _URGENCY if state in found), State.SUCCESS)
    ready = sum(status.ready for status in statuses.values())
    words = [f"{ready} of {len(statuses)} models are ready"]
    words += [f"{rejected} with faults in their files"] if rejected else []
    names = [name for name, of in states.items() if of is state and state is not State.SUCCESS]
    words += [f"{_WORDS[state]}: {', '.join(names)}"] if names else []
    return Verdict(state=state, description=_cut("; ".join(words)), details=_details(statuses))


_WORDS = {State.FAILURE: "not ready", State.ERROR: "not known", State.PENDING: "waiting"}


def _state(status: ModelStatus) -> State:
    condition, stalled = status.conditions.get(Kind.READY), status.conditions.get(Kind.STALLED)
    if condition is None or condition.status is Truth.TRUE:
        return State.ERROR if condition is None else State.SUCCESS
    if stalled is not None and stalled.status is Truth.TRUE:
        return State.FAILURE
    return _not_ready(condition)


def _not_ready(condition: Condition) -> State:
    if condition.reason in _WISHED:
        return State.SUCCESS
    if condition.reason in _WAITING:
        return State.PENDING
    return State.FAILURE if condition.status is Truth.FALSE else State.ERROR


def _details(statuses: Mapping[str, ModelStatus]) -> str:
    unready = [status for _, status in sorted(statuses.items()) if not status.ready]
    rows = [f"- **{plain(status.name)}**: {_why(status.conditions.get(Kind.READY))}" for status in unready[:_SHOWN]]
    more = [f"- … and {len(unready) - _SHOWN} more"] if len(unready) > _SHOWN else []
    return "\n".join([*rows, *more]) or "All models are ready."


def _why(condition: Condition | None) -> str:
    return plain(f"{condition.reason}: {condition.message}"[:500]) if condition is not None else "nobody knows"


def _cut(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= LONGEST else line[: LONGEST - 1] + "…"
