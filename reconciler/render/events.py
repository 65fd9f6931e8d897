"""What becomes of a step as plain fields, named as in docs/logs.md: the same in log lines and in traces."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import assert_never

from reconciler.core.digest import Generation
from reconciler.core.jsonvalue import JsonObject
from reconciler.core.plan import Activate, Adopt, Deactivate, Fetch, Load, Outcome, Prune, Result, Retire, Step, Unload
from reconciler.render import words
from reconciler.render.steps import deed


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Which target and which revision it is about; empty where that is not known yet."""

    target: str = ""
    revision: str = ""


def of_pass(subject: Subject) -> JsonObject:
    """The fields of every line about a pass."""
    return {"target": words.line(subject.target) or None, "revision": words.line(subject.revision) or None}


def of_step(step: Step) -> JsonObject:
    """A step that begins or goes on; `bytes` is what it is expected to move, null where nobody knows."""
    done = deed(step)
    return {
        "step": words.line(step.id),
        "action": done.verb,
        "action_reason": step.reason.value,
        "model": words.line(done.model) or None,
        "server": words.line(done.server) or None,
        "generation": _generation(step),
        "bytes": done.size,
    }


def of_outcome(outcome: Outcome, came: int | None = None) -> JsonObject:
    """A step that is over; `came`: the bytes that came over the network for it, if that was counted."""
    fields = of_step(outcome.step) | {
        "outcome": outcome.result.value,
        "reason": outcome.reason.value,
        "message": words.line(outcome.message),
        "terminal": outcome.terminal,
        "seconds": round(outcome.seconds, 3),
    }
    return fields if came is None else fields | {"bytes": came}


def counts(outcomes: Sequence[Outcome]) -> JsonObject:
    """How many steps ended in which way."""
    results = [outcome.result for outcome in outcomes]
    return {result.value: results.count(result) for result in Result}


def _generation(step: Step) -> Generation | None:
    match step.action:
        case Activate(tree=tree) | Load(tree=tree):
            return tree.generation
        case Deactivate(generation=generation):
            return generation
        case Fetch() | Adopt() | Unload() | Retire() | Prune():
            return None
    assert_never(step.action)
