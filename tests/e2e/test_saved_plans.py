"""Plans in files, by the command line: what was shown is what is done, once, or nothing is."""

import json
import stat
from pathlib import Path

import pytest

from tests.e2e.bad_world import Ground, document, mentions


@pytest.fixture
def ground(tmp_path: Path) -> Ground:
    made = Ground(folder=tmp_path).begin()
    made.want({name: document(name, str(made.source(name))) for name in ("a", "b")})
    return made


def saved(ground: Ground, *arguments: str) -> Path:
    file = ground.folder / "friday.plan"
    answer = ground.run("plan", "--out", str(file), *arguments)
    assert answer.code == 0, answer.said
    return file


def active(ground: Ground) -> set[str]:
    return {link.name for link in (ground.volume / "models").iterdir()}


def test_a_saved_plan_is_carried_out_once(ground: Ground) -> None:
    file = saved(ground)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    shown = ground.run("show", str(file))
    assert shown.code == 0
    mentions(shown.out, "+ a", "+ b", "Plan: 2 to add", "It is not stale")
    assert ground.run("apply", str(file)).code == 0
    assert active(ground) == {"a", "b"}
    before = ground.snapshot()
    again = ground.run("apply", str(file))
    assert (again.code, again.out) == (3, "")
    mentions(again.err, "PlanStale", "activate:a is no longer to be done", "plan again; nothing was done")
    assert ground.run("show", str(file)).code == 3
    assert ground.snapshot() == before


def test_a_plan_is_carried_out_at_its_own_revision_though_the_branch_has_moved(ground: Ground) -> None:
    file = saved(ground)
    ground.want({"c": document("c", str(ground.source("c")))})
    answer = ground.run("apply", str(file))
    assert answer.code == 0, answer.said
    assert active(ground) == {"a", "b"}


def test_a_plan_of_some_models_is_about_these_only(ground: Ground) -> None:
    file = saved(ground, "a")
    assert ground.run("apply", str(file)).code == 0
    assert active(ground) == {"a"}
    answer = ground.run("apply", str(file), "b")
    assert answer.code == 64
    mentions(answer.err, "a saved plan says which models it is about")


def test_what_moved_in_a_way_that_touches_the_plan_makes_it_stale(ground: Ground) -> None:
    file = saved(ground)
    ground.source("a", factor=5)
    before = ground.refs()
    answer = ground.run("apply", str(file))
    assert (answer.code, answer.out) == (3, "")
    mentions(answer.err, "activate:a is to be done in another way, or from another state")
    assert active(ground) == set()
    assert ground.refs() == before


def test_a_saved_plan_holds_no_secrets_and_is_refused_when_it_is_none(ground: Ground) -> None:
    ground.want({"q": document("q", "http://user:hunter2@127.0.0.1:9/m.onnx?sig=s3cret")})
    file = ground.folder / "secret.plan"
    ground.run("plan", "--out", str(file))
    text = file.read_text()
    assert "hunter2" not in text
    assert "s3cret" not in text
    file.write_text(json.dumps(json.loads(text) | {"format_version": "2.0"}))
    answer = ground.run("apply", str(file))
    assert answer.code == 64
    mentions(answer.err, "has format 2, and this version knows 1")
    file.write_text("{}")
    assert ground.run("apply", str(file)).code == 64
    assert ground.run("apply", "./nowhere.plan").code == 64
    assert ground.run("plan", "--out", str(ground.folder / "no" / "where")).code == 64
