"""The counts that every rendering of a plan ends with."""

from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

from reconciler.core.errors import Reason
from reconciler.core.plan import Change, Fetch, ModelPlan, Plan, Prune, Step
from reconciler.core.quantities import in_words
from reconciler.render import words


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """Models by what becomes of them: recreate and mend count as change, foreign ones not at all."""

    add: int = 0
    change: int = 0
    remove: int = 0
    unchanged: int = 0
    held: int = 0
    foreign: int = 0
    unknown: int = 0

    def __str__(self) -> str:
        """The last line of a plan (spec §5)."""
        unknown = f", {self.unknown} unknown" if self.unknown else ""
        return (
            f"Plan: {self.add} to add, {self.change} to change, {self.remove} to remove, "
            f"{self.unchanged} unchanged, {self.held} held{unknown}."
        )


class Outlook(StrEnum):
    """What a plan comes to, as one word: not to know is neither."""

    CHANGES = "changes"
    NONE = "none"
    UNKNOWN = "unknown"


def outlook(plan: Plan) -> Outlook:
    """Changes where there is any for certain, none where all is known and nothing would change."""
    if changes(plan):
        return Outlook.CHANGES
    return Outlook.NONE if complete(plan) else Outlook.UNKNOWN


def complete(plan: Plan) -> bool:
    """Whether all that the plan is about is known."""
    return not plan.unknown and all(model.change is not Change.UNKNOWN for model in asked_for(plan))


def asked_for(plan: Plan) -> list[ModelPlan]:
    """The plan's models without those that its MODEL arguments leave out."""
    return [model for model in plan.models if model.reason is not Reason.NOT_SELECTED or model.steps]


def not_asked_for(plan: Plan) -> str:
    """How many models the MODEL arguments leave out, in words; empty if they leave out none."""
    count = len(plan.models) - len(asked_for(plan))
    were = "was" if count == 1 else "were"
    return f"{words.count(count, 'other model')} {were} not asked for." if count else ""


def summarise(plan: Plan) -> Summary:
    """The counts of what was asked for."""
    kinds = [_counted(model.change) for model in asked_for(plan)]
    return Summary(**{kind: kinds.count(kind) for kind in set(kinds)})


def _counted(change: Change) -> str:
    match change:
        case Change.CREATE:
            return "add"
        case Change.UPDATE | Change.RECREATE | Change.MEND | Change.MOVE:
            return "change"
        case Change.REMOVE:
            return "remove"
        case Change.UNCHANGED | Change.HELD | Change.FOREIGN | Change.UNKNOWN:
            return change.value
    assert_never(change)


def changes(plan: Plan) -> bool:
    """Whether carrying the plan out would do anything, or is expected to once something is fetched."""
    return not plan.empty or any(model.deferred for model in plan.models)


def to_fetch(steps: tuple[Step, ...]) -> str:
    """How much the fetches among the steps bring, empty if there are none: `12.3 MiB`, `at least 12.3 MiB`."""
    sizes = [step.action.size for step in steps if isinstance(step.action, Fetch)]
    known = sum(size for size in sizes if size is not None)
    if not sizes:
        return ""
    if None in sizes:
        return f"at least {in_words(known)}" if known else "size not known before"
    return in_words(known)


def prunes(plan: Plan) -> list[Prune]:
    """What the plan prunes."""
    return [step.action for step in plan.steps if isinstance(step.action, Prune)]
