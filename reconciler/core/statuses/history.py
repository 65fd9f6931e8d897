"""What became of the last generations of a model: the one that git wants first, then those it wanted before.

Promise: the same state leaves the same history. Once a generation was served it counts as that, whatever comes later:
how it stands now is what the conditions are for.
"""

from dataclasses import replace

from reconciler.core.statuses.conditions import Condition, Episode, Fate, ModelStatus, Truth, stable
from reconciler.core.statuses.standing import Standing, Trouble

LENGTH = 5


def extended(
    standing: Standing, wrong: Trouble | None, ready: Condition, revision: str, now: str
) -> tuple[Episode, ...]:
    """The history after a pass; `now` in RFC 3339, UTC."""
    past = standing.before.history if standing.before is not None else ()
    generation = standing.generation
    if generation is None:
        return past
    if not past or past[0].generation != generation:
        past = (Episode(generation=generation, revision=revision, wanted=now, since=now), *past)[:LENGTH]
    return (_continued(past[0], standing, wrong, ready, now), *past[1:])


def _continued(episode: Episode, standing: Standing, wrong: Trouble | None, ready: Condition, now: str) -> Episode:
    if episode.fate is Fate.READY or not standing.known:
        return episode
    if ready.status is Truth.TRUE:
        return replace(episode, fate=Fate.READY, since=now, reason=ready.reason, message="")
    if wrong is None or not (wrong.failed or wrong.terminal):
        return episode
    since = episode.since if episode.fate is Fate.FAILED else now
    return replace(episode, fate=Fate.FAILED, since=since, reason=wrong.reason, message=stable(wrong.message))


def latest(status: ModelStatus) -> Episode | None:
    """The one that git wants."""
    return status.history[0] if status.history else None
