"""Plans in files, by the command line: what was shown is what is done, once, or nothing is."""

import json
import stat
from pathlib import Path

import pytest

from tests.e2e.bad_world import Ground, document, mentions, payload

SETTINGS = "apiVersion: reconciler/v1\nkind: Repository\nspec:\n  policy: {{{}}}\n"
FREEZE = "freeze: [{cron: '* * * * *', duration: 10m, reason: holidays}]"


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
    return {link.name for link in ground.volume.glob("models/*")}


def test_a_saved_plan_is_carried_out_once(ground: Ground) -> None:
    file = saved(ground)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    shown = ground.run("show", str(file))
    assert shown.code == 0
    mentions(shown.out, "+ a", "+ b", "Plan: 2 to add", "It is not stale")
    told = ground.run("show", str(file), "-o", "json").document()
    assert (told["stale"], told["error"]) == (False, None)
    assert [step["model"] for step in told["plan"]["steps"] if step["kind"] == "fetch"] == ["a", "b"]
    assert ground.run("apply", str(file)).code == 0
    assert active(ground) == {"a", "b"}
    before = ground.snapshot()
    again = ground.run("apply", str(file))
    assert (again.code, again.out) == (3, "")
    mentions(again.err, "PlanStale", "it was applied before", "plan again; nothing was done")
    assert ground.run("show", str(file)).code == 3
    stale = ground.run("show", str(file), "-o", "json")
    assert stale.code == 3
    told = stale.document()
    assert (told["stale"], told["error"]["reason"], told["plan"]) == (True, "PlanStale", None)
    assert told["saved"]["shown"][-1].startswith("Plan: 2 to add")
    assert ground.snapshot() == before
    for name in ("a", "b"):
        (ground.volume / "models" / name).unlink()
    assert ground.run("apply", str(file)).code == 3, "not even when the world is again as it was"
    assert active(ground) == set()


def test_a_plan_is_carried_out_at_its_own_revision_where_what_came_later_does_not_touch_it(ground: Ground) -> None:
    file = saved(ground)
    ground.want({name: document(name, str(ground.source(name))) for name in ("a", "b", "c")})
    answer = ground.run("apply", str(file))
    assert answer.code == 0, answer.said
    assert active(ground) == {"a", "b"}


def test_a_plan_of_a_work_tree_with_relative_sources_is_carried_out_also_where_the_work_tree_has_moved_on(
    ground: Ground,
) -> None:
    payload(ground.repository / "payload")
    ground.want({"a": document("a", "./payload")})
    file = saved(ground)
    shown = ground.run("show", str(file))
    assert shown.code == 0, shown.said
    ground.want({name: document(name, "./payload") for name in ("a", "b")})
    answer = ground.run("apply", str(file))
    assert answer.code == 0, answer.said
    assert active(ground) == {"a"}


def test_a_plan_of_a_work_tree_is_stale_where_its_relative_sources_are_no_longer_as_they_were(ground: Ground) -> None:
    payload(ground.repository / "payload")
    ground.want({"a": document("a", "./payload")})
    file = saved(ground)
    payload(ground.repository / "payload", factor=5)
    answer = ground.run("apply", str(file))
    assert (answer.code, answer.out) == (3, "")
    mentions(answer.err, "activate:a is to be done in another way, or from another state")
    assert active(ground) == set()


def test_a_revert_a_freeze_and_a_stricter_policy_that_came_later_make_it_stale(ground: Ground) -> None:
    file = saved(ground, "a")
    both = {name: document(name, str(ground.source(name))) for name in ("a", "b")}
    suspended = {**both, "a": document("a", str(ground.source("a")), suspend="{reason: broken}")}
    for later, settings, told in (
        (suspended, "", "activate:a is no longer to be done"),
        ({"b": both["b"]}, "", "there is no model called a"),
        (both, FREEZE, "activate:a is no longer to be done"),
    ):
        ground.want(later, {"reconciler.yaml": SETTINGS.format(settings).encode()})
        answer = ground.run("apply", str(file))
        assert (answer.code, answer.out) == (3, ""), answer.said
        mentions(answer.err, "is stale: the repository is at ", told)
        assert ground.run("show", str(file)).code == 3
    assert active(ground) == set()
    ground.want(both, {"reconciler.yaml": SETTINGS.format("").encode()})
    assert ground.run("apply", str(file)).code == 0


def test_a_plan_is_for_the_volume_that_it_was_made_for(ground: Ground) -> None:
    file = saved(ground)
    other = ground.folder / "other"
    other.mkdir()
    answer = ground.run("show", str(file), "--volume", str(other))
    assert answer.code == 3
    mentions(answer.err, f"it is for the volume {ground.volume}, not for {other}")


def test_a_file_that_somebody_changed_does_not_say_what_would_be_done(ground: Ground) -> None:
    file = saved(ground)
    file.write_text(json.dumps(json.loads(file.read_text()) | {"shown": [["plain", "No changes."]]}))
    shown = ground.run("show", str(file))
    assert shown.code == 0
    assert "No changes." not in shown.out
    mentions(shown.out, "+ a", "+ b", "It is not stale")


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
