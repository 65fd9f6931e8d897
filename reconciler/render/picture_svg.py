"""The dependency graph as an SVG of its own: layers from left to right, no script, nothing from outside."""

from collections.abc import Iterator, Mapping, Sequence
from xml.sax.saxutils import escape, quoteattr

from reconciler.core.views.picture import Picture, State
from reconciler.render import words
from reconciler.render.picture_text import COLOURS

HIGH, _GAP, BETWEEN, MARGIN, _LETTER = 30, 14, 90, 20, 8
"""Pixels: a box, the gap below it, between layers, around all, and the width of a letter."""

_LEGEND = 40

Box = tuple[float, float, float]
"""Left, top and width of a box, in pixels."""


def svg(picture: Picture) -> str:
    """The whole drawing."""
    placed = boxes(picture.layers)
    over = columns(placed)
    wide = max((left + width for left, _, width in placed.values()), default=0) + MARGIN
    high = max((top + HIGH for _, top, _ in placed.values()), default=0) + MARGIN
    wide = max(wide, 100 * len(State))
    rows = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{wide:.0f}" height="{high + _LEGEND:.0f}" '
            f'viewBox="0 0 {wide:.0f} {high + _LEGEND:.0f}" font-family="sans-serif" font-size="13" role="img" '
            f'aria-label="models and what they need">'
        ),
        '<rect width="100%" height="100%" fill="#ffffff"/>',
        (
            '<defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
            '<path d="M0 0 8 4 0 8z" fill="#6c757d"/></marker></defs>'
        ),
        *(_edge(placed[needed], placed[model], over) for model, needed in picture.edges),
        *(_node(name, picture.states[name], box) for name, box in placed.items()),
        *_legend(picture, high),
        "</svg>",
    ]
    return "\n".join(rows) + "\n"


def boxes(layers: Sequence[tuple[str, ...]], labels: Mapping[str, str] | None = None) -> Mapping[str, Box]:
    """What is needed stands on the left of what needs it; each layer is centred. `labels`: what is not just a name."""
    told = labels or {}
    highest = max((len(layer) for layer in layers), default=0)
    left, found = float(MARGIN), dict[str, Box]()
    for layer in layers:
        width = max(len(words.line(told.get(name, name))) for name in layer) * _LETTER + 24
        top = MARGIN + (highest - len(layer)) * (HIGH + _GAP) / 2
        found |= {name: (left, top + index * (HIGH + _GAP), width) for index, name in enumerate(layer)}
        left += width + BETWEEN
    return found


def _node(name: str, state: State, box: Box) -> str:
    left, top, width = box
    fill, line = COLOURS[state]
    dashed = ' stroke-dasharray="4"' if state is State.MISSING else ""
    told, middle = escape(words.line(name)), top + HIGH / 2
    return (
        f"<g><title>{told}: {state.value}</title>"
        f'<rect x="{left:.0f}" y="{top:.0f}" width="{width:.0f}" height="{HIGH}" rx="6" fill={quoteattr(fill)} '
        f"stroke={quoteattr(line)}{dashed}/>"
        f'<text x="{left + width / 2:.0f}" y="{middle:.0f}" fill="#1b1b1b" text-anchor="middle" '
        f'dominant-baseline="central">{told}</text></g>'
    )


def _edge(needed: Box, model: Box, over: Mapping[float, Box]) -> str:
    """From what needs it to what is needed."""
    return f'<path d="{path(needed, model, over)}" fill="none" stroke="#6c757d" marker-end="url(#tip)"/>'


def columns(placed: Mapping[str, Box]) -> Mapping[float, Box]:
    """By its left, what a layer takes as a whole: its left, its lowest edge and its width."""
    found: dict[float, Box] = {}
    for left, top, width in placed.values():
        found[left] = (left, max(top + HIGH, found.get(left, (0, 0, 0))[1]), width)
    return found


def path(needed: Box, model: Box, over: Mapping[float, Box]) -> str:
    """A line, led below the layers in between: behind a box it would look as if it ended there."""
    bend, (x1, y1), (x2, y2) = (
        BETWEEN / 2,
        (model[0], model[1] + HIGH / 2),
        (needed[0] + needed[2], needed[1] + HIGH / 2),
    )
    passed = [box for left, box in over.items() if needed[0] < left < model[0]]
    if not passed:
        return f"M{x1:.0f} {y1:.0f}C{x1 - bend:.0f} {y1:.0f} {x2 + bend:.0f} {y2:.0f} {x2:.0f} {y2:.0f}"
    first, last = min(passed), max(passed)
    low = max(box[1] for box in passed) + _GAP / 2
    right, left = last[0] + last[2], first[0]
    return (
        f"M{x1:.0f} {y1:.0f}C{x1 - bend:.0f} {y1:.0f} {right + bend:.0f} {low:.0f} {right:.0f} {low:.0f}"
        f"L{left:.0f} {low:.0f}C{left - bend:.0f} {low:.0f} {x2 + bend:.0f} {y2:.0f} {x2:.0f} {y2:.0f}"
    )


def _legend(picture: Picture, top: float) -> Iterator[str]:
    left = MARGIN
    for state in (state for state in State if state in picture.states.values()):
        fill, line = COLOURS[state]
        yield (
            f'<rect x="{left}" y="{top + 6:.0f}" width="14" height="14" rx="3" fill="{fill}" stroke="{line}"/>'
            f'<text x="{left + 20}" y="{top + 13:.0f}" fill="#495057" dominant-baseline="central">{state.value}</text>'
        )
        left += 40 + _LETTER * len(state.value)
