"""What several parts of the page are made of."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from html import escape

from reconciler.core.views.board import Light
from reconciler.render import words
from reconciler.render.line import Line
from reconciler.render.page.markup import Html, raw, tag

MARKS: Mapping[Light, str] = {
    Light.STALLED: "■",
    Light.NOT_READY: "✗",
    Light.UNKNOWN: "?",
    Light.HELD: "‖",
    Light.READY: "✓",
}
"""Beside the colour, which not everybody sees."""

_MOST = 200


def style_of(light: Light | None) -> str:
    """The name of its colours in the style sheet."""
    return "other" if light is None else light.value.replace(" ", "-")


def badge(light: Light) -> Html:
    """`✓ ready`, in its colours."""
    mark = tag("span", MARKS[light], aria_hidden="true")
    return tag("span", mark, f" {light.value}", class_=f"badge {style_of(light)}")


def moment(at: datetime) -> Html:
    """A time for people and programs."""
    there = at.astimezone(UTC)
    return tag("time", f"{there:%Y-%m-%d %H:%M:%S} UTC", datetime=f"{there:%Y-%m-%dT%H:%M:%SZ}")


def section(title: str, *children: Html, name: str) -> Html:
    """A part of the page with its heading; nothing if there is nothing in it."""
    if not any(children):
        return Html("")
    return tag("section", tag("h2", title, id=name), *children, aria_labelledby=name)


def preformatted(lines: Sequence[Line], label: str) -> Html:
    """Lines as a terminal shows them, and how many more there are."""
    shown = "\n".join(tag("span", _as_is(line.text), class_=line.tone.value) for line in lines[:_MOST])
    more = len(lines) - _MOST
    left = tag("p", f"… and {words.count(more, 'more line')}.", class_="faint") if more > 0 else Html("")
    return tag("pre", raw(shown), class_="lines", tabindex="0", role="group", aria_label=label) + left


def _as_is(told: str) -> Html:
    """With its indent."""
    return raw(escape(words.clean(told)))


def table(head: Sequence[str], rows: Iterable[Sequence[Html | str]], label: str) -> Html:
    """A plain table that scrolls on its own where it is too wide."""
    top = tag("tr", *(tag("th", cell, scope="col") for cell in head))
    body = (tag("tr", *(tag("td", cell) for cell in row)) for row in rows)
    whole = tag("table", tag("thead", top), tag("tbody", *body))
    return tag("div", whole, class_="scroll", tabindex="0", role="region", aria_label=label)
