"""What was done, counted: what the metrics tell. A value that only grows, but where a model is gone for good."""

from bisect import bisect_left
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import TypeVar

from reconciler.core.errors import Reason
from reconciler.core.plan import (
    Action,
    Activate,
    Adopt,
    Deactivate,
    Fetch,
    Load,
    Outcome,
    Plan,
    Prune,
    Result,
    Retire,
    Unload,
)

BOUNDS = (0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0)
"""Seconds: a no-op takes less than a second, a load some, a fetch of a large model minutes."""

KINDS = tuple(verb.__name__.lower() for verb in (Fetch, Adopt, Activate, Load, Unload, Deactivate, Retire, Prune))
"""The verbs of all actions."""

DRIFT = frozenset(
    {
        Reason.TREE_DAMAGED,
        Reason.LINK_REPOINTED,
        Reason.NOT_LOADED,
        Reason.NOT_READY,
        Reason.SERVED_GENERATION_DIFFERS,
    }
)
"""Why a model is touched although git wants what is active: somebody or something else changed it."""

_Key = TypeVar("_Key")


class Ending(StrEnum):
    """How a run ended, as its exit code says it (spec §5); for one that was interrupted, by whichever signal."""

    SUCCESS = "success"
    INCOMPLETE = "incomplete"
    ERROR = "error"
    REFUSED = "refused"
    LOCKED = "locked"
    INVALID = "invalid"
    STALE = "stale"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """How often something took how long: `counts` by the bounds, one more for what is above; `total` in seconds."""

    counts: tuple[int, ...] = (0,) * (len(BOUNDS) + 1)
    total: float = 0.0

    def with_one(self, seconds: float) -> "Spread":
        """With one more."""
        place, counts = bisect_left(BOUNDS, seconds), list(self.counts)
        counts[place] += 1
        return Spread(counts=tuple(counts), total=self.total + seconds)


NONE_YET = Spread()


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Counts since the start. `actions` and their seconds by kind and result; `load_failures` by model and reason.

    `fetched`: bytes that came over a network, also those of tries that failed. `drift`: models found changed by others.
    """

    runs: Mapping[Ending, int] = field(default_factory=dict)
    run_seconds: Spread = NONE_YET
    actions: Mapping[tuple[str, Result], int] = field(default_factory=dict)
    action_seconds: Mapping[tuple[str, Result], Spread] = field(default_factory=dict)
    fetched: int = 0
    drift: Mapping[Reason, int] = field(default_factory=dict)
    load_failures: Mapping[tuple[str, Reason], int] = field(default_factory=dict)
    last: Ending | None = None
    last_run: datetime | None = None
    last_success: datetime | None = None

    def with_fetched(self, count: int) -> "Tally":
        """With so many bytes more."""
        return replace(self, fetched=self.fetched + count)

    def with_outcome(self, outcome: Outcome) -> "Tally":
        """With a step that is over; one that was never begun took no time."""
        action, key = outcome.step.action, (kind(outcome.step.action), outcome.result)
        begun = outcome.result in (Result.DONE, Result.FAILED)
        spread = self.action_seconds.get(key, NONE_YET)
        failed = isinstance(action, Load) and outcome.result is Result.FAILED
        return replace(
            self,
            actions=_more(self.actions, key),
            action_seconds={**self.action_seconds, key: spread.with_one(outcome.seconds)}
            if begun
            else self.action_seconds,
            load_failures=_more(self.load_failures, (action.model, outcome.reason))
            if failed and isinstance(action, Load)
            else self.load_failures,
        )

    def with_drift(self, plan: Plan) -> "Tally":
        """With what a pass found that others had changed. Only the first plan of a pass is to be counted."""
        drift = self.drift
        for line in plan.models:
            if line.steps and line.reason in DRIFT and line.active == line.wanted:
                drift = _more(drift, line.reason)
        return replace(self, drift=drift)

    def with_run(self, ending: Ending, seconds: float, ended: datetime) -> "Tally":
        """With a run that is over."""
        return replace(
            self,
            runs=_more(self.runs, ending),
            run_seconds=self.run_seconds.with_one(seconds),
            last=ending,
            last_run=ended,
            last_success=ended if ending is Ending.SUCCESS else self.last_success,
        )

    def about(self, models: Collection[str]) -> "Tally":
        """Without what is counted by models that are gone."""
        kept = {key: count for key, count in self.load_failures.items() if key[0] in models}
        return self if len(kept) == len(self.load_failures) else replace(self, load_failures=kept)


def kind(action: Action) -> str:
    """The action's verb."""
    return type(action).__name__.lower()


def _more(counts: Mapping[_Key, int], key: _Key) -> Mapping[_Key, int]:
    return {**counts, key: counts.get(key, 0) + 1}
