"""A line of text output and its tone: what it means, so that the edge can choose a colour, or none."""

import textwrap
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


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
    """One line, without its line break."""

    text: str
    tone: Tone = Tone.PLAIN


def text(lines: Iterable[Line]) -> str:
    """All lines as they are without colours, each with its line break."""
    return "".join(line.text + "\n" for line in lines)


def wrapped(lines: Iterable[Line], width: int | None) -> list[Line]:
    """The lines folded to a width, what is folded indented by two more than its line; None folds nothing."""
    if width is None:
        return list(lines)
    return [Line(part, line.tone) for line in lines for part in _folded(line.text, max(width, 40))]


def _folded(content: str, width: int) -> list[str]:
    body = content.lstrip()
    indent = " " * (len(content) - len(body))
    if len(content) <= width:
        return [content]
    return textwrap.wrap(
        body,
        width,
        initial_indent=indent,
        subsequent_indent=indent + "  ",
        break_long_words=False,
        break_on_hyphens=False,
    )
