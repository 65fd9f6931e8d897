"""What one round of a pass tells the next: which models failed."""

from collections.abc import Sequence

from reconciler.core.content import Unavailable
from reconciler.core.errors import Reason
from reconciler.core.plan import Outcome, Prune, Result


def damaged(outcomes: Sequence[Outcome]) -> bool:
    """Whether anything was found damaged on the volume and taken away there."""
    return any(outcome.reason is Reason.TREE_DAMAGED for outcome in outcomes)


def failures(outcomes: Sequence[Outcome]) -> dict[str, Unavailable]:
    """Models of which a step did not succeed, which shall not be tried again in this pass, with their first failure.

    What was found damaged just before it was loaded may, for another look has it fetched; and so may what it blocked.
    """
    found: dict[str, Unavailable] = {}
    again = {Reason.TREE_DAMAGED, Reason.BLOCKED} if damaged(outcomes) else frozenset[Reason]()
    for outcome in outcomes:
        action = outcome.step.action
        if outcome.result is not Result.DONE and not isinstance(action, Prune) and outcome.reason not in again:
            failure = Unavailable(reason=outcome.reason, message=outcome.message, terminal=outcome.terminal)
            found.setdefault(action.model, failure)
    return found


def with_later(before: tuple[Outcome, ...], later: tuple[Outcome, ...]) -> tuple[Outcome, ...]:
    """All outcomes of a pass: what did not succeed and was done again is told as it came out in the end."""
    again = {outcome.step.id for outcome in later}
    kept = [one for one in before if one.result is Result.DONE or one.step.id not in again]
    return (*kept, *later)
