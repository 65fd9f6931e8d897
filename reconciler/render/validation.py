"""What `reconcile validate` found, as a sentence and as JSON."""

from collections.abc import Sequence
from typing import cast

from reconciler.core.errors import Problem
from reconciler.core.jsonvalue import JsonObject
from reconciler.render import plan_json, words
from reconciler.render.line import Line, Tone


def sentence(right: int, wrong: Sequence[Problem], where: Sequence[str]) -> Line:
    """The one sentence at the end; `where`: the repositories, as people may see them."""
    models, places = words.count(right, "model"), ", ".join(map(words.line, where))
    if not wrong:
        return Line(f"{models} checked in {places}, no problems.", Tone.TITLE)
    files = words.count(len({problem.file for problem in wrong}), "file")
    return Line(f"{words.count(len(wrong), 'problem')} in {files} of {places}; {models} without problems.", Tone.TITLE)


def document(right: int, wrong: Sequence[Problem], where: Sequence[str]) -> JsonObject:
    """`valid`, the repositories, the number of models without problems, and the problems."""
    shown: JsonObject = {
        "format_version": plan_json.FORMAT_VERSION,
        "valid": not wrong,
        "repositories": [*where],
        "models": right,
        "problems": [plan_json.problem(found) for found in wrong],
    }
    return cast("JsonObject", words.cleaned(shown))
