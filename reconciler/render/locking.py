"""What came of `reconcile lock`, as lines and as JSON."""

from typing import cast

from reconciler.core.jsonvalue import JsonObject
from reconciler.core.parsing.lock_report import SOUND, Locked, Locking, LockReport
from reconciler.core.quantities import in_words
from reconciler.render import plan_json, words
from reconciler.render.line import Line, Tone

_TONES = {
    Locking.WRITTEN: Tone.ADD,
    Locking.UNCHANGED: Tone.FAINT,
    Locking.TRUE: Tone.FAINT,
    Locking.STALE: Tone.CHANGE,
    Locking.MISSING: Tone.CHANGE,
    Locking.UNFIT: Tone.CHANGE,
    Locking.FAILED: Tone.ALERT,
}
_SIGNS = {Tone.ADD: "+", Tone.CHANGE: "~", Tone.ALERT: "!", Tone.FAINT: " "}
_WORDS = {Locking.UNFIT: "does not fit", Locking.TRUE: "up to date"}


def lines(report: LockReport, *, check: bool) -> list[Line]:
    """A line for each model, and a sentence at the end."""
    return [*map(_line, report.models), Line(_sentence(report, check=check), Tone.TITLE)]


def _line(model: Locked) -> Line:
    tone, state = _TONES[model.state], _WORDS.get(model.state, model.state.value)
    detail = words.line(model.message) if model.message else _held(model)
    reason = f"{model.reason.value}: " if model.reason is not None else ""
    return Line(f"{_SIGNS[tone]} {words.clean(model.model)}: {state} ({reason}{detail})", tone)


def _held(model: Locked) -> str:
    file = f"{words.clean(model.file)}, " if model.state is Locking.WRITTEN else ""
    return f"{file}{words.count(model.files or 0, 'file')}, {in_words(model.size or 0)}"


def _sentence(report: LockReport, *, check: bool) -> str:
    states = [model.state for model in report.models]
    if not states:
        return "No model here has a source to lock."
    shown = [Locking.TRUE, Locking.STALE, Locking.MISSING, Locking.UNFIT] if check else list(SOUND & _WRITING)
    counted = [state for state in (*sorted(shown, key=list(Locking).index), Locking.FAILED) if state in states]
    told = ", ".join(f"{states.count(state)} {_WORDS.get(state, state.value)}" for state in counted)
    again = {state for state in states if state in (Locking.STALE, Locking.MISSING, Locking.UNFIT)}
    return f"Locks: {told}." + (" Run `reconcile lock` and commit what it writes." if again else "")


_WRITING = frozenset({Locking.WRITTEN, Locking.UNCHANGED})


def document(report: LockReport) -> JsonObject:
    """`sound`: whether nothing is left to do; every model with its state; the problems of documents."""
    shown: JsonObject = {
        "format_version": plan_json.FORMAT_VERSION,
        "sound": all(model.state in SOUND for model in report.models) and not report.problems,
        "models": [_model(model) for model in report.models],
        "problems": [plan_json.problem(problem) for problem in report.problems],
    }
    return cast("JsonObject", words.cleaned(shown))


def _model(model: Locked) -> JsonObject:
    return {
        "name": model.model,
        "file": model.file,
        "state": model.state.value,
        "files": model.files,
        "bytes": model.size,
        "reason": None if model.reason is None else model.reason.value,
        "message": model.message,
    }
