"""Problems as annotations in the files of a pull request: GitHub's workflow commands, a line each.

Promise: whatever a file or its name holds, a line is one command and the one that is meant. GitHub shows ten of them in
the files, and all in the log of the step, where their place stands only if the message has it.
"""

from collections.abc import Iterable

from reconciler.core.errors import Problem
from reconciler.render import words
from reconciler.render.line import Line


def lines(problems: Iterable[Problem]) -> list[Line]:
    """An error for each problem."""
    return [Line(_error(problem)) for problem in problems]


def command(kind: str, message: str, **properties: str) -> str:
    """A workflow command, on one line."""
    told = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    return f"::{kind}{' ' if told else ''}{told}::{_data(words.line(message))}"


def _error(problem: Problem) -> str:
    place = {"file": problem.file, "line": str(problem.line), "col": str(problem.column)}
    title = {"title": words.line(problem.path)} if problem.path else {}
    return command("error", str(problem), **place, **title)


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(words.clean(text)).replace(":", "%3A").replace(",", "%2C")
