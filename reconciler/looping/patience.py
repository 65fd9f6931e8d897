"""What has failed in a loop, and when it is tried again."""

import random
import time
from collections.abc import Iterable
from dataclasses import dataclass, field

from reconciler.core.observed import Observed
from reconciler.core.spec import Desired
from reconciler.core.statuses import backoff
from reconciler.looping.flights import Landed


@dataclass(slots=True)
class Patience:
    """Failures by model, by the clock of this process."""

    _setbacks: backoff.Setbacks = field(default_factory=dict)

    @property
    def tried(self) -> bool:
        """Whether something that has failed is still wanted, held back or not."""
        return bool(self._setbacks)

    def held(self, landed: Iterable[Landed], desired: Desired, observed: Observed) -> backoff.Setbacks:
        """What is not to be tried again yet, with what has landed since, of what git wants now."""
        now, found = time.monotonic(), self._setbacks
        for each in landed:
            moment = backoff.Moment(now=now, chance=random.random())  # noqa: S311 - jitter, no secret
            found = backoff.noted(found, each.outcomes, each.look.desired, each.look.observed, moment)
        self._setbacks = backoff.current(found, desired, observed)
        return backoff.held_back(self._setbacks, now)

    def due(self) -> float | None:
        """Seconds until something may be tried again, None if nothing waits."""
        return backoff.due(self._setbacks, time.monotonic())
