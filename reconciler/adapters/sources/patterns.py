"""`include` and `exclude` of a source: gitignore's globs on the path inside the source.

`*` and `?` stop at '/', `**` does not; a pattern without '/' matches at any depth; one that matches a directory
matches everything below it.
"""

import functools
import re
from collections.abc import Iterable

ALWAYS_EXCLUDED = ("__pycache__", "*.pyc", ".git", ".DS_Store")

_TOKEN = re.compile(r"\*\*/|\*\*|\*|\?|\[[!^]?\]?[^\]]*\]|.", re.DOTALL)
_WILD = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}


def wanted(path: str, include: Iterable[str], exclude: Iterable[str]) -> bool:
    """Whether the path is included and not excluded."""
    return _any(include, path) and not _any(ALWAYS_EXCLUDED, path) and not _any(exclude, path)


def _any(patterns: Iterable[str], path: str) -> bool:
    return _compiled(tuple(patterns)).fullmatch(path) is not None


@functools.cache
def _compiled(patterns: tuple[str, ...]) -> re.Pattern[str]:
    """All of them as one, since there may be many thousands of paths; no pattern matches nothing."""
    return re.compile("|".join(map(_expression, patterns)) or r"(?!)", re.DOTALL)


def _expression(pattern: str) -> str:
    body = pattern.strip("/")
    floating = "" if "/" in pattern.rstrip("/") else "(?:.*/)?"
    below = "/.*" if pattern.endswith("/") else "(?:/.*)?"
    return floating + "".join(map(_token, _TOKEN.findall(body))) + below


def _token(token: str) -> str:
    if token in _WILD:
        return _WILD[token]
    if len(token) == 1:
        return re.escape(token)
    inside = token[1:-1].replace("\\", r"\\")
    negated = inside[:1] in ("!", "^")
    characters = (inside[1:] if negated else inside).replace("[", r"\[").replace("]", r"\]")
    return f"(?!/)[{'^' if negated else ''}{characters}]"
