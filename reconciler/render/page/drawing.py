"""The dependency graph inside the page: its colours are the style sheet's, its boxes lead to the models."""

from collections.abc import Iterator

from reconciler.core.views.board import Board, Light
from reconciler.core.views.board_graph import Drawing, drawing
from reconciler.render import words
from reconciler.render.page.markup import Html, raw, tag
from reconciler.render.page.models import anchor
from reconciler.render.page.parts import MARKS, section, style_of
from reconciler.render.picture_svg import HIGH, MARGIN, Box, boxes, columns, path


def graph(board: Board) -> Html:
    """The part of the page; nothing where no model needs another."""
    drawn = drawing(board)
    if not drawn.edges and not drawn.left_out:
        return Html("")
    return section("Dependencies", *_told(drawn), *_shown(drawn), name="dependencies")


def _told(drawn: Drawing) -> Iterator[Html]:
    parts = ["A line leads from a model to what it needs, on its left."] if drawn.edges else []
    if drawn.alike:
        parts.append("Models that need the same, are needed by the same and stand the same are one box.")
    if drawn.left_out:
        told = words.count(drawn.left_out, "model")
        parts.append(f"{told} more that are linked are not drawn: only what is around models that are not ready is.")
    if drawn.alone:
        alone = words.count(drawn.alone, "model has nothing", "models have nothing")
        parts.append(f"{alone} to do with any other.")
    yield tag("p", " ".join(parts), class_="faint")


def _shown(drawn: Drawing) -> Iterator[Html]:
    if not drawn.edges:
        return
    labels = {name: _label(drawn, name) for name in drawn.lights}
    placed = boxes(drawn.layers, labels)
    over = columns(placed)
    wide = max(left + width for left, _, width in placed.values()) + MARGIN
    high = max(top + HIGH for _, top, _ in placed.values()) + MARGIN
    edges = (path(placed[needed], placed[model], over) for model, needed in drawn.edges)
    picture = tag(
        "svg",
        *(raw(f'<path class="edge" d="{line}"/>') for line in edges),
        *(_node(name, labels[name], light, placed[name]) for name, light in drawn.lights.items()),
        width=f"{wide:.0f}",
        height=f"{high:.0f}",
        viewBox=f"0 0 {wide:.0f} {high:.0f}",
        role="group",
        aria_label="models and what they need",
    )
    yield tag("div", picture, class_="scroll", tabindex="0", role="region", aria_label="dependency graph")


def _label(drawn: Drawing, name: str) -> str:
    others = len(drawn.alike.get(name, ()))
    return f"{name} and {others} more" if others else name


def _node(name: str, label: str, light: Light | None, box: Box) -> Html:
    """Its box; that of several leads to the first of them."""
    left, top, width = box
    state = "not ours, or missing" if light is None else light.value
    mark = "" if light is None else f"{MARKS[light]} "
    shape = tag(
        "rect", x=f"{left:.0f}", y=f"{top:.0f}", width=f"{width:.0f}", height=f"{HIGH}", rx="6", class_=style_of(light)
    )
    text = tag("text", mark + label, x=f"{left + width / 2:.0f}", y=f"{top + HIGH / 2:.0f}")
    whole = tag("g", tag("title", f"{label}: {state}"), shape, text)
    return whole if light is None else tag("a", whole, href=f"#{anchor(name)}", aria_label=f"{label}: {state}")
