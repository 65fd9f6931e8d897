"""Freeze windows by the command line: what is lost or moved by hand is mended, and nothing else happens."""

import os
from pathlib import Path

import pytest

from tests.e2e.bad_world import Ground, document, mentions

SETTINGS = "apiVersion: reconciler/v1\nkind: Repository\nspec:\n  policy: {{{}}}\n"
FREEZE = "freeze: [{cron: '* * * * *', duration: 10m, reason: holidays}]"


@pytest.fixture
def ground(tmp_path: Path) -> Ground:
    """`a` in its second version is active, the first one still on the volume, and the repository is frozen."""
    made = Ground(folder=tmp_path).begin()
    for factor in (2, 3):
        made.want({name: document(name, str(made.source(name, factor))) for name in ("a", "b")})
        assert made.run("apply", "a").code == 0
    assert made.run("apply").code == 0
    freeze(made)
    return made


def freeze(ground: Ground, **documents: str) -> None:
    models = {name: document(name, str(ground.folder / "sources" / name)) for name in ("a", "b")}
    ground.want(models | documents, {"reconciler.yaml": SETTINGS.format(FREEZE).encode()})


def link(ground: Ground, name: str) -> Path:
    return ground.volume / "models" / name


def test_a_link_that_was_moved_or_taken_away_is_put_back(ground: Ground) -> None:
    right = os.readlink(link(ground, "a"))
    (other,) = {f"../.reconciler/trees/{path.name}" for path in (ground.volume / ".reconciler/trees").iterdir()} - {
        os.readlink(link(ground, name)) for name in ("a", "b")
    }
    link(ground, "a").unlink()
    link(ground, "a").symlink_to(other)
    link(ground, "b").unlink()
    answer = ground.run("apply")
    assert answer.code == 0, answer.said
    assert os.readlink(link(ground, "a")) == right
    assert link(ground, "b").exists()


def test_an_emptied_volume_gets_what_was_served_and_nothing_new(ground: Ground) -> None:
    freeze(ground, new=document("new", str(ground.source("new"))))
    empty = ground.folder / "empty"
    empty.mkdir()
    answer = ground.run("apply", volume=empty)
    assert answer.code == 0, answer.said
    assert {path.name for path in (empty / "models").iterdir()} == {"a", "b"}
    mentions(answer.out, "new", "Frozen: frozen until", "holidays")


def test_where_what_was_served_cannot_be_had_any_more_that_is_no_success(ground: Ground) -> None:
    ground.source("a", 9)
    empty = ground.folder / "empty"
    empty.mkdir()
    answer = ground.run("apply", volume=empty)
    assert answer.code == 6, answer.said
    assert {path.name for path in (empty / "models").iterdir()} == {"b"}
    mentions(answer.out, "what it served before", "is not on the volume, and git wants another")


def test_what_git_asks_for_meanwhile_waits(ground: Ground) -> None:
    served = ground.served_files()
    ground.source("a", 9)
    answer = ground.run("apply")
    assert answer.code == 0, answer.said
    assert ground.served_files() == served
    mentions(ground.run("status").out, "frozen until")
