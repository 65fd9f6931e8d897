"""Problems as annotations in the files of a pull request: GitHub's workflow commands, a line each.

Promise: whatever a file or its name holds, a line is one command and the one that is meant.
"""

from collections.abc import Iterator, Sequence

from reconciler.core.errors import Problem
from reconciler.render import words

SHOWN = 10
"""As many errors of a step GitHub shows; more of them push out nothing, but are not seen."""


def lines(problems: Sequence[Problem]) -> Iterator[str]:
    """An error for each problem that GitHub would show, and a notice of how many more there are."""
    yield from (_error(problem) for problem in problems[:SHOWN])
    if len(problems) > SHOWN:
        more = words.count(len(problems) - SHOWN, "more problem")
        yield command("notice", f"{more}: the log of this step names all of them.")


def command(kind: str, message: str, **properties: str) -> str:
    """A workflow command, on one line."""
    told = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    return f"::{kind}{' ' if told else ''}{told}::{_data(words.line(message))}"


def _error(problem: Problem) -> str:
    place = {"file": words.clean(problem.file), "line": str(problem.line), "col": str(problem.column)}
    title = {"title": words.line(problem.path)} if problem.path else {}
    return command("error", f"found {problem.found}, expected {problem.expected}", **place, **title)


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
