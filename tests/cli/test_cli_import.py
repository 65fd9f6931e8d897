"""`reconcile import` by the real command line: what is written, what is not, and what is said."""

import re
from pathlib import Path

import pytest
import yaml

from reconciler.core.imports import kserve, seldon, tfserving
from reconciler.core.imports.files import checked, text
from reconciler.core.parsing import parse
from tests.e2e.command import reconcile

DOCS = Path(__file__).parents[2] / "docs" / "import.md"
GOOD = '[{"modelName": "good", "modelSpec": {"storageUri": "s3://models/good", "framework": "onnx", "memory": "1Gi"}}]'
BAD = GOOD.replace("onnx", "sklearn").replace("good", "bad")


def written(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_each_model_gets_a_file_that_validate_takes(tmp_path: Path) -> None:
    (tmp_path / "models.json").write_text(GOOD)
    done = reconcile("import", "kserve", "models.json", cwd=tmp_path)
    assert (done.code, done.err) == (0, "")
    assert "+ good (models.d/good.yaml)" in done.out
    assert "Models: 1 written." in done.out
    assert reconcile("validate", str(tmp_path)).code == 0


def test_what_is_refused_is_named_and_the_rest_is_written(tmp_path: Path) -> None:
    (tmp_path / "models.json").write_text(f"{BAD[:-1]}, {GOOD[1:]}")
    done = reconcile("import", "kserve", "models.json", cwd=tmp_path)
    assert done.code == 65
    assert "! bad: no Triton backend runs sklearn" in done.out
    assert list(written(tmp_path / "models.d")) == ["good.yaml"]
    again = reconcile("import", "kserve", "models.json", "--framework", "python", "--out", "other", cwd=tmp_path)
    assert again.code == 0
    assert "framework: sklearn: it is python now" in (tmp_path / "other" / "bad.yaml").read_text()


def test_a_file_is_replaced_only_by_force_wherever_below_it_is(tmp_path: Path) -> None:
    (tmp_path / "models.json").write_text(GOOD)
    own = tmp_path / "models.d" / "team" / "good.yaml"
    own.parent.mkdir(parents=True)
    own.write_text("mine")
    held = reconcile("import", "kserve", "models.json", cwd=tmp_path)
    assert (held.code, own.read_text()) == (4, "mine")
    assert "it is there already: --force replaces it" in held.out
    assert reconcile("import", "kserve", "models.json", "--force", cwd=tmp_path).code == 0
    assert "s3://models/good" in own.read_text()
    assert list(written(tmp_path / "models.d")) == ["team/good.yaml"]


def test_a_dry_run_prints_the_files_and_writes_nothing(tmp_path: Path) -> None:
    (tmp_path / "models.json").write_text(GOOD)
    done = reconcile("import", "kserve", "models.json", "--dry-run", cwd=tmp_path)
    assert done.code == 0
    assert yaml.safe_load(done.out)["metadata"]["name"] == "good"
    assert not (tmp_path / "models.d").exists()
    document = reconcile("import", "kserve", "models.json", "--dry-run", "-o", "json", cwd=tmp_path).document()
    assert [(one["name"], one["state"]) for one in document["models"]] == [("good", "shown")]
    assert document["models"][0]["content"] == done.out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("kserve", "nowhere.yaml"), "nowhere.yaml cannot be read: No such file or directory"),
        (("seldon", "broken.yaml"), "broken.yaml is no YAML"),
        (("triton", "--server", "grpc://127.0.0.1:9", "--repository", "nowhere"), "nowhere is not a directory"),
    ],
)
def test_what_cannot_be_read_is_a_mistake_of_the_command_line(
    tmp_path: Path, arguments: tuple[str, ...], says: str
) -> None:
    (tmp_path / "broken.yaml").write_text("a: [")
    done = reconcile("import", *arguments, cwd=tmp_path)
    assert done.code == 64
    assert says in done.err


def test_a_server_that_cannot_be_reached_is_an_error_and_nothing_is_written(tmp_path: Path) -> None:
    (tmp_path / "repository").mkdir()
    where = ("--server", "grpc://127.0.0.1:9", "--repository", "repository")
    done = reconcile("import", "triton", *where, cwd=tmp_path)
    assert done.code == 1
    assert "127.0.0.1:9" in done.err
    assert not (tmp_path / "models.d").exists()


def test_a_file_without_models_is_said_to_have_none(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("kind: Deployment\nmetadata: {name: x}\n")
    done = reconcile("import", "seldon", "a.yaml", cwd=tmp_path)
    assert (done.code, "Deployment x: not a Model of mlops.seldon.io" in done.out) == (0, True)
    assert "Nothing to import" in done.out


def test_every_document_of_the_page_about_imports_is_what_it_says() -> None:
    blocks = re.findall(r"```(yaml|proto)\n(.*?)```", DOCS.read_text(), re.DOTALL)
    trained, ours, model, listed = (text.encode() for _, text in blocks)
    (made,) = checked(kserve.trainedmodels("docs", trained, None)).results
    assert yaml.safe_load(text(made)) == yaml.safe_load(ours)  # type: ignore[arg-type]
    for found in (seldon.models("docs", model, None), tfserving.models("docs", listed, None)):
        (draft,) = checked(found).results
        files = {f"models.d/{draft.name}.yaml": text(draft)}  # type: ignore[arg-type]
        assert parse.parse(files, revision="r").rejected == {}
