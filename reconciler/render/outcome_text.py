"""Outcomes as text: a line for each step, a sentence at the end."""

from collections.abc import Iterable, Mapping, Sequence
from typing import assert_never

from reconciler.core.errors import Reason, ReconcileError
from reconciler.core.plan import Fetch, GapKind, Outcome, Result, Step
from reconciler.core.quantities import in_words
from reconciler.core.statuses.conditions import Kind, ModelStatus
from reconciler.core.views.gaps import Gap
from reconciler.render import steps, words
from reconciler.render.line import Line, Tone
from reconciler.render.reasons import why
from reconciler.render.sofar import SoFar


def started(step: Step) -> Line:
    """What is said when a step begins."""
    return Line(f"{steps.name(step)}: started{_expected(step)}", Tone.FAINT)


def going(step: Step, so_far: SoFar) -> Line:
    """What is said while a step takes its time."""
    moved = f", {_moved(so_far)}" if isinstance(step.action, Fetch) else ""
    file = f", at {words.line(so_far.file)}" if so_far.file else ""
    return Line(f"{steps.name(step)}: still going{moved}{file} [{words.duration(so_far.seconds)} elapsed]", Tone.FAINT)


def all_fetches(so_far: SoFar) -> Line:
    """What is said of all fetches together."""
    return Line(f"all fetches: {_moved(so_far)}", Tone.FAINT)


def _moved(so_far: SoFar) -> str:
    """`1.2 GiB of 4.0 GiB, 35.2 MiB/s, 1m20s left`."""
    of = f" of {in_words(so_far.total)}" if so_far.total is not None and so_far.done <= so_far.total else ""
    rate = f", {in_words(round(so_far.rate))}/s" if so_far.rate else ""
    left = f", {words.duration(so_far.left)} left" if so_far.left is not None else ""
    return f"{in_words(so_far.done)}{of}{rate}{left}"


def ended(outcome: Outcome) -> Line:
    """How a step ended, and why where it did not go well."""
    name = steps.name(outcome.step)
    match outcome.result:
        case Result.DONE:
            note = f" ({words.line(outcome.message)})" if outcome.message else ""
            return Line(f"{name}: done{note} [{words.duration(outcome.seconds)}]", Tone.ADD)
        case Result.FAILED:
            last = "; trying again will not mend it" if outcome.terminal else ""
            return Line(f"{name}: failed: {why(outcome.reason, outcome.message)}{last}", Tone.ALERT)
        case Result.BLOCKED:
            reason = "" if outcome.reason is Reason.BLOCKED else f"{outcome.reason.value}: "
            return Line(f"{name}: blocked: {reason}{words.line(outcome.message)}", Tone.HELD)
        case Result.CANCELLED:
            return Line(f"{name}: cancelled{f': {words.line(outcome.message)}' if outcome.message else ''}", Tone.HELD)
    assert_never(outcome.result)


def closing(outcomes: Sequence[Outcome], target: str) -> list[Line]:
    """`Applied to prod: 7 steps done.`, or what did not go well, by model; nothing where there was nothing to do."""
    return [Line(""), _closing(outcomes, words.line(target))] if outcomes else []


def _closing(outcomes: Sequence[Outcome], where: str) -> Line:
    done = words.count(len(_with(outcomes, Result.DONE)), "step")
    wrong = [_told(outcomes, result) for result in (Result.FAILED, Result.BLOCKED, Result.CANCELLED)]
    told = ", ".join(part for part in wrong if part)
    if told:
        return Line(f"Applied to {where} in part: {done} done, {told}.", Tone.ALERT)
    return Line(f"Applied to {where}: {done} done.", Tone.TITLE)


def _expected(step: Step) -> str:
    size = step.action.size if isinstance(step.action, Fetch) else None
    return "" if size is None else f", {in_words(size)}"


def _with(outcomes: Iterable[Outcome], result: Result) -> list[Outcome]:
    return [outcome for outcome in outcomes if outcome.result is result]


def _told(outcomes: Iterable[Outcome], result: Result) -> str:
    found = _with(outcomes, result)
    models = sorted({words.line(steps.deed(outcome.step).model) for outcome in found} - {""})
    return f"{len(found)} {result.value}" + (f" ({', '.join(models)})" if models else "") if found else ""


_WHY: Mapping[GapKind, str] = {
    GapKind.RECREATED: "recreated",
    GapKind.NEEDS_RECREATED: "a model it needs is recreated",
    GapKind.NEEDS_CHANGED: "models it needs change together",
}


def gaps(found: Iterable[Gap]) -> list[Line]:
    """How long each model was away, beside what the plan had said; what it had not said stands out."""
    return [_gap(gap) for gap in found]


def _gap(gap: Gap) -> Line:
    where = f"Gap in service: {words.line(gap.model)} on {words.line(gap.server)}"
    lasted = "it still does not answer" if gap.seconds is None else f"at most {words.duration(gap.seconds)}"
    if gap.expected is None:
        return Line(f"{where}: {lasted}, which the plan did not expect", Tone.ALERT)
    tone = Tone.ALERT if gap.seconds is None else Tone.CHANGE
    return Line(f"{where}: {lasted} (expected: {_WHY.get(gap.expected, gap.expected.value)})", tone)


def not_ready(statuses: Mapping[str, ModelStatus]) -> list[Line]:
    """Each model that is not as it is wanted after the run, and why not."""
    waiting = [status for _, status in sorted(statuses.items()) if not status.ready and Kind.READY in status.conditions]
    return [Line(_waiting(status), Tone.HELD) for status in waiting]


def _waiting(status: ModelStatus) -> str:
    ready = status.conditions[Kind.READY]
    return f"Not ready: {words.line(status.name)}: {why(ready.reason, ready.message)}"


def pushed(commit: str | None, failure: ReconcileError | None, not_written: str = "") -> list[Line]:
    """Where the status went, or why it did not and what to do about it."""
    if failure is not None:
        told = Line(f"The status could not be written: {why(failure.reason, failure.message)}", Tone.ALERT)
        return [told, Line(f"  {words.line(failure.hint)}")] if failure.hint else [told]
    if not_written:
        return [Line(f"No status was written: {words.line(not_written)}.", Tone.ALERT)]
    return [Line(f"Status written as {words.revision(commit)}.", Tone.FAINT)] if commit else []


def untold(failures: Iterable[ReconcileError]) -> list[Line]:
    """Who could not be told of it, and what to do about it."""
    return [Line(f"Not notified: {words.line(str(failure))}", Tone.ALERT) for failure in failures]
