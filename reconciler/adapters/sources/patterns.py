"""`include` and `exclude` of a source: gitignore's globs on the path inside the source.

`*` and `?` stop at '/', `**` does not; a pattern without '/' matches at any depth; one that matches a directory
matches everything below it. Promise: any pattern is taken, and none takes longer than its length times the path's.
"""

import functools
import re
from collections.abc import Callable, Iterable

ALWAYS_EXCLUDED = ("__pycache__", "*.pyc", ".git", ".DS_Store")

_TOKEN = re.compile(r"\*\*/|\*\*|\*|\?|\[[!^]?\]?[^\]]*\]|.", re.DOTALL)
_WILD = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
_UNBOUNDED = frozenset({"**/", "**", "*"})
_NOTHING = "(?!)"

_FEW = 2
"""How many stars an expression may have: one that has to go back tries every place of the path for each of them."""


def wanted(path: str, include: Iterable[str], exclude: Iterable[str]) -> bool:
    """Whether the path is included and not excluded."""
    return _any(include, path) and not _any(ALWAYS_EXCLUDED, path) and not _any(exclude, path)


def _any(patterns: Iterable[str], path: str) -> bool:
    expression, starry = _compiled(tuple(patterns))
    return expression.fullmatch(path) is not None or any(each(path) for each in starry)


@functools.cache
def _compiled(patterns: tuple[str, ...]) -> tuple[re.Pattern[str], tuple[Callable[[str], bool], ...]]:
    """As one expression, since there may be many thousands of paths, but for those with many stars."""
    taken = [(pattern, _tokens(pattern)) for pattern in patterns]
    plain = [_expression(pattern, tokens) for pattern, tokens in taken if _stars(tokens) <= _FEW]
    starry = tuple(_Walk(pattern, tokens) for pattern, tokens in taken if _stars(tokens) > _FEW)
    return _compile("|".join(plain) or _NOTHING), starry


def _tokens(pattern: str) -> list[str]:
    """One after the other, from the root on."""
    floating = [] if "/" in pattern.rstrip("/") else ["**/"]
    return floating + _TOKEN.findall(pattern.strip("/"))


def _stars(tokens: list[str]) -> int:
    return sum(token in _UNBOUNDED for token in tokens)


def _expression(pattern: str, tokens: list[str]) -> str:
    return "".join(map(_token, tokens)) + ("/.*" if pattern.endswith("/") else "(?:/.*)?")


def _token(token: str) -> str:
    return _WILD.get(token) or (re.escape(token) if len(token) == 1 else _characters(token[1:-1]))


def _characters(inside: str) -> str:
    """One character of those in brackets; a range that ends before it begins holds none."""
    negated = inside[:1] in ("!", "^")
    listed, found = inside[negated:], list[str]()
    while listed:
        first, last = listed[0], listed[2:3] if listed[1:2] == "-" and len(listed) > 2 else listed[0]
        found += [f"{re.escape(first)}-{re.escape(last)}"] if first <= last else []
        listed = listed[1:] if listed[1:2] != "-" or len(listed) < 3 else listed[3:]
    characters = "".join(found)
    if not characters:
        return _NOTHING
    return f"(?!/)[{'^' if negated else ''}{characters}]"


_STATES = {"**/": ("", "**/")}
_STEPS = {"": _NOTHING, "**/": "/", "**": _NOTHING, "*": _NOTHING}
"""What leads on; before each `**/` there is a state from which that may be left out."""

_LOOPS = {"**/": ".", "**": ".", "*": "[^/]"}


class _Walk:
    """A pattern matched without ever going back: all the states that it may be in are the bits of a number."""

    def __init__(self, pattern: str, tokens: list[str]) -> None:
        states = [state for each in tokens for state in _STATES.get(each, (each,))]
        self._steps = [_compile(_STEPS[token] if token in _STEPS else _token(token)) for token in states]
        self._loops = [_compile(_LOOPS.get(token, _NOTHING)) for token in states]
        self._skips = sum(1 << place for place, token in enumerate(states) if token in ("", "**", "*"))
        self._jumps = sum(1 << place for place, token in enumerate(states) if not token)
        self._end, self._below = 1 << len(states), pattern.endswith("/")
        self._masks: dict[str, tuple[int, int]] = {}

    def __call__(self, path: str) -> bool:
        """Whether the path fits."""
        state = self._skipped(1)
        for char in path:
            if char == "/" and state & self._end:
                return True
            step, loop = self._mask(char)
            state = self._skipped((state & step) << 1 | state & loop)
        return bool(state & self._end) and not self._below

    def _mask(self, char: str) -> tuple[int, int]:
        if char not in self._masks:
            self._masks[char] = _bits(self._steps, char), _bits(self._loops, char)
        return self._masks[char]

    def _skipped(self, state: int) -> int:
        """With what may come next where stars stand for nothing."""
        while more := ((state & self._skips) << 1 | (state & self._jumps) << 2) & ~state:
            state |= more
        return state


def _compile(expression: str) -> re.Pattern[str]:
    return re.compile(expression, re.DOTALL)


def _bits(expressions: list[re.Pattern[str]], char: str) -> int:
    return sum(1 << place for place, each in enumerate(expressions) if each.fullmatch(char))
