"""What `reconcile validate` found, as a sentence and as JSON."""

from collections.abc import Sequence
from typing import cast

from reconciler.core.errors import Problem
from reconciler.core.jsonvalue import JsonObject
from reconciler.render import plan_json, words
from reconciler.render.line import Line, Tone


def sentence(right: int, wrong: Sequence[Problem]) -> Line:
    """The one sentence at the end."""
    models = words.count(right, "model")
    if not wrong:
        return Line(f"{models} checked, no problems.", Tone.TITLE)
    files = words.count(len({problem.file for problem in wrong}), "file")
    return Line(f"{words.count(len(wrong), 'problem')} in {files}; {models} without problems.", Tone.TITLE)


def document(right: int, wrong: Sequence[Problem]) -> JsonObject:
    """`valid`, the number of models without problems, and the problems."""
    shown: JsonObject = {
        "format_version": plan_json.FORMAT_VERSION,
        "valid": not wrong,
        "models": right,
        "problems": [plan_json.problem(found) for found in wrong],
    }
    return cast("JsonObject", words.cleaned(shown))
