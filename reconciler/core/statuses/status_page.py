"""The page of a target that a person reads on the web: what is not ready first, then the rest, then what came of it."""

import urllib.parse
from collections.abc import Iterator, Sequence
from itertools import islice

from reconciler.core.markdown import plain
from reconciler.core.statuses.conditions import Condition, Episode, Fate, Kind, ModelStatus, Truth, short
from reconciler.core.statuses.history import latest
from reconciler.core.web_links import Web

_SHOWN, _LONGEST = 20, 300
_MARKS = {Truth.TRUE: "✅ yes", Truth.FALSE: "❌ no", Truth.UNKNOWN: "❔ unknown"}
_ORDER = (Truth.FALSE, Truth.UNKNOWN, Truth.TRUE)


def page(statuses: Sequence[ModelStatus], target: str, web: Web) -> Iterator[str]:
    """Its lines, of statuses in the order of their names."""
    ready = sum(status.ready for status in statuses)
    yield f"# Status of {plain(target)}"
    yield ""
    yield f"{ready} of {len(statuses)} models are ready. `reconcile` writes this folder; what others write is lost."
    yield ""
    yield "| Model | Ready | Since | Commit | Generation | Versions | Message |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    for status in sorted(statuses, key=lambda status: _ORDER.index(_ready(status)[0])):
        yield f"| {' | '.join(_cells(status, web))} |"
    yield from _lately(statuses, web)


def _ready(status: ModelStatus) -> tuple[Truth, Condition | None]:
    condition = status.conditions.get(Kind.READY)
    return (condition.status if condition else Truth.UNKNOWN), condition


def _cells(status: ModelStatus, web: Web) -> tuple[str, ...]:
    truth, condition = _ready(status)
    told = condition is not None and condition.message and truth is not Truth.TRUE
    return (
        _model(status.name),
        _MARKS[truth],
        plain(condition.last_transition_time) if condition else "",
        _commit(status.revision, web),
        f"`{short(status.generation)}`" if status.generation else "",
        ", ".join(map(str, status.versions)),
        _cut(f"{condition.reason}: {condition.message}") if condition and told else "",
    )


def _lately(statuses: Sequence[ModelStatus], web: Web) -> Iterator[str]:
    """What became of the last generations, the last first; one that is still on its way has no fate."""
    ended = [(status, episode) for status in statuses for episode in status.history if episode.fate is not Fate.PENDING]
    if not ended:
        return
    yield ""
    yield "## Lately"
    yield ""
    yield "| When | Model | Generation | Commit | |"
    yield "| --- | --- | --- | --- | --- |"
    for status, episode in islice(sorted(ended, key=lambda pair: pair[1].since, reverse=True), _SHOWN):
        yield f"| {' | '.join(_event(status, episode, web))} |"


def _event(status: ModelStatus, episode: Episode, web: Web) -> tuple[str, ...]:
    again = episode is not latest(status) and episode.fate is Fate.READY
    words = "became ready, since replaced" if again else "became ready"
    return (
        plain(episode.since),
        _model(status.name),
        f"`{short(episode.generation)}`",
        _commit(episode.revision, web),
        words if episode.fate is Fate.READY else _cut(f"failed: {episode.reason}: {episode.message}"),
    )


def _model(name: str) -> str:
    return f"[{plain(name)}]({urllib.parse.quote(name, safe='')}.yaml)"


def _commit(revision: str, web: Web) -> str:
    """Its link, where there is a page of it."""
    url = web.commit(revision)
    words = plain(revision.removeprefix("sha256:")[:12])
    return f"[{words}]({url})" if url else words


def _cut(text: str) -> str:
    return plain(text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…")
