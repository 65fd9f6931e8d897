"""What `reconcile run` serves over HTTP: metrics, health, readiness, the status as JSON and as a page."""

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace

from reconciler.adapters import metrics, web
from reconciler.adapters.web import Answer, Asked, Page
from reconciler.core.views.board import Board, Health
from reconciler.core.views.tally import Tally
from reconciler.render import json_text
from reconciler.render.board_json import document
from reconciler.render.page import page

_HTML, _JSON = "text/html; charset=utf-8", "application/json"
_ASKED = (
    '<!DOCTYPE html>\n<html lang="en"><meta charset="utf-8"><meta name="color-scheme" content="light dark">'
    '<meta name="viewport" content="width=device-width, initial-scale=1"><title>asked</title>'
    '<p>A pass was asked for; it begins at once.</p><p><a href="./">Back to the status</a></p></html>\n'
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Views:
    """What is served, each asked anew for each request, from any thread, and quick: none may wait for a pass.

    `board`: as it is now, with the tally. `health`: whether the loop turns; `ready`: whether requests may come; `ask`:
    a pass is wanted at once.
    """

    board: Callable[[], Board]
    health: Callable[[], Health]
    ready: Callable[[], Health]
    ask: Callable[[], None]


def serving(listen: str, views: Views, bounds: web.Bounds | None = None) -> AbstractContextManager[str]:
    """Serves at `HOST:PORT` until the end of the block, and gives the address. Raises UsageError and TerminalError."""
    return web.listening(listen, pages(views), bounds or web.Bounds())


def pages(views: Views) -> web.Pages:
    """Every path there is."""
    shown = _Drawn(_page)
    told = _Drawn(lambda board: Answer(body=json_text.compact(document(board)).encode(), media_type=_JSON))
    return {
        "/": Page(answer=lambda _: shown.of(views.board())),
        "/healthz": Page(answer=lambda _: _health(views.health())),
        "/metrics": Page(answer=lambda asked: _metrics(views.board(), asked)),
        "/readyz": Page(answer=lambda _: _health(views.ready())),
        "/reconcile": Page(answer=lambda asked: _asked(views, asked), acts=True),
        "/status.json": Page(answer=lambda _: told.of(views.board())),
    }


class _Drawn:
    """What was made of the last board: thousands of models take seconds, and many may ask between two passes."""

    def __init__(self, draw: Callable[[Board], Answer]) -> None:
        self._draw = draw
        self._lock = threading.Lock()
        self._last: tuple[Board, Answer] | None = None

    def of(self, board: Board) -> Answer:
        board = replace(board, tally=Tally())  # which is not shown, and changes all the time
        with self._lock:  # nor do many make the same at once
            if self._last is None or self._last[0] != board:
                self._last = (board, self._draw(board))
            return self._last[1]


def _page(board: Board) -> Answer:
    made = page(board, served=True)
    return Answer(body=made.text.encode(), media_type=_HTML, headers={"Content-Security-Policy": made.policy})


def _metrics(board: Board, asked: Asked) -> Answer:
    told = metrics.exposition(board, asked.header("accept"))
    return Answer(body=told.text, media_type=told.media_type, headers={"Vary": "Accept"})


def _health(found: Health) -> Answer:
    return Answer(status=200 if found.well else 503, body=f"{found.says}\n".encode())


def _asked(views: Views, asked: Asked) -> Answer:
    views.ask()
    if "text/html" in asked.header("accept"):
        return Answer(status=202, body=_ASKED.encode(), media_type=_HTML)
    return Answer(status=202, body=b"a pass was asked for; it begins at once\n")
