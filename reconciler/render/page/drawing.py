"""The dependency graph inside the page: its colours are the style sheet's, its boxes lead to the models."""

from collections.abc import Iterator

from reconciler.core.board import Board, Light
from reconciler.core.board_graph import Drawing, drawing
from reconciler.render import words
from reconciler.render.page.markup import Html, raw, tag
from reconciler.render.page.models import anchor
from reconciler.render.page.parts import MARKS, section, style_of
from reconciler.render.picture_svg import BETWEEN, HIGH, MARGIN, Box, boxes


def graph(board: Board) -> Html:
    """The part of the page; nothing where no model needs another."""
    drawn = drawing(board)
    if not drawn.edges and not drawn.left_out:
        return Html("")
    return section("Dependencies", *_told(drawn), *_shown(drawn), name="dependencies")


def _told(drawn: Drawing) -> Iterator[Html]:
    parts = ["A line leads from a model to what it needs, on its left."] if drawn.edges else []
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
    placed = boxes(drawn.layers)
    wide = max(left + width for left, _, width in placed.values()) + MARGIN
    high = max(top + HIGH for _, top, _ in placed.values()) + MARGIN
    picture = tag(
        "svg",
        *(_edge(placed[needed], placed[model]) for model, needed in drawn.edges),
        *(_node(name, light, placed[name]) for name, light in drawn.lights.items()),
        width=f"{wide:.0f}",
        height=f"{high:.0f}",
        viewBox=f"0 0 {wide:.0f} {high:.0f}",
        role="group",
        aria_label="models and what they need",
    )
    yield tag("div", picture, class_="scroll", tabindex="0", role="region", aria_label="dependency graph")


def _node(name: str, light: Light | None, box: Box) -> Html:
    left, top, width = box
    state = "not ours, or missing" if light is None else light.value
    mark = "" if light is None else f"{MARKS[light]} "
    shape = tag(
        "rect", x=f"{left:.0f}", y=f"{top:.0f}", width=f"{width:.0f}", height=f"{HIGH}", rx="6", class_=style_of(light)
    )
    label = tag("text", mark + name, x=f"{left + width / 2:.0f}", y=f"{top + HIGH / 2:.0f}")
    whole = tag("g", tag("title", f"{name}: {state}"), shape, label)
    return whole if light is None else tag("a", whole, href=f"#{anchor(name)}", aria_label=f"{name}: {state}")


def _edge(needed: Box, model: Box) -> Html:
    x1, y1 = model[0], model[1] + HIGH / 2
    x2, y2 = needed[0] + needed[2], needed[1] + HIGH / 2
    bend = BETWEEN / 2
    path = f"M{x1:.0f} {y1:.0f}C{x1 - bend:.0f} {y1:.0f} {x2 + bend:.0f} {y2:.0f} {x2:.0f} {y2:.0f}"
    return raw(f'<path class="edge" d="{path}"/>')
