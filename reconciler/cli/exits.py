"""The one place that turns what happened into an exit code (spec §5)."""

from collections.abc import Collection, Iterable, Mapping
from signal import Signals

from reconciler.cli.codes import Exit, of_click
from reconciler.core.errors import LockedError, Problem, Reason, ReconcileError, RefusedError, StaleError, UsageError
from reconciler.core.imports.fates import Fate
from reconciler.core.parsing.lock_report import SOUND, LockReport
from reconciler.core.plan import Change, Outcome, Plan, Result
from reconciler.core.statuses.conditions import Kind, ModelStatus, Truth
from reconciler.core.trust.trusted import UntrustedError
from reconciler.core.views.review import Review, Unplanned
from reconciler.core.views.tally import Ending
from reconciler.render.summary import Outlook

__all__ = [
    "BLOCKED",
    "URGENCY",
    "Exit",
    "ending",
    "first",
    "of_click",
    "of_error",
    "of_imports",
    "of_locks",
    "of_outcomes",
    "of_outlook",
    "of_plan",
    "of_signal",
    "of_what_is_left",
]

BLOCKED = frozenset(
    {
        Reason.FOREIGN,
        Reason.BREAKS_DEPENDENT,
        Reason.MISSING_DEPENDENCY,
        Reason.DEPENDENCY_HELD,
        Reason.STILL_NEEDED,
        Reason.NO_SPACE,
        Reason.NO_CAPACITY,
        Reason.NOT_ON_VOLUME,
    }
)
"""Why what git wants of a model is not done, other than by somebody's wish or as something could not be reached."""

URGENCY = (Exit.INTERRUPTED, Exit.TERMINATED, Exit.REFUSED, Exit.INCOMPLETE, Exit.ERROR, Exit.INVALID, Exit.CHANGES)
"""Where several hold: an alert should show what most needs a person, and a script should not take it for less."""


def first(codes: Iterable[Exit]) -> Exit:
    """The most urgent of the codes, OK if there is none."""
    held = set(codes)
    return next((code for code in URGENCY if code in held), Exit.OK)


_BY_KIND: Mapping[type[ReconcileError], Exit] = {
    LockedError: Exit.LOCKED,
    StaleError: Exit.STALE_PLAN,
    RefusedError: Exit.REFUSED,
    UntrustedError: Exit.REFUSED,
    UsageError: Exit.USAGE,
}
_BY_REASON = {Reason.INVALID: Exit.INVALID, Reason.CANCELLED: Exit.INTERRUPTED}


def of_error(error: ReconcileError) -> Exit:
    """The code of an error that ended the whole run."""
    kind = next((_BY_KIND[kind] for kind in type(error).__mro__ if kind in _BY_KIND), None)
    return kind or _BY_REASON.get(error.reason, Exit.ERROR)


def of_signal(signal: Signals | None) -> list[Exit]:
    """What a signal during the run adds."""
    match signal:
        case Signals.SIGTERM:
            return [Exit.TERMINATED]
        case None:
            return []
        case _:
            return [Exit.INTERRUPTED]


_ENDINGS: Mapping[Exit, Ending] = {
    Exit.OK: Ending.SUCCESS,
    Exit.STALE_PLAN: Ending.STALE,
    Exit.REFUSED: Ending.REFUSED,
    Exit.LOCKED: Ending.LOCKED,
    Exit.INCOMPLETE: Ending.INCOMPLETE,
    Exit.INVALID: Ending.INVALID,
    Exit.INTERRUPTED: Ending.INTERRUPTED,
    Exit.TERMINATED: Ending.INTERRUPTED,
}


def ending(code: Exit) -> Ending:
    """How metrics and the page call a run that ends with this code."""
    return _ENDINGS.get(code, Ending.ERROR)


def of_plan(plan: Plan, problems: Collection[Problem]) -> list[Exit]:
    """What a plan alone says, before anything is carried out."""
    told = (
        (plan.refusal is not None, Exit.REFUSED),
        (bool(plan.unknown) and not plan.remembered, Exit.ERROR),
        (bool(plan.not_fresh), Exit.ERROR),
        (bool(problems), Exit.INVALID),
    )
    return [code for holds, code in told if holds]


def of_review(review: Review) -> Exit:
    """Changes are what a pull request is for, and that nobody knows is no fault of it."""
    codes = [Exit.INVALID] if review.problems else []
    for result in review.results:
        codes += [of_error(result.error)] if isinstance(result, Unplanned) else of_plan(result.plan, ())
    return first(codes) or max(codes, default=Exit.OK)


def of_outlook(outlook: Outlook) -> list[Exit]:
    """What `--detailed-exitcode` adds: not to know is not the same as to find nothing."""
    codes = {Outlook.CHANGES: [Exit.CHANGES], Outlook.UNKNOWN: [Exit.ERROR], Outlook.NONE: []}
    return codes[outlook]


def of_locks(report: LockReport) -> list[Exit]:
    """A lock that is not as it should be, and documents that are not."""
    told = ((any(model.state not in SOUND for model in report.models), Exit.ERROR), (report.problems, Exit.INVALID))
    return [code for holds, code in told if holds]


def of_imports(fates: Collection[Fate]) -> list[Exit]:
    """Models that no file could be made of, and files that are there already."""
    told = ((Fate.EXISTS in fates, Exit.REFUSED), (Fate.REFUSED in fates, Exit.INVALID))
    return [code for holds, code in told if holds]


def of_outcomes(outcomes: Iterable[Outcome], *, published: bool) -> list[Exit]:
    """What carrying it out adds, and whether the status could be written."""
    unwell = any(outcome.result is not Result.DONE for outcome in outcomes)
    return [Exit.INCOMPLETE] if unwell or not published else []


def of_what_is_left(plan: Plan, statuses: Iterable[ModelStatus]) -> list[Exit]:
    """What is not as wanted after an apply though nothing failed in it: exit 0 would say that it has converged."""
    blocked = any(
        model.stalled or model.deferred or (model.change is Change.HELD and model.reason in BLOCKED)
        for model in plan.models
    )
    stalled = any(
        Kind.STALLED in status.conditions and status.conditions[Kind.STALLED].status is Truth.TRUE
        for status in statuses
    )
    return [Exit.INCOMPLETE] if blocked or stalled or plan.not_fresh else []
