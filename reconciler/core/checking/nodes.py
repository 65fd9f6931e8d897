"""Values with the places where they were written, and what is said of those that are wrong."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias, cast

from reconciler.core.errors import Problem
from reconciler.core.jsonvalue import Json, JsonObject

MAX_PROBLEMS = 50
"""How many faults of one kind of check a file gets: more would not be read."""

_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,59}")

Path: TypeAlias = tuple[str | int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Line and column in a file, both from 1."""

    line: int
    column: int


START = Place(line=1, column=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A value where it was written.

    `size` counts values and `height` levels, aliases expanded. `written` is the text of a plain scalar that is not
    text itself.
    """

    place: Place
    value: Json
    size: int = 1
    height: int = 0
    written: str | None = None
    children: Mapping[str | int, "Node"] = field(default_factory=dict)
    keys: Mapping[str | int, Place] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One file's mapping."""

    file: str
    root: Node

    @property
    def value(self) -> JsonObject:
        """The whole as JSON; keys are as they were written."""
        return cast("JsonObject", self.root.value)

    def node(self, path: Path) -> Node:
        """The node at the path, or the nearest one above it."""
        node = self.root
        for step in path:
            if step not in node.children:
                break
            node = node.children[step]
        return node

    def problem(self, path: Path, found: str, expected: str, *, at_key: bool = False) -> Problem:
        """A fault at the path: where its value is written, or its key."""
        place = self.node(path).place
        if at_key:
            place = self.node(path[:-1]).keys.get(path[-1], place)
        return problem_at(self.file, place, path, found, expected)


def problem_at(file: str, place: Place, path: Path, found: str, expected: str) -> Problem:
    """A fault at a place of a file."""
    return Problem(
        file=file, line=place.line, column=place.column, path=path_text(path), found=found, expected=expected
    )


def path_text(path: Path) -> str:
    """`spec.probe[0].inputs`; keys that are not plain words in quotes."""
    parts = []
    for step in path:
        if isinstance(step, int):
            parts.append(f"[{step}]")
        elif _PLAIN_KEY.fullmatch(step):
            parts.append(f".{step}")
        else:
            parts.append(f"[{quoted(step)}]")
    return "".join(parts).removeprefix(".")


def quoted(text: str) -> str:
    """The text in double quotes, cut where it is long, without control characters."""
    short = text if len(text) <= 60 else text[:57] + "…"
    return '"' + "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in short) + '"'


_URL = re.compile("(://)[^/?#]*@")
_QUERY = re.compile(r"(?<=[?#]).*", re.DOTALL)


def described(value: Json, written: str | None) -> str:
    """The value as a person sees it; userinfo and query of a URL are left out."""
    match value:
        case None:
            return "nothing (null)"
        case bool():
            return written or str(value).lower()
        case int() | float():
            return f"the number {written or value}"
        case str():
            return quoted(_QUERY.sub("…", _URL.sub(r"\1…@", value)) if "://" in value else value)
        case list():
            return f"a list of {len(value)}"
        case _:
            return "a mapping"
