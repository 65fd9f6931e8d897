"""The picture of who needs whom as JSON, with the same promises as the plan's."""

from reconciler.core.jsonvalue import Json, JsonObject
from reconciler.core.views.picture import Picture
from reconciler.render import json_text
from reconciler.render.plan_json import FORMAT_VERSION


def document(picture: Picture) -> JsonObject:
    """Every model with its state, what it needs, and its layer: 0 needs nothing."""
    layer = {name: number for number, names in enumerate(picture.layers) for name in names}
    needs: dict[str, list[Json]] = {name: [] for name in picture.states}
    for name, other in picture.edges:
        needs[name].append(other)
    models: list[Json] = [
        {"name": name, "state": state.value, "needs": needs[name], "layer": layer[name]}
        for name, state in picture.states.items()
    ]
    return {"format_version": FORMAT_VERSION, "models": models}


def text(picture: Picture) -> str:
    """The same as a text that is harmless like all JSON of ours."""
    return json_text.pretty(document(picture))
