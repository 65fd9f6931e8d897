"""`reconcile gc` by the command line, beside a real Triton."""

import json
from collections.abc import Iterator

import pytest

from tests.e2e.bad_world import document
from tests.e2e.served_world import Stage, staged

pytestmark = pytest.mark.triton

HALF = "ab" * 32


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with staged(tmp_path_factory.mktemp("gc"), "keeps", "goes") as stage:
        yield stage


def ours(stage: Stage) -> set[str]:
    folder = stage.ground.volume / ".reconciler"
    return {
        str(path.relative_to(folder)) for part in ("blobs", "trees", "partial") for path in (folder / part).rglob("*")
    }


def test_what_nothing_refers_to_goes_and_what_serves_goes_on(stage: Stage) -> None:
    ground = stage.ground
    before, served = ours(stage), stage.served()
    stray = ground.volume / ".reconciler/blobs/ab" / HALF
    stray.parent.mkdir(exist_ok=True)
    stray.write_bytes(b"stray")
    (ground.volume / ".reconciler/partial" / HALF).write_bytes(b"half")
    (ground.volume / ".reconciler/trees" / HALF).mkdir()
    said = ground.run("gc", "--dry-run")
    assert (said.code, said.out) == (0, "prune: 1 tree, 1 blob, 1 half-made thing, 5 B that nothing refers to\n")
    assert stray.exists()
    assert ground.run("gc").code == 0
    assert ours(stage) - {"blobs/ab"} == before - {"blobs/ab"}
    assert stage.served() == served
    again = ground.run("gc", "-o", "json")
    assert again.code == 0
    assert json.loads(again.out)["outcomes"] == []


def test_a_model_that_git_no_longer_wants_is_left_to_apply(stage: Stage) -> None:
    ground = stage.ground
    ground.want({"keeps": document("keeps", str(ground.source("keeps")))})
    before, served = ground.snapshot(), stage.served()
    said = ground.run("gc")
    assert (said.code, said.out) == (0, "Nothing to remove: something refers to all that is there.\n")
    assert (ground.snapshot(), stage.served()) == (before, served)
    assert stage.answer("goes") == 2.0


def test_without_a_word_from_the_server_nothing_goes(stage: Stage) -> None:
    ground = stage.ground
    (ground.volume / ".reconciler/trees" / HALF).mkdir(exist_ok=True)
    before = ground.snapshot()
    said = ground.run("gc", server="grpc://127.0.0.1:1")
    assert said.code == 1
    assert "Nothing was looked for." in said.out
    assert "grpc://127.0.0.1:1" in said.out
    said = ground.run("gc", server="none")
    assert said.code == 64
    assert "--server none and gc do not go together" in said.err
    assert ground.snapshot() == before
