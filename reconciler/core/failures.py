"""What one round of a pass tells the next: which models failed."""

from collections.abc import Iterable

from reconciler.core.content import Unavailable
from reconciler.core.plan import Outcome, Prune, Result


def failures(outcomes: Iterable[Outcome]) -> dict[str, Unavailable]:
    """Models of which a step did not succeed, which shall not be tried again in this pass, with their first failure."""
    found: dict[str, Unavailable] = {}
    for outcome in outcomes:
        action = outcome.step.action
        if outcome.result is not Result.DONE and not isinstance(action, Prune):
            failure = Unavailable(reason=outcome.reason, message=outcome.message, terminal=outcome.terminal)
            found.setdefault(action.model, failure)
    return found
