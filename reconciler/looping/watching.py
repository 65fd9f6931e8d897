"""What a loop shows: a Board that follows its passes. A single run's metrics come from one, too."""

from dataclasses import replace
from datetime import datetime, timedelta

from reconciler.core.errors import ReconcileError
from reconciler.core.statuses.held import Held
from reconciler.core.trust.trusted import UntrustedError
from reconciler.core.views.board import Board, Loop, Passed, settled, with_pass
from reconciler.core.views.tally import Ending, Tally
from reconciler.passes import showing
from reconciler.passes.committing import Report

Times = tuple[datetime, datetime]
"""When a pass began and ended."""


def beginning(target: str, loop: Loop) -> Board:
    """What a loop shows before its first pass."""
    return Board(target=target, at=loop.since, loop=loop)


def pass_begun(board: Board, now: datetime) -> Board:
    """While a pass runs."""
    return board if board.loop is None else replace(board, loop=replace(board.loop, running=now))


def after_report(board: Board, report: Report, ending: Ending, times: Times) -> Board:
    """After a pass that came to its end."""
    seen, last = report.look, report.last
    shown = replace(
        showing.of_desired(board, seen.desired, times[1]),
        target=seen.target.name,
        models=report.statuses,
        needs=showing.needs(seen.desired, report.statuses),
        plan=last,
        servers=showing.servers(seen.observed),
        spans=last.spans,
        unknown=last.unknown,
        held=None,
    )
    refused = seen.plan.refusal.message if seen.plan.refusal is not None else ""
    passed = replace(
        _passed(ending, times, refused or str(report.publish_error or "")),
        revision=seen.desired.revision,
        plan=seen.plan,
        outcomes=report.outcomes,
    )
    return _ended(with_pass(shown, passed), times[1], waiting=bool(report.waiting))


def after_error(board: Board, error: Exception, ending: Ending, times: Times) -> Board:
    """After a pass that ended early: what was known of the models stays as it was, and since when."""
    told = str(error) if isinstance(error, ReconcileError) else f"this is a bug: {type(error).__name__}"
    passed = replace(_passed(ending, times, told), revision=board.revision)
    shown = with_pass(board, passed)
    if isinstance(error, UntrustedError) and error.held is not None:
        revision, target = error.held.revision, error.held.target
        held = Held(target=target, revision=revision, refused=error.revision, message=error.message)
        shown = replace(shown, held=held)
    return _ended(shown, times[1])


def of_report(report: Report, tally: Tally, ending: Ending, times: Times) -> Board:
    """What a single run did."""
    empty = Board(target=report.look.target.name, at=times[1])
    return replace(after_report(empty, report, ending, times), tally=tally)


def _passed(ending: Ending, times: Times, message: str) -> Passed:
    began, ended = times
    return Passed(began=began, seconds=(ended - began) / timedelta(seconds=1), ending=ending, message=message)


def _ended(board: Board, now: datetime, *, waiting: bool = False) -> Board:
    """The loop is between two passes; it has converged if it ever had, or has now. `waiting`: for another try."""
    if board.loop is None:
        return board
    done = board.passes[0].plan is not None and settled(board) and not waiting
    good = board.loop.converged or (now if done else None)
    return replace(board, loop=replace(board.loop, running=None, last=now, converged=good))
