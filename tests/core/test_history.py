"""What became of the last generations of a model."""

import pytest

from reconciler.core.artifact import Tree
from reconciler.core.errors import Reason
from reconciler.core.plan import Change, Result
from reconciler.core.statuses.conditions import Episode, Fate, ModelStatus
from reconciler.core.statuses.history import LENGTH
from tests.core.status_worlds import LATER, NEW, NOW, OLD, after, fetch, line, load, outcome, serving, status_of, world

LATEST = "2026-11-21T05:00:00Z"


def served(before: ModelStatus | None = None, now: str = NOW, revision: str = "c1") -> ModelStatus:
    done = after(world(NEW, serving(NEW)), line(Change.UNCHANGED, NEW, Reason.SUCCEEDED), revision=revision)
    return status_of(done, before, now)


def failed(before: ModelStatus | None = None, now: str = NOW, why: str = "no model.py") -> ModelStatus:
    ended = outcome(load(), Result.FAILED, Reason.LOAD_FAILED, why, terminal=True)
    return status_of(after(world(OLD, serving(OLD)), line(), ended, revision="c2"), before, now)


def test_a_generation_that_is_served_became_ready_when_that_was_seen_first() -> None:
    episode = Episode(
        generation=NEW, revision="c1", wanted=NOW, since=NOW, fate=Fate.READY, reason=Reason.SUCCEEDED, message=""
    )
    assert served().history == (episode,)
    assert served(served(), LATER, "c2").history == (episode,)


def test_a_generation_that_failed_says_how_and_since_when() -> None:
    first = failed()
    (episode,) = first.history
    assert (episode.fate, episode.since, episode.reason) == (Fate.FAILED, NOW, Reason.LOAD_FAILED)
    assert episode.message.endswith("failed to load: no model.py")
    (again,) = failed(first, LATER, "something else").history
    assert (again.since, again.wanted, again.message.rpartition(": ")[2]) == (NOW, NOW, "something else")


def test_what_failed_and_serves_later_became_ready_later() -> None:
    (episode,) = served(failed(), LATER).history
    assert (episode.fate, episode.wanted, episode.since, episode.message) == (Fate.READY, NOW, LATER, "")


def test_what_once_served_stays_that_whatever_comes_later() -> None:
    before = served()
    assert failed(before, LATER).history == before.history


def test_what_was_not_tried_yet_is_pending() -> None:
    done = after(world(None, serving(None)), line(Change.HELD, NEW, Reason.FROZEN, "weekend"))
    (episode,) = status_of(done).history
    assert (episode.fate, episode.reason, episode.message) == (Fate.PENDING, Reason.PENDING, "")


def test_what_git_wants_is_not_known_so_the_history_stays() -> None:
    before = served()
    done = after(
        world(NEW, serving(NEW)),
        line(Change.UPDATE, None, Reason.CONTENT_UNKNOWN),
        outcome(fetch(), Result.FAILED, Reason.SOURCE_UNREACHABLE, "down"),
    )
    assert status_of(done, before, LATER).history == before.history
    assert status_of(done).history == ()


def test_the_last_five_generations_are_kept_the_last_first_also_one_that_comes_back() -> None:
    status: ModelStatus | None = None
    trees = [Tree(files=(), config={"max_batch_size": size % 6}) for size in range(7)]
    for place, tree in enumerate(trees):
        planned = line(Change.CREATE, tree.generation)
        status = status_of(after(world(None, {}), planned, revision=f"c{place}"), status)
    assert status is not None
    assert [episode.revision for episode in status.history] == ["c6", "c5", "c4", "c3", "c2"]
    assert len(status.history) == LENGTH
    assert status.history[0].generation == trees[0].generation


@pytest.mark.parametrize("status", [served(), failed()])
def test_the_same_state_again_leaves_the_same_history(status: ModelStatus) -> None:
    again = served(status, LATEST) if status == served() else failed(status, LATEST)
    assert again.history == status.history
