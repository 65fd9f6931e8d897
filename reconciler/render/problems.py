"""The faults of documents as lines, all at once."""

from collections.abc import Iterable

from reconciler.core.errors import Problem
from reconciler.core.spec import Desired
from reconciler.render import words
from reconciler.render.line import Line, Tone


def of(desired: Desired) -> tuple[Problem, ...]:
    """Every fault once, in the order of files and lines."""
    found = {*desired.problems, *(problem for problems in desired.rejected.values() for problem in problems)}
    return tuple(
        sorted(found, key=lambda problem: (problem.file, problem.line, problem.column, problem.path, str(problem)))
    )


def lines(problems: Iterable[Problem]) -> list[Line]:
    """`file:line:column: path: found …, expected …`, as compilers and editors write it."""
    return [Line(words.line(str(problem)), Tone.ALERT) for problem in problems]
