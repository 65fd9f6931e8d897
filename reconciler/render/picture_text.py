"""The dependency graph as Mermaid and as DOT."""

from collections.abc import Mapping

from reconciler.core.views.picture import Picture, State
from reconciler.render import words

COLOURS: Mapping[State, tuple[str, str]] = {
    State.SETTLED: ("#d8f3dc", "#2d6a4f"),
    State.CHANGING: ("#fff3bf", "#a86f00"),
    State.HELD: ("#e5dbff", "#5f3dc4"),
    State.STALLED: ("#ffe3e3", "#c92a2a"),
    State.REMOVED: ("#ffd8a8", "#b02a00"),
    State.FOREIGN: ("#f1f3f5", "#6c757d"),
    State.MISSING: ("#ffffff", "#c92a2a"),
}
"""Fill and line by state; every text on its fill has a contrast of at least 4.5."""


def mermaid(picture: Picture) -> str:
    """A flowchart: a model points at what it needs."""
    ids = {name: f"m{index}" for index, name in enumerate(sorted(picture.states))}
    rows = ["flowchart LR"]
    rows += [f"  {ids[name]}[{_quoted(name)}]:::{_css(state)}" for name, state in sorted(picture.states.items())]
    rows += [f"  {ids[model]} --> {ids[needed]}" for model, needed in picture.edges]
    for state in State:
        fill, line = COLOURS[state]
        dashed = ",stroke-dasharray:4" if state is State.MISSING else ""
        rows.append(f"  classDef {_css(state)} fill:{fill},stroke:{line},color:#1b1b1b{dashed}")
    return "\n".join(rows) + "\n"


def dot(picture: Picture) -> str:
    """A digraph for Graphviz."""
    rows = ["digraph models {", "  rankdir=LR;", '  node [shape=box, style="rounded,filled", fontname="sans-serif"];']
    for name, state in sorted(picture.states.items()):
        fill, line = COLOURS[state]
        style = ', style="rounded,filled,dashed"' if state is State.MISSING else ""
        told = _escaped(f"{name}: {state.value}")
        rows.append(f'  "{_escaped(name)}" [fillcolor="{fill}", color="{line}", tooltip="{told}"{style}];')
    rows += [f'  "{_escaped(model)}" -> "{_escaped(needed)}";' for model, needed in picture.edges]
    return "\n".join([*rows, "}"]) + "\n"


def _css(state: State) -> str:
    return state.name.lower()


def _quoted(name: str) -> str:
    """Mermaid has entities for what would end its strings or be markup."""
    told = words.line(name)
    return '"' + "".join(char if char.isalnum() or char in " ._-" else f"#{ord(char)};" for char in told) + '"'


def _escaped(text: str) -> str:
    return words.line(text).replace("\\", "\\\\").replace('"', '\\"')
