"""HTML that cannot be broken out of: whatever is not Html already is foreign text, and is cleaned and escaped."""

from functools import lru_cache
from html import escape

from reconciler.render import words

VOID = frozenset({"br", "input", "link", "meta"})


class Html(str):
    """Markup as it is to be written."""

    __slots__ = ()

    def __add__(self, other: str) -> "Html":
        return Html(str.__add__(self, text(other)))


Child = str | None
"""Html, foreign text, or nothing."""


def text(content: Child) -> Html:
    """Foreign text as markup; lines become one, and a space around it stays one."""
    if content is None or isinstance(content, Html):
        return content or Html("")
    return _escaped(content)


@lru_cache(maxsize=8192)
def _escaped(content: str) -> Html:
    """Most texts of a page of thousands of models are there many times."""
    before, after = (" " if edge.isspace() else "" for edge in (content[:1], content[1:][-1:]))
    return Html(before + escape(words.line(content), quote=True) + after)


def tag(name: str, /, *children: Child, **attributes: str | bool | None) -> Html:
    """An element. `class_` and `data_x` are written `class` and `data-x`; False and None leave an attribute out."""
    told = "".join(_attribute(key, value) for key, value in attributes.items())
    if name in VOID:
        return Html(f"<{name}{told}>")
    return Html(f"<{name}{told}>{joined(*children)}</{name}>")


def joined(*children: Child) -> Html:
    """One after the other."""
    return Html("".join(text(child) for child in children))


def raw(content: str) -> Html:
    """Text of our own, such as a style sheet."""
    return Html(content)


def _attribute(key: str, value: str | bool | None) -> str:
    name = key.rstrip("_").replace("_", "-")
    if value is None or value is False:
        return ""
    return f" {name}" if value is True else f' {name}="{text(value)}"'
