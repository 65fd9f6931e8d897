"""Progress on a terminal: bars with rate and time left for fetches, a spinner with the time gone by for all else.

Big files have bars of their own below their fetch, and several fetches one for all of them.
"""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console, Group
from rich.live import Live
from rich.progress import Progress, TaskID

from reconciler.cli import bar_columns, out, terminal
from reconciler.core.plan import Fetch, Outcome, Step
from reconciler.core.progress import Moved, Reporter
from reconciler.render import outcome_text, steps, words

_BIG = 8 << 20
"""Bytes of a file that gets a bar of its own."""

_ALL = "all fetches"


class Bars:
    """One bar or spinner for each step that is running; each end becomes a line above them. Any thread may call it."""

    def __init__(self, *, err: bool) -> None:
        self._err = err
        self._lock = threading.Lock()
        self._tasks: dict[str, TaskID] = {}
        self._files: dict[tuple[str, str], TaskID] = {}
        self._all: TaskID | None = None
        console = Console(stderr=err, no_color=not terminal.coloured(err=err))
        self._fetches = Progress(*bar_columns.of_fetches(console), console=console)
        self._others = Progress(*bar_columns.of_others(console), console=console)
        self.live = Live(Group(self._fetches, self._others), console=console, transient=True)

    def _shelf(self, step: Step) -> Progress:
        return self._fetches if isinstance(step.action, Fetch) else self._others

    def expected(self, steps: Sequence[Step]) -> None:
        """Puts up a bar for all fetches together, where there are several."""
        sizes = [step.action.size for step in steps if isinstance(step.action, Fetch)]
        with self._lock:
            if self._all is not None:
                self._fetches.remove_task(self._all)
                self._all = None
            if len(sizes) > 1:
                total = None if None in sizes else float(sum(size or 0 for size in sizes))
                self._all = self._fetches.add_task(_ALL, total=total, visible=False)

    def started(self, step: Step) -> None:
        """Puts up its bar."""
        size = step.action.size if isinstance(step.action, Fetch) else None
        with self._lock:
            self.live.start()  # not before: the plan is shown and confirmed first
            if self._all is not None and isinstance(step.action, Fetch):
                self._fetches.update(self._all, visible=True)
            self._tasks[step.id] = self._shelf(step).add_task(steps.name(step), total=size)

    def advanced(self, step: Step, moved: Moved) -> None:
        """Moves its bar, that of the file, and that of all."""
        with self._lock:
            if self._all is not None:
                self._fetches.advance(self._all, moved.count)
            if step.id in self._tasks:
                self._shelf(step).advance(self._tasks[step.id], moved.count)
                self._advance_file(step, moved)

    def _advance_file(self, step: Step, moved: Moved) -> None:
        if moved.count < 0:  # a try failed: the next begins with bars of its own
            self._drop_files(step)
        elif moved.size is not None and moved.size >= _BIG:
            key = (step.id, moved.file)
            if key not in self._files:
                self._files[key] = self._fetches.add_task(f"  {words.line(moved.file)}", total=moved.size)
            self._fetches.advance(self._files[key], moved.count)
            if self._fetches.tasks[self._fetches.task_ids.index(self._files[key])].finished:
                self._fetches.update(self._files[key], visible=False)

    def _drop_files(self, step: Step) -> None:
        for key in [key for key in self._files if key[0] == step.id]:
            self._fetches.remove_task(self._files.pop(key))

    def ended(self, outcome: Outcome) -> None:
        """Takes its bars down and says how it ended."""
        with self._lock:
            task = self._tasks.pop(outcome.step.id, None)
            self._drop_files(outcome.step)
            if task is not None:
                self._shelf(outcome.step).remove_task(task)
            if self._all is not None and not any(id_.startswith("fetch:") for id_ in self._tasks):
                self._fetches.update(self._all, visible=False)
            out.show([outcome_text.ended(outcome)], err=self._err)


@contextmanager
def told_in_bars(*, err: bool) -> Iterator[Reporter]:
    """A reporter that draws on the terminal until the end."""
    bars = Bars(err=err)
    try:
        yield bars
    finally:
        bars.live.stop()
