"""What `reconcile run` shows over HTTP: a board that follows its passes, and the counts beside it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from reconciler.adapters.metrics import Meter
from reconciler.cli import exits
from reconciler.core.errors import ReconcileError
from reconciler.core.views.board import Board
from reconciler.looping import watching
from reconciler.looping.bell import Wake
from reconciler.looping.loop import Journal
from reconciler.looping.turn import Turn
from reconciler.render import problems


class Shown:
    """A journal that keeps a board for whoever asks, and tells another one."""

    def __init__(self, told: Journal, meter: Meter, board: Board, now: Callable[[], datetime]) -> None:
        self._told, self._meter, self._now = told, meter, now
        self._board, self._began = board, board.at

    @property
    def board(self) -> Board:
        """As it is now; from any thread."""
        return replace(self._board, tally=self._meter.tally)

    def turning(self, why: Wake) -> None:
        """A pass begins."""
        self._began = self._now()
        self._board = watching.pass_begun(self._board, self._began)
        self._told.turning(why)

    def turned(self, turn: Turn) -> None:
        """A pass is over."""
        if turn.begun:  # what is under way is no drift that was found again
            self._meter.planned(turn.look.plan)
        code = _code(turn)
        times = self._over(code)
        self._board = watching.after_report(self._board, turn.report, exits.ending(code), times)
        self._meter.about([*self._board.models])
        self._told.turned(turn)

    def failed(self, error: ReconcileError, seconds: float) -> None:
        """A pass could not be done."""
        code = exits.of_error(error)
        times = self._over(code)
        self._board = watching.after_error(self._board, error, exits.ending(code), times)
        self._told.failed(error, seconds)

    def stopping(self, running: int) -> None:
        """Passed on."""
        self._told.stopping(running)

    def _over(self, code: exits.Exit) -> tuple[datetime, datetime]:
        ended = self._now()
        self._meter.over(exits.ending(code), (ended - self._began).total_seconds(), ended)
        return self._began, ended


def _code(turn: Turn) -> exits.Exit:
    """How an apply would have ended that had done the same."""
    plan, report = turn.look.plan, turn.report
    told = exits.of_plan(plan, problems.of(turn.look.desired))
    told += exits.of_outcomes(report.outcomes, published=report.publish_error is None)
    told += [exits.Exit.INCOMPLETE] if report.waiting else []
    return exits.first([*told, *([] if turn.running else exits.of_what_is_left(plan, report.statuses.values()))])
