"""Where the metrics of one run go: to a file that node_exporter reads, to a Pushgateway, or nowhere."""

import functools
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from reconciler.cli import exits, out
from reconciler.cli.options import Common, flag
from reconciler.core.errors import ReconcileError
from reconciler.core.progress import Reporter

_FLAGS = (
    flag(
        "--metrics-file",
        "Write the run's metrics there, for the textfile collector of node_exporter: DIR/reconcile.prom.",
        metavar="FILE",
    ),
    flag("--pushgateway", "Push the run's metrics to this Prometheus Pushgateway.", metavar="URL"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlets:
    """A file and a gateway, whose address may hold a password; each may be None."""

    file: str | None = None
    gateway: str | None = field(default=None, repr=False)


def metered(command: Callable[..., int]) -> Callable[..., int]:
    """Gives a command these flags as one value, `outlets`; an address that is none is a usage error."""

    @functools.wraps(command)
    def wrapper(*args: Any, metrics_file: str | None, pushgateway: str | None, **flags: Any) -> int:
        if pushgateway:
            from reconciler.adapters import metrics

            metrics.check(pushgateway)
        return command(*args, outlets=Outlets(file=metrics_file or None, gateway=pushgateway or None), **flags)

    return functools.reduce(lambda inner, flag: flag(inner), reversed(_FLAGS), wrapper)


class Metering:
    """Measures one run and tells of it."""

    def __init__(self, outlets: Outlets, common: Common, told: Reporter) -> None:
        from reconciler.adapters.metrics import Meter
        from reconciler.cli.one_pass import now

        self._outlets, self._common = outlets, common
        self._meter, self._began = Meter(told), now()

    def measured(self, work: Callable[[Reporter], Any]) -> Any:
        """Does the work with a reporter that counts, and tells of it here if it ends early."""
        from reconciler.core.views.board import Board

        try:
            return work(self._meter)
        except ReconcileError as error:
            _, ended = self._over(exits.of_error(error))
            self._tell(Board(target=self._common.target or "default", at=ended, tally=self._meter.tally))
            raise

    def told(self, report: Any, code: int) -> int:
        """Tells of a run that came to its end with this exit code, and gives the one that it has now."""
        from reconciler.looping import watching

        self._meter.planned(report.look.plan)
        ended, times = exits.Exit(code), self._over(exits.Exit(code))
        well = self._tell(watching.of_report(report, self._meter.tally, exits.ending(ended), times))
        return exits.Exit.INCOMPLETE if ended is exits.Exit.OK and not well else code

    def _over(self, code: exits.Exit) -> tuple[datetime, datetime]:
        from reconciler.cli.one_pass import now

        began, ended = self._began, now()
        self._meter.over(exits.ending(code), (ended - began).total_seconds(), ended)
        return began, ended

    def _tell(self, board: Any) -> bool:
        """Whether everybody could be told; a failure is said on stderr."""
        from reconciler.adapters import metrics

        works: list[Callable[[], None]] = []
        file, gateway = self._outlets.file, self._outlets.gateway
        if file is not None:
            works.append(lambda: metrics.write(file, board))
        if gateway is not None:
            works.append(lambda: metrics.push(gateway, board, os.environ))
        done = [self._done(work) for work in works]
        return all(done)

    def _done(self, work: Callable[[], None]) -> bool:
        try:
            work()
        except ReconcileError as error:
            out.complain_of(error, as_json=self._common.log_json)
            return False
        return True
