"""Taking over a directory of models/ that is not ours, by the real command line, while clients go on asking."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler import embedded
from reconciler.core.digest import FileDigest, of_bytes, tree_digest
from reconciler.demo.inference import Question, traffic
from tests.conftest import start_or_skip
from tests.e2e import running
from tests.e2e.bad_world import Ground, document, mentions, payload
from tests.e2e.command import reconcile
from tests.e2e.served_world import Stage

pytestmark = pytest.mark.triton

NOWHERE = "http://127.0.0.1:9/models"
"""A source that nothing answers at: whatever is served in its name was not fetched from there."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Ground, embedded.Server]]:
    ground = Ground(folder=tmp_path_factory.mktemp("adopt")).begin()
    (ground.volume / "models").mkdir()
    with start_or_skip(ground.volume / "models") as running:
        yield Ground(folder=ground.folder, server=running.info.grpc_url), running
        running.kill()


@pytest.fixture
def stage(server: tuple[Ground, embedded.Server]) -> Stage:
    return Stage(ground=server[0], server=server[1])


def foreign(stage: Stage, name: str, factor: int = 2) -> str:
    """Somebody's own directory, loaded by hand; its tree digest."""
    folder = payload(stage.ground.volume / "models" / name, factor)
    running.asked(f"{stage.triton.http_url}/v2/repository/models/{name}/load", {})
    return digest_of(folder)


