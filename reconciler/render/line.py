"""A line of text output and its tone: what it means, so that the edge can choose a colour, or none.

Lines that are the rows of a table know their cells, so that the edge can lay them out for its width.
"""

import itertools
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

NARROWEST = 40
"""Columns of a terminal below which nothing is folded any narrower."""

_LEAST = 24
"""Columns that the last one of a table needs to be readable."""


class Tone(StrEnum):
    """What a line is about."""

    PLAIN = "plain"
    ADD = "add"
    CHANGE = "change"
    REMOVE = "remove"
    HELD = "held"
    FAINT = "faint"
    ALERT = "alert"
    TITLE = "title"


@dataclass(frozen=True, slots=True)
class Line:
    """One line, without its line break. `cells`: what it holds as the row of a table, whose first row is the head."""

    text: str
    tone: Tone = Tone.PLAIN
    cells: tuple[str, ...] = ()


def text(lines: Iterable[Line]) -> str:
    """All lines as they are without colours, each with its line break."""
    return "".join(line.text + "\n" for line in lines)


def table(cells: Sequence[Sequence[str]], tones: Sequence[Tone]) -> list[Line]:
    """Cells below each other, the first row being the head; the tones are those of the other rows."""
    widths = _widths(cells)
    joined = [_joined(row, widths) for row in cells]
    toned = [Tone.FAINT, *tones]
    return [Line(told, tone, tuple(row)) for told, tone, row in zip(joined, toned, cells, strict=True)]


def _widths(cells: Sequence[Sequence[str]]) -> list[int]:
    """Of all columns but the last, which is as wide as it needs."""
    return [max(len(row[column]) for row in cells) for column in range(len(cells[0]) - 1)]


def _joined(row: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join([*(cell.ljust(width) for cell, width in zip(row[:-1], widths, strict=True)), row[-1]]).rstrip()


def wrapped(lines: Iterable[Line], width: int | None) -> list[Line]:
    """The lines folded to a width, what is folded indented by two more than its line; None folds nothing.

    In a table only the last column is folded, below itself; where it has no room each row becomes a few lines.
    """
    if width is None:
        return list(lines)
    return list(_laid_out(lines, max(width, NARROWEST)))


def _laid_out(lines: Iterable[Line], width: int) -> Iterator[Line]:
    for _, group in itertools.groupby(lines, key=lambda line: len(line.cells)):
        found = list(group)
        rows = [line.cells for line in found]
        if not rows[0] or max(len(line.text) for line in found) <= width:
            yield from (Line(part, line.tone) for line in found for part in _folded(line.text, width))
        elif sum(_widths(rows)) + 2 * len(_widths(rows)) + _LEAST <= width:
            yield from _hanging(found, width)
        else:
            yield from _stacked(found, width)


def _hanging(rows: Sequence[Line], width: int) -> Iterator[Line]:
    widths = _widths([row.cells for row in rows])
    left = sum(widths) + 2 * len(widths)
    for row in rows:
        head, *more = _folded(row.cells[-1], width - left, indent="") or [""]
        yield Line(_joined([*row.cells[:-1], head], widths), row.tone)
        yield from (Line(" " * left + part, row.tone) for part in more)


def _stacked(rows: Sequence[Line], width: int) -> Iterator[Line]:
    """Each row by itself: its name, then what else is told of it with the names of the columns."""
    names = [name.lower() for name in rows[0].cells]
    for row in rows[1:]:
        yield Line(row.cells[0], row.tone)
        cells = zip(names[1:-1], row.cells[1:-1], strict=True)
        told = ", ".join(f"{name} {cell}" for name, cell in cells if cell not in ("", "-"))
        for text in filter(None, (told, row.cells[-1])):
            yield from (Line(part, row.tone) for part in _folded(f"  {text}", width))


def _folded(content: str, width: int, indent: str = "  ") -> list[str]:
    body = content.lstrip()
    before = " " * (len(content) - len(body))
    if len(content) <= width:
        return [content]
    return textwrap.wrap(
        body,
        width,
        initial_indent=before,
        subsequent_indent=before + indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
