"""A Board as one HTML page that needs nothing else: no script, no font and no picture from outside.

Promise: whatever a name or a message holds, it is text there. The page works without its script, and its policy lets
nothing run but that.
"""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources

from reconciler import __version__
from reconciler.core.views.board import Board
from reconciler.render.page.drawing import graph
from reconciler.render.page.head import header, rejected, title, world
from reconciler.render.page.markup import Html, raw, tag
from reconciler.render.page.models import models
from reconciler.render.page.passes import ahead, lately

_LONG = 50
"""Models, from which on nobody scrolls past them."""

_FOLDER = resources.files("reconciler.render.page")
_STYLE = _FOLDER.joinpath("style.css").read_text(encoding="utf-8")
_SCRIPT = _FOLDER.joinpath("script.js").read_text(encoding="utf-8")


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """The page, and the policy that it is to be served with."""

    text: str
    policy: str


def _hash(content: str) -> str:
    return "'sha256-" + base64.b64encode(hashlib.sha256(content.encode()).digest()).decode() + "'"


POLICY = (
    f"default-src 'none'; style-src {_hash(_STYLE)}; script-src {_hash(_SCRIPT)}; img-src data:; "
    "base-uri 'none'; form-action 'self'"
)
"""What a browser may do: our style and our script, asking for a pass, and nothing else."""


def page(board: Board, *, served: bool = False) -> Page:
    """`served`: by the loop itself, which can be asked for a pass; else as a file."""
    whole = tag("html", _head(board), _body(board, served=served), lang="en")
    policy = f"{POLICY}; frame-ancestors 'none'"  # which means nothing in a file
    return Page(text=f"<!DOCTYPE html>\n{whole}\n", policy=policy)


def _head(board: Board) -> Html:
    return tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=raw(POLICY)),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("meta", name="referrer", content="same-origin"),
        tag("meta", name="robots", content="noindex"),
        tag("link", rel="icon", href="data:,"),
        tag("title", title(board)),
        tag("style", raw(_STYLE)),
    )


def _body(board: Board, *, served: bool) -> Html:
    parts = {
        "models": models(board),
        "dependencies": graph(board),
        "plan": ahead(board),
        "passes": lately(board),
        "servers": world(board),
        "errors": rejected(board),
    }
    ways = _ways([name for name, part in parts.items() if part]) if len(board.models) > _LONG else None
    main = tag("main", _asking() if served else None, *parts.values(), id="main")
    skip = tag("a", "Skip to the models", href="#main", class_="skip")
    return tag("body", skip, header(board), ways, main, _footer(served=served), tag("script", raw(_SCRIPT)))


def _ways(names: Sequence[str]) -> Html:
    """Past a long table to what comes after it."""
    links = [tag("a", name, href=f"#{name}") for name in names]
    return tag("nav", *(tag("span", link, " ") for link in links), aria_label="parts of this page", class_="faint")


def _asking() -> Html:
    return tag("form", tag("button", "Reconcile now", type="submit"), method="post", action="reconcile", class_="ask")


def _footer(*, served: bool) -> Html:
    links = [" · ", tag("a", "status.json", href="status.json"), " · ", tag("a", "metrics", href="metrics")]
    return tag("footer", tag("p", f"reconcile {__version__}", *(links if served else ())))
