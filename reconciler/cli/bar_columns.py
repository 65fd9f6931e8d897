"""What stands beside a bar: a name that is cut to its room, bytes, rate, time left, time gone by; each on one line."""

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, ProgressColumn, SpinnerColumn, Task
from rich.table import Column
from rich.text import Text

from reconciler.core.quantities import in_words
from reconciler.render import words

_NARROW = 72
"""Columns of a terminal below which there is neither a bar nor a rate."""

_BESIDE, _SHORTEST = 44, 12
"""Columns that all else takes without the bar, and the least for a name."""


def _whole() -> Column:
    return Column(no_wrap=True)


class Name(ProgressColumn):
    """What is going on, cut in the middle: its end tells files apart. A name may look like rich's markup."""

    def __init__(self, console: Console, beside: int) -> None:
        super().__init__(table_column=_whole())
        self._console, self._beside = console, beside

    def render(self, task: Task) -> Text:
        """The name, in the width of this moment."""
        return Text(cut(task.description, max(_SHORTEST, self._console.width - self._beside)))


def cut(text: str, room: int) -> str:
    """The text, without its middle if it is longer than the room for it."""
    if len(text) <= room:
        return text
    head = (room - 1) // 2
    return f"{text[:head]}…{text[len(text) - (room - 1 - head) :]}"


class Rate(ProgressColumn):
    """Bytes a second."""

    def render(self, task: Task) -> Text:
        """In the same units as the amounts."""
        speed = task.finished_speed or task.speed
        return Text(f"{in_words(int(speed))}/s" if speed else "", style="progress.data.speed")


class Left(ProgressColumn):
    """How long it will take yet."""

    max_refresh = 0.5

    def render(self, task: Task) -> Text:
        """In words; nothing where it cannot be told."""
        left = task.time_remaining
        told = "" if left is None else f"{words.duration(max(left, 10)) if left >= 10 else f'{left:.0f}s'} left"
        return Text(told, style="progress.remaining")


class Gone(ProgressColumn):
    """How long it has taken."""

    def render(self, task: Task) -> Text:
        """In words."""
        return Text(f"{words.duration(task.elapsed or 0.0)} elapsed", style="progress.elapsed")


def of_fetches(console: Console) -> list[ProgressColumn]:
    """Name, bar, bytes, rate, time left; without bar and rate where there is no room."""
    amount, left = DownloadColumn(binary_units=True, table_column=_whole()), Left(table_column=_whole())
    if console.width < _NARROW:
        return [Name(console, _BESIDE - 14), amount, left]
    bar = min(40, console.width // 5)
    return [Name(console, _BESIDE + bar), BarColumn(bar), amount, Rate(table_column=_whole()), left]


def of_others(console: Console) -> list[ProgressColumn]:
    """A spinner, name, time gone by."""
    return [SpinnerColumn(), Name(console, 20), Gone(table_column=_whole())]
