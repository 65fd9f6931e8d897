"""What is neither a file nor a folder where models are looked for: refused, for nobody knows what is behind it."""

import posixpath
from collections.abc import Collection, Iterator, Mapping

from reconciler.core.checking.nodes import START, problem_at
from reconciler.core.errors import Problem


class Opaque(bytes):
    """What is at such a path (a link, a submodule), in words that no parser accepts."""

    __slots__ = ()


def opaque(
    files: Mapping[str, bytes], folder: str, endings: Collection[str]
) -> Iterator[tuple[str, tuple[Problem, ...]]]:
    """What stands in a folder in place of more folders, by its path; what has such an ending is parsed, and refused."""
    for path, content in files.items():
        first, *rest = path.split("/")
        hidden = any(part.startswith(".") for part in rest)
        ending = posixpath.splitext(path)[1].lower() if rest else ""
        if isinstance(content, Opaque) and first == folder and not hidden and ending not in endings:
            expected = "a folder or a file: models are not looked for behind it"
            yield path, (problem_at(path, START, (), content.decode("utf-8", "replace"), expected),)
