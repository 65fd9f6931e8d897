"""What a pass could not look at: its plan is not complete then, and says so."""

from collections.abc import Iterator

from reconciler.core.content import Unavailable
from reconciler.core.errors import Reason
from reconciler.core.observed import Unreachable
from reconciler.core.units import Scene
from reconciler.core.verdicts import Hold


def unknown(scene: Scene) -> tuple[str, ...]:
    """Servers, and sources of models that this pass is about, that could not be looked at, in words."""
    return tuple(_unknown(scene))


def _unknown(scene: Scene) -> Iterator[str]:
    for server, view in sorted(scene.observed.servers.items()):
        if isinstance(view, Unreachable):
            yield f"{server}: {view.message}"
    for model, verdict in scene.verdicts.items():
        content = scene.observed.contents.get(model)
        asked = not isinstance(verdict, Hold) or verdict.reason is not Reason.NOT_SELECTED
        if asked and isinstance(content, Unavailable) and not content.terminal:
            yield f"the source of {model}: {content.message}"
