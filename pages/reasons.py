"""docs/reference/conditions.md and reasons.md: the words of plans and statuses, with what to do about each."""

from collections.abc import Mapping

from pages.advice import CHAPTERS, Chapter
from pages.markdown import code, page, table
from reconciler.core.statuses.conditions import Kind, Truth
from reconciler.core.views.board import Light

_REASONS = """\
One word says why something is planned, held, refused or failed. It stands in plans, in the log, in the status, on the
page and in metrics, always spelt the same. The message beside it has the details.
"""

_CONDITIONS = """\
How a model stands, as Kubernetes says it: `reconcile status -o json` and the [status branch](../status.md) have them. Each
has a `status`, a `reason` ([all of them](reasons.md)), a message, and when its status last became another.
"""

CONDITIONS: Mapping[Kind, tuple[str, str]] = {
    Kind.READY: (
        "What git wants is what every server serves where the model belongs. The one to alert on.",
        "Its reason says why not. The message says what serves instead, if anything does.",
    ),
    Kind.FETCHED: (
        "The wanted generation is on the volume, whole and verified.",
        "A source or the volume: see the reason.",
    ),
    Kind.LOADED: ("Every server said the wanted generation back.", "Triton: see the reason, then its log."),
    Kind.PROBED: (
        "The golden requests got the right answers when it was loaded.",
        "The model is wrong, or the probe is. `Unknown` where it has none.",
    ),
    Kind.STALLED: (
        "Trying again is of no use. Here `True` is the bad news.",
        "Change the model's file or its files; the new generation is tried at once.",
    ),
}

LIGHTS: Mapping[Light, str] = {
    Light.READY: "`Ready` is `True`.",
    Light.NOT_READY: "`Ready` is `False`: something failed, or has not been done yet.",
    Light.HELD: "It is left alone on purpose; the reason says by whom.",
    Light.UNKNOWN: "`Ready` is `Unknown`: a server could not be asked, say.",
    Light.STALLED: "`Stalled` is `True`, whatever goes on serving: somebody has to change something.",
}


def reasons() -> str:
    """The page of all reasons."""
    return page("Reasons, and what to do", _REASONS, *(part for chapter in CHAPTERS for part in _chapter(chapter)))


def _chapter(chapter: Chapter) -> tuple[str, ...]:
    rows = [(f"{code(one.reason.value)}", one.means, one.do) for one in chapter.advice]
    return f"## {chapter.title}", chapter.says, table(("reason", "means", "what to do"), rows)


def conditions() -> str:
    """The page of all conditions."""
    rows = [(code(kind.value), *CONDITIONS[kind]) for kind in Kind]
    words = [(light.value, LIGHTS[light]) for light in reversed(Light)]
    values = ", ".join(code(truth.value) for truth in Truth)
    return page(
        "Conditions",
        _CONDITIONS,
        f"A `status` is {values}.",
        table(("condition", "`True` says", "if it is not so"), rows),
        "## In one word",
        "The page, `reconcile report` and `status.json` sum a model up:",
        table(("word", "when"), words),
    )