def digest_of(folder: Path) -> str:
    paths = [path for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc"]
    contents = {str(path.relative_to(folder)): path.read_bytes() for path in paths}
    return tree_digest(
        FileDigest(path=path, size=len(content), digest=of_bytes(content)) for path, content in contents.items()
    )


def pinned(name: str, digest: str, **more: str) -> str:
    return document(name, json.dumps({"uri": f"{NOWHERE}/{name}/", "digest": digest}), **more)


def asked(stage: Stage, name: str, right: float) -> Question:
    assert stage.answer(name) == right
    return Question(model=name, given=(1.0,), right=(right,))


def test_a_served_directory_is_taken_over_without_fetching_it_and_without_a_gap(stage: Stage) -> None:
    digest = foreign(stage, "own")
    stage.ground.want({"own": pinned("own", digest)})
    held = stage.ground.run("plan")
    mentions(held.out, "take it over with --adopt own")
    plan = stage.ground.run("plan", "--adopt", "own")
    mentions(plan.out, "Adopted: takes over the directory models/own, of which nothing is fetched again", "adopt ")
    assert "fetch " not in plan.out
    with traffic(stage.triton.http_url, asked(stage, "own", 2.0)) as requests:
        done = stage.ground.run("apply", "--adopt", "own")
    assert done.code == 0, done.said
    assert requests.failures == []
    assert requests.sent > 0
    link = stage.ground.volume / "models" / "own"
    assert link.is_symlink()
    assert stamp(stage, "own") == link.resolve().name
    assert os.listdir(stage.ground.volume / ".reconciler" / "adopted") == []
    again = stage.ground.run("apply", "--adopt", "own")
    assert (again.code, "No changes." in again.out) == (0, True), again.said


def test_an_adoption_whose_probe_fails_puts_the_directory_back_and_what_it_held_serves_on(stage: Stage) -> None:
    digest = foreign(stage, "wrong")
    own = stage.ground.volume / "models" / "wrong"
    before = digest_of(own)
    given = {"name": "IN", "datatype": "FP32", "shape": [1], "data": [1]}
    probe = json.dumps([{"inputs": [given], "outputs": [{"name": "OUT", "data": [7]}]}])
    stage.ground.want({"wrong": pinned("wrong", digest, probe=probe)})
    with traffic(stage.triton.http_url, asked(stage, "wrong", 2.0)) as requests:
        done = stage.ground.run("apply", "--adopt", "wrong")
    assert done.code == 6, done.said
    mentions(done.said, "ProbeFailed")
    assert requests.failures == []
    assert not own.is_symlink()
    assert digest_of(own) == before
    assert os.listdir(stage.ground.volume / ".reconciler" / "adopted") == []
    config = running.asked(f"{stage.triton.http_url}/v2/models/wrong/config", None)
    assert "reconciler.generation" not in json.dumps(config)
    assert stage.answer("wrong") == 2.0


def test_other_content_than_the_directory_holds_is_an_ordinary_replacement(stage: Stage) -> None:
    foreign(stage, "other", factor=2)
    source = stage.ground.source("other", factor=5)
    stage.ground.want({"other": document("other", str(source))})
    plan = stage.ground.run("plan", "--adopt", "other")
    mentions(plan.out, "takes the place of the directory models/other", "fetch ")
    with traffic(stage.triton.http_url, asked(stage, "other", 2.0)) as requests:
        done = stage.ground.run("apply", "--adopt", "other")
    assert (done.code, requests.failures) == (0, []), done.said
    assert stage.answer("other") == 5.0


def test_a_saved_plan_of_an_adoption_is_carried_out_as_it_was_shown(stage: Stage) -> None:
    digest = foreign(stage, "saved")
    stage.ground.want({"saved": pinned("saved", digest)})
    file = str(stage.ground.folder / "saved.plan")
    assert stage.ground.run("plan", "--adopt", "saved", "--out", file).code == 0
    done = stage.ground.run("apply", file)
    assert done.code == 0, done.said
    assert (stage.ground.volume / "models" / "saved").is_symlink()


def test_to_take_over_what_git_does_not_have_is_a_mistake_of_the_command_line(stage: Stage) -> None:
    stage.ground.want({}, {"models.d/.keep": b""})
    done = stage.ground.run("plan", "--adopt", "nobody")
    assert done.code == 64
    mentions(done.err, "to take over nobody for", "reconcile import triton")


def stamp(stage: Stage, name: str) -> str:
    """What the server itself says that it serves."""
    config = json.dumps(running.asked(f"{stage.triton.http_url}/v2/models/{name}/config", None))
    return config.partition('"reconciler.generation": {"string_value": "sha256:')[2][:64]


@pytest.mark.slow
@pytest.mark.parametrize(("verb", "factor"), [("adopt", 3), ("activate", 4), ("load", 6), ("retire", 7)])
def test_an_adoption_that_is_killed_leaves_something_serving_and_the_next_run_ends_it(
    stage: Stage, verb: str, factor: int, tmp_path: Path
) -> None:
    name, ground = f"killed-{verb}", stage.ground
    ground.want({name: pinned(name, foreign(stage, name, factor))})
    where = ("--repo", str(ground.repository), "--volume", str(ground.volume), "--server", ground.server)
    with traffic(stage.triton.http_url, asked(stage, name, float(factor))) as requests:
        with running.begun((*where, "--adopt", name), os.environ, tmp_path / "log") as run:
            run.reach(f"{verb} {name}[^\n]*: started")
            run.process.kill()
            run.code()
        assert os.path.lexists(ground.volume / "models" / name)
        done = ground.run("apply", "--adopt", name)
    assert (done.code, requests.failures) == (0, []), done.said
    assert stamp(stage, name) == (ground.volume / "models" / name).resolve().name
    assert os.listdir(ground.volume / ".reconciler" / "adopted") == []


def test_what_a_running_triton_serves_is_written_down_and_taken_over(stage: Stage, tmp_path: Path) -> None:
    """`import triton`, a commit, `apply --adopt`: nothing is fetched, nothing fails, and it is all in git."""
    own = payload(stage.ground.volume / "models" / "live", 9)
    url = f"{stage.triton.http_url}/v2/repository/models/live/load"
    config = {"backend": "python", "max_batch_size": 0, "parameters": {"depth": {"string_value": "3"}}}
    tensors = {"data_type": "TYPE_FP32", "dims": [-1]}
    whole = {**config, "input": [{"name": "IN", **tensors}], "output": [{"name": "OUT", **tensors}]}
    running.asked(url, {"parameters": {"config": json.dumps({"name": "live", **whole})}})
    payload(stage.ground.volume / "models" / "idle", 11)
    where = ("--server", stage.ground.server, "--repository", str(stage.ground.volume / "models"))
    written = reconcile("import", "triton", *where, "--out", str(tmp_path))
    mentions(written.out, "+ live", "+ idle")
    live = (tmp_path / "live.yaml").read_text()
    mentions(live, f"file://{own}", digest_of(own), "depth")
    assert "max_batch_size" not in live
    assert "instance_group" not in live
    mentions((tmp_path / "idle.yaml").read_text(), "enabled: false")
    stage.ground.want({name: (tmp_path / f"{name}.yaml").read_text() for name in ("live", "idle")})
    plan = stage.ground.run("plan", "--adopt", "live", "--adopt", "idle")
    assert "fetch " not in plan.out
    with traffic(stage.triton.http_url, asked(stage, "live", 9.0)) as requests:
        done = stage.ground.run("apply", "--adopt", "live", "--adopt", "idle")
    assert (done.code, requests.failures) == (0, []), done.said
    assert stamp(stage, "live") == own.resolve().name
    served = json.dumps(running.asked(f"{stage.triton.http_url}/v2/models/live/config", None))
    assert '"depth": {"string_value": "3"}' in served
    assert stage.ground.run("plan", "--detailed-exitcode").code == 0
