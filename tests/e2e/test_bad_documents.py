"""Documents that break a rule, through the real command line: all is told at once, with places, and nothing is lost."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from reconciler.render import words
from tests.core.document_tables import CASES
from tests.core.test_documents import LADDER, LAUGHS
from tests.e2e.bad_world import Ground, document, mentions
from tests.e2e.command import Answer, reconcile

HEADS = {
    "model.yaml": ("models.d/m.yaml", "apiVersion: reconciler/v1\nkind: Model\nmetadata: {name: m}\n"),
    "repository.yaml": ("reconciler.yaml", "apiVersion: reconciler/v1\nkind: Repository\n"),
    "yaml.yaml": ("models.d/m.yaml", ""),
}
NOT_HERE = "a relative source where there is no folder"
GOOD = document("good", "/srv/models/good")
BAD_FILES = {
    "models.d/laughs.yaml": LAUGHS,
    "models.d/ladder.yaml": LADDER,
    "models.d/deep.yaml": b"[" * 500_000,
    "models.d/wide.yaml": b"a: [" + b"1," * 400_000 + b"]",
    "models.d/ten-megabytes.yaml": b"# " + b"x" * 10_000_000,
    "models.d/latin.yaml": b"a: \xe4\n",
    "models.d/bell.yaml": b"a: \x07\n",
    "models.d/two words.yaml": document('"two words"', "/a").encode(),
    "models.d/mödel.yaml": document('"mödel"', "/a").encode(),
    "models.d/-dash.yaml": document('"-dash"', "/a").encode(),
    "models.d/up.yaml": document('"../up"', "/a").encode(),
    "models.d/slash.yaml": document('"a/slash"', "/a").encode(),
    "models.d/empty.yaml": b"",
    "models.d/ending.yml": document("ending", "/a").encode(),
    "models.d/one/twice.yaml": document("twice", "/a").encode(),
    "models.d/two/twice.yaml": document("twice", "/a").encode(),
    "models.d/relative.yaml": document("relative", "/a", dependsOn="[relative]", update="rolling").encode(),
}
TOLD = (
    'models.d/-dash.yaml:3:18: metadata.name: found "-dash", expected a name of 1 to 128',
    "models.d/bell.yaml:1:4: found the character U+0007, expected no control characters",
    "models.d/deep.yaml:1:66: [0][0][0][0]: found values nested more than 64 deep",
    "models.d/empty.yaml:1:1: found an empty file, expected a mapping",
    "models.d/ending.yml:1:1: found a name that is not read, expected the name ending.yaml",
    "models.d/ladder.yaml:64:12: a63[0]: found values nested more than 64 deep",
    "models.d/latin.yaml:1:4: found a byte that is not UTF-8 (0xe4), expected text in UTF-8",
    "models.d/laughs.yaml:5:22: a4[3]: found more than 50000 values, aliases expanded",
    'models.d/mödel.yaml:3:18: metadata.name: found "mödel", expected a name of 1 to 128',
    "models.d/one/twice.yaml:1:1: metadata.name: found the model twice also in models.d/two/twice.yaml",
    "models.d/relative.yaml:7:15: spec.dependsOn[0]: found the model itself",
    'models.d/relative.yaml:8:11: spec.update: found "rolling", expected one of auto, replace, recreate',
    'models.d/slash.yaml:3:18: metadata.name: found "a/slash", expected a name of 1 to 128',
    "models.d/ten-megabytes.yaml:1:1: found a file of more than 1 MiB, expected a file a person can read",
    'models.d/two words.yaml:3:18: metadata.name: found "two words", expected a name of 1 to 128',
    "models.d/two/twice.yaml:1:1: metadata.name: found the model twice also in models.d/one/twice.yaml",
    'models.d/up.yaml:3:18: metadata.name: found "../up", expected a name of 1 to 128',
    "models.d/wide.yaml:1:99999: a[49997]: found more than 50000 values",
)


def table() -> Iterator[tuple[str, Any]]:
    for name in HEADS:
        for case in yaml.safe_load((CASES / name).read_text()):
            if case["it"] != NOT_HERE:
                yield name, case


def written(folder: Path, name: str, case: Any) -> None:
    path, head = HEADS[name]
    text = case.get("whole") or case.get("content", "") or (head + case["spec"] if "spec" in case else "")
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    (folder / path).write_text(text)


def test_every_rule_that_a_document_can_break_is_told_at_its_place_in_one_go(tmp_path: Path) -> None:
    cases = {f"case{number:03}": each for number, each in enumerate(table())}
    for folder, (name, case) in cases.items():
        written(tmp_path / folder, name, case)
    answer = reconcile("validate", *cases, cwd=tmp_path)
    assert (answer.code, answer.err) == (65, "")
    told = answer.out.splitlines()
    for folder, (name, case) in cases.items():
        for at, path, expected in case["wrong"]:
            place = f"{folder}/{HEADS[name][0]}:{at}:{f' {path}:' if path else ''} found "
            same = [line for line in told if line.startswith(place)]
            assert any(words.line(expected) in line for line in same), (case["it"], expected, same)


@pytest.fixture(scope="module")
def wreck(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository in which nearly every file is wrong."""
    folder = tmp_path_factory.mktemp("wreck")
    for path, content in {"models.d/good.yaml": GOOD.encode(), **BAD_FILES}.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    return folder


