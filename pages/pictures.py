"""`make pictures`: what README and docs show, from what the program really prints and draws.

A plan and an apply of the demo's models on the local Triton, as a terminal shows them; the page with three and with three
thousand models, by day and by night, in headless Chromium.
"""

import sys
import tempfile
from pathlib import Path

from pages import terminal
from reconciler.core.errors import Reason
from reconciler.core.views.board import Board, ServerLine
from reconciler.render.page import page
from tests.boards import board, busy, many, model, passed
from tests.browser import Tab, browser

PICTURES = Path(__file__).parents[1] / "docs" / "pictures"
_WIDTH, _HEIGHT = 1000, 760


def shoot(folder: Path) -> None:
    """The page, in all four ways, and the graph of many."""
    with tempfile.TemporaryDirectory() as work, browser(Path(work) / "profile") as tab:
        for name, board in (("few", few()), ("many", many(3000))):
            for dark in (False, True):
                tab.like(dark=dark)
                _open(tab, Path(work) / "report.html", board)
                tab.window(folder / f"page-{name}-{'dark' if dark else 'light'}.webp")
        _to_the_graph(tab)
        tab.window(folder / "graph-many.webp")


def few() -> Board:
    """Three models, one of which is not as it should be."""
    return board(
        model("densenet"),
        model("ensemble"),
        model("tokenizer", Reason.LOAD_FAILED, "ModuleNotFoundError: No module named 'sentencepiece'"),
        needs={"ensemble": frozenset({"densenet", "tokenizer"})},
        servers=(ServerLine(url="grpc://triton-0:8001", up=True, told="Triton 2.51.0"),),
        passes=(busy(), passed(minutes=9)),
    )


def _open(tab: Tab, file: Path, shown: Board) -> None:
    file.write_text(page(shown).text, encoding="utf-8")
    tab.open(file.as_uri(), width=_WIDTH, height=_HEIGHT)


def _to_the_graph(tab: Tab) -> None:
    tab.value("document.getElementById('dependencies').scrollIntoView()")


if __name__ == "__main__":
    PICTURES.mkdir(exist_ok=True)
    shoot(PICTURES)
    if "--page" not in sys.argv:
        terminal.record(PICTURES)
