"""The few forms of Markdown that the reference is written in."""

import json
from collections.abc import Iterable, Sequence

from reconciler.core.jsonvalue import Json

MADE = "<!-- Made by `make reference` from the code: edit that. -->"


def page(title: str, *parts: str) -> str:
    """A whole page."""
    return "\n\n".join([MADE, f"# {title}", *(part.strip("\n") for part in parts if part)]) + "\n"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; what is in a cell stays in it."""
    lines = [_row(head), _row(["---"] * len(head)), *(_row([_cell(cell) for cell in row]) for row in rows)]
    return "\n".join(lines)


def block(text: str, language: str = "") -> str:
    """A fenced block."""
    return f"```{language}\n{text.strip(chr(10))}\n```"


def code(text: str) -> str:
    """Inline code, whatever is in it; nothing for nothing."""
    fence = "``" if "`" in text else "`"
    return f"{fence}{text}{fence}" if text else ""


def value(example: Json) -> str:
    """A value as one would write it in YAML, on a line."""
    return example if isinstance(example, str) else json.dumps(example, ensure_ascii=False)


def anchor(title: str) -> str:
    """What the site makes of a heading."""
    kept = "".join(letter for letter in title.lower() if letter.isalnum() or letter in " -_")
    return "-".join(kept.split())


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
