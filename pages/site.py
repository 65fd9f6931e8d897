"""What mkdocs calls while it builds the site (`hooks` in mkdocs.yml).

Links that lead out of docs/ lead to the repository on the web, where readers of the site are not. Decisions, and pages
that nobody put into the navigation, are in it all the same.
"""

import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_LINK = re.compile(r"\]\(((?:\.\./)+[^)#\s]+)(#[^)\s]*)?\)")
_log = logging.getLogger("mkdocs.hooks.site")  # what mkdocs counts warnings of


def on_config(config: Any) -> Any:
    """Called with the settings, before anything is read."""
    docs = Path(config["docs_dir"])
    known = {*_named(config["nav"])}
    found = sorted(str(page.relative_to(docs)) for page in docs.rglob("*.md"))
    decisions = ["adr/index.md", *(page for page in found if page.startswith("adr/0"))]
    more = [page for page in found if page not in known and not page.startswith("adr/")]
    config["nav"] += [{"Decisions": decisions}, *([{"More": more}] if more else [])]
    return config


def on_page_markdown(markdown: str, *, page: Any, config: Any, **_: Any) -> str:
    """Called with each page. A link to a file that is nowhere fails the build, as one inside docs/ does."""
    docs, folder = Path(config["docs_dir"]), Path(page.file.abs_src_path).parent

    def outward(link: "re.Match[str]") -> str:
        there = (folder / link[1]).resolve()
        if there.is_relative_to(docs):
            return link[0]
        if not there.exists():
            _log.warning("%s links to %s, which is not in the repository", page.file.src_uri, link[1])
        kind = "tree" if there.is_dir() else "blob"
        return f"]({config['repo_url']}/{kind}/main/{there.relative_to(docs.parent)}{link[2] or ''})"

    return _LINK.sub(outward, markdown)


def _named(nav: Any) -> Iterator[str]:
    """Every page that the navigation names."""
    for entry in nav:
        for value in entry.values() if isinstance(entry, dict) else [entry]:
            yield from _named(value) if isinstance(value, list) else [value]
