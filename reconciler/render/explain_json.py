"""One model explained as JSON."""

from typing import cast

from reconciler.core.jsonvalue import JsonObject
from reconciler.core.views.explanation import Explanation, Setting
from reconciler.render import plan_json, words


def document(model: Explanation) -> JsonObject:
    """The whole explanation. `path` is the list of fields and map keys that lead to a value."""
    sources: JsonObject = {
        "model" if version is None else str(version): {"uri": uri, "digest": digest}
        for version, (uri, digest) in model.sources.items()
    }
    found: JsonObject = {
        "format_version": plan_json.FORMAT_VERSION,
        "model": model.name,
        "file": model.file,
        "not_fresh": model.not_fresh or None,
        "sources": sources,
        "generation": {"wanted": model.generation, "active": model.active, "served": {**model.served}},
        "versions": [*model.versions],
        "needs": [*model.needs],
        "needed_by": [*model.needed_by],
        "config": [_setting(setting) for setting in model.settings],
        "plan": None if model.plan is None else plan_json.model_line(model.plan),
        "steps": [plan_json.step(step) for step in model.steps],
    }
    return cast("JsonObject", words.cleaned(found))


def _setting(setting: Setting) -> JsonObject:
    return {"path": [*setting.path], "value": setting.value, "origin": setting.origin}
