"""What came of `reconcile import`, as lines and as JSON: nothing that was left out goes unsaid."""

from collections.abc import Iterator
from typing import cast

from reconciler.core.imports.drafts import Draft
from reconciler.core.imports.fates import Fate, ImportReport, Told
from reconciler.core.jsonvalue import JsonObject
from reconciler.render import plan_json, words
from reconciler.render.line import Line, Tone

_SIGNS = {
    Fate.WRITTEN: ("+", Tone.ADD),
    Fate.SHOWN: ("+", Tone.ADD),
    Fate.EXISTS: ("!", Tone.HELD),
    Fate.REFUSED: ("!", Tone.ALERT),
}


def lines(report: ImportReport) -> list[Line]:
    """Each model with what could not be carried over, what was passed over, and the counts."""
    told = [line for model in report.models for line in _model(model)]
    passed = [Line(f"· {words.line(one)}", Tone.FAINT) for one in report.passed_over]
    return [*told, *passed, Line(_sentence(report), Tone.TITLE)]


def texts(report: ImportReport) -> str:
    """The files, as several documents of YAML."""
    return "---\n".join(model.content.decode() for model in report.models if model.fate is Fate.SHOWN)


def _model(model: Told) -> Iterator[Line]:
    sign, tone = _SIGNS[model.fate]
    where = f" ({words.line(model.file)})" if model.file else ""
    why = f": {words.line(model.why)}" if model.why else ""
    yield Line(f"{sign} {words.line(model.result.name)}{where}{why}", tone)
    notes = model.result.notes if isinstance(model.result, Draft) else ()
    yield from (Line(f"    look at {words.line(note)}", Tone.HELD) for note in notes)


def _sentence(report: ImportReport) -> str:
    fates = [model.fate for model in report.models]
    if not fates:
        return "Nothing to import: there is no model in it."
    counted = (
        ("written", fates.count(Fate.WRITTEN)),
        ("that would be written", fates.count(Fate.SHOWN)),
        ("already there", fates.count(Fate.EXISTS)),
        ("refused", fates.count(Fate.REFUSED)),
    )
    return f"Models: {', '.join(f'{count} {word}' for word, count in counted if count)}."


def document(report: ImportReport) -> JsonObject:
    """Every model with its file, its fate and what could not be carried over."""
    shown: JsonObject = {
        "format_version": plan_json.FORMAT_VERSION,
        "models": [_shown(model) for model in report.models],
        "passed_over": [*report.passed_over],
    }
    return cast("JsonObject", words.cleaned(shown))


def _shown(model: Told) -> JsonObject:
    notes = model.result.notes if isinstance(model.result, Draft) else ()
    return {
        "name": model.result.name,
        "origin": model.result.origin,
        "state": model.fate.value,
        "file": model.file,
        "message": model.why,
        "not_carried_over": [*notes],
        "content": model.content.decode() if model.fate is Fate.SHOWN else None,
    }
