"""Progress on a terminal: bars with rate and time left for fetches, a spinner with the time gone by for all else."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console, Group
from rich.live import Live
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from reconciler.cli import out
from reconciler.core.plan import Fetch, Outcome, Step
from reconciler.core.progress import Reporter
from reconciler.render import outcome_text, steps

_NAME = TextColumn("{task.description}", markup=False)  # a name may look like rich's markup


class Bars:
    """One bar or spinner for each step that is running; each end becomes a line above them. Any thread may call it."""

    def __init__(self, *, err: bool) -> None:
        self._err = err
        self._lock = threading.Lock()
        self._tasks: dict[str, TaskID] = {}
        console = Console(stderr=err)
        speed, left = TransferSpeedColumn(), TimeRemainingColumn()
        self._fetches = Progress(_NAME, BarColumn(), DownloadColumn(binary_units=True), speed, left, console=console)
        self._others = Progress(SpinnerColumn(), _NAME, TimeElapsedColumn(), console=console)
        self.live = Live(Group(self._fetches, self._others), console=console, transient=True)

    def _shelf(self, step: Step) -> Progress:
        return self._fetches if isinstance(step.action, Fetch) else self._others

    def started(self, step: Step) -> None:
        """Puts up its bar."""
        size = step.action.size if isinstance(step.action, Fetch) else None
        with self._lock:
            self.live.start()  # not before: the plan is shown and confirmed first
            self._tasks[step.id] = self._shelf(step).add_task(steps.name(step), total=size)

    def advanced(self, step: Step, n: int) -> None:
        """Moves its bar."""
        with self._lock:
            if step.id in self._tasks:
                self._shelf(step).advance(self._tasks[step.id], n)

    def ended(self, outcome: Outcome) -> None:
        """Takes its bar down and says how it ended."""
        with self._lock:
            task = self._tasks.pop(outcome.step.id, None)
            if task is not None:
                self._shelf(outcome.step).remove_task(task)
            out.show([outcome_text.ended(outcome)], err=self._err)


@contextmanager
def told_in_bars(*, err: bool) -> Iterator[Reporter]:
    """A reporter that draws on the terminal until the end."""
    bars = Bars(err=err)
    try:
        yield bars
    finally:
        bars.live.stop()