def test_a_directory_full_of_mistakes_is_told_completely_and_in_no_time(wreck: Path) -> None:
    begin = time.monotonic()
    answer = reconcile("validate", cwd=wreck)
    assert answer.code == 65
    told = answer.out.splitlines()
    assert [start for start in TOLD if not any(line.startswith(start) for line in told)] == []
    assert told[-1] == f"18 problems in 17 files of {wreck}; 1 model without problems."
    assert len(answer.out) < 6000
    assert time.monotonic() - begin < 20


def test_the_json_of_a_directory_full_of_mistakes_holds_every_one(wreck: Path) -> None:
    answer = reconcile("validate", "-o", "json", cwd=wreck)
    assert answer.code == 65
    found = answer.document()
    assert (found["valid"], found["models"]) == (False, 1)
    assert {problem["file"] for problem in found["problems"]} == BAD_FILES.keys()
    assert all(problem["line"] > 0 and problem["column"] > 0 for problem in found["problems"])


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Ground:
    """`kept` and `moved` are on the volume; then `kept` gets a mistake, `moved` a change, and `gone` is deleted."""
    made = Ground(folder=tmp_path_factory.mktemp("ground")).begin()
    sources = {name: str(made.source(name)) for name in ("kept", "moved", "gone")}
    made.want({name: document(name, source) for name, source in sources.items()})
    assert made.run("apply").code == 0
    changed = str(made.source("moved-3", factor=3))
    made.want({"kept": document("kept", sources["kept"], updat="auto"), "moved": document("moved", changed)})
    return made


@pytest.mark.slow
def test_a_plan_with_a_rejected_file_shows_the_rest_and_the_place_and_changes_nothing(ground: Ground) -> None:
    before = ground.snapshot()
    text, data = ground.run("plan"), ground.run("plan", "-o", "json")
    assert (text.code, data.code) == (65, 65)
    problem = "models.d/kept.yaml:7:3: spec.updat: found an unknown field, expected update (did you mean that?)"
    assert text.err == data.err == problem + "\n"
    mentions(text.out, "! kept  held, stays at", f"Rejected: {problem}", "~ moved", "1 to change", "2 held")
    mentions(text.out, "RemovalsPaused")
    models = {model["name"]: (model["change"], model["action_reason"]) for model in data.document()["models"]}
    assert models == {
        "gone": ("held", "RemovalsPaused"),
        "kept": ("held", "Rejected"),
        "moved": ("update", "GenerationChanged"),
    }
    assert [found["line"] for found in data.document()["problems"]] == [7]
    assert ground.snapshot() == before


@pytest.mark.slow
def test_an_apply_moves_the_valid_models_and_leaves_the_rejected_one_exactly_as_it_is(ground: Ground) -> None:
    before = ground.served_files()
    answer: Answer = ground.run("apply")
    assert answer.code == 65
    mentions(answer.out, "activate moved: done", "Applied to default: 2 steps done.", "Not ready: gone: RemovalsPaused")
    mentions(answer.err, "models.d/kept.yaml:7:3: spec.updat:")
    after = ground.served_files()
    changed = {path for path in {*before, *after} if before.get(path) != after.get(path)}
    assert changed == {"moved/1/model.py", "moved/config.pbtxt"}
    assert ground.run("status").code == 65


@pytest.mark.slow
def test_a_broken_reconciler_yaml_holds_every_model_and_every_fault_is_told(ground: Ground) -> None:
    before = ground.snapshot()
    file = ground.repository / "reconciler.yaml"
    file.write_text("apiVersion: reconciler/v1\nkind: Repository\nspec: {polizy: {}, targets: [prod]}\n")
    try:
        answer = ground.run("plan")
        nameless = reconcile("apply", "--repo", str(ground.repository), "--server", "none")
    finally:
        file.unlink()
    assert (answer.code, nameless.code) == (65, 65)
    assert answer.err.splitlines()[:2] == [
        "models.d/kept.yaml:7:3: spec.updat: found an unknown field, expected update (did you mean that?)",
        "reconciler.yaml:3:8: spec.polizy: found an unknown field, expected policy (did you mean that?)",
    ]
    mentions(answer.out, "No changes. At revision", "3 models are held.")
    assert [line.split(" found")[0] for line in nameless.err.splitlines()] == [
        "reconcile: Invalid: reconciler.yaml:3:8: spec.polizy:",
        "  reconciler.yaml:3:29: spec.targets:",
        "  give --volume DIR, or `volume` of a target",
    ]
    assert ground.snapshot() == before
