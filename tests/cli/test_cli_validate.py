"""`reconcile validate` on real files."""

import json
from pathlib import Path

import pytest

from reconciler import cli
from reconciler.cli.validate import _shown

GOOD = """\
apiVersion: reconciler/v1
kind: Model
metadata: {name: NAME}
spec:
  framework: onnxruntime
  source: s3://models/NAME/
"""
BAD = GOOD.replace("source:", "sauce:").replace("onnxruntime", "[]")


pytestmark = pytest.mark.usefixtures("repository")


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "models.d" / "team").mkdir(parents=True)
    for path in ("a", "b", "team/c"):
        put(tmp_path, path, GOOD)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def put(repository: Path, path: str, text: str) -> None:
    file = repository / "models.d" / f"{path}.yaml"
    file.write_text(text.replace("NAME", file.stem))


def test_a_good_repository_is_one_sentence_that_says_which(
    repository: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.invoke(["validate"]) == 0
    assert capsys.readouterr().out == f"3 models checked in {repository}, no problems.\n"
    monkeypatch.chdir("/")
    monkeypatch.setenv("RECONCILE_REPO", str(repository))
    assert cli.invoke(["validate", "-o", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["repositories"] == [str(repository)]


def test_a_repository_elsewhere_is_named_without_userinfo_and_query() -> None:
    assert _shown("https://tess:secret@git.example/models?token=secret") == "https://git.example/models"
    assert "tess" not in _shown("tess@git.example:models")


def test_every_problem_of_every_file_is_told_at_once_with_its_place(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put(repository, "a", BAD)
    put(repository, "team/c", BAD)
    assert cli.invoke(["validate"]) == 65
    *told, last = capsys.readouterr().out.splitlines()
    places = [line.partition(" ")[0] for line in told]
    assert "models.d/a.yaml:5:14:" in places
    assert "models.d/a.yaml:6:3:" in places
    assert "models.d/team/c.yaml:6:3:" in places
    assert all(": found " in line and ", expected " in line for line in told)
    assert last.endswith(f"in 2 files of {repository}; 1 model without problems.")


def test_only_the_files_that_are_given_are_checked(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(repository, "a", BAD)
    assert cli.invoke(["validate", "models.d/b.yaml", "models.d/team"]) == 0
    assert capsys.readouterr().out == f"2 models checked in {repository}, no problems.\n"
    assert cli.invoke(["validate", "models.d/a.yaml"]) == 65


def test_a_broken_repository_file_is_told_whichever_model_is_checked(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (repository / "reconciler.yaml").write_text("apiVersion: reconciler/v1\nkind: Repository\nspec: {polizy: {}}\n")
    assert cli.invoke(["validate", "models.d/b.yaml"]) == 65
    assert "reconciler.yaml:3:8: spec.polizy:" in capsys.readouterr().out


def test_files_are_found_from_inside_the_folder_and_from_elsewhere(
    repository: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    put(repository, "a", BAD)
    monkeypatch.chdir(repository / "models.d")
    assert cli.invoke(["validate", "a.yaml"]) == 65
    assert capsys.readouterr().out.startswith("a.yaml:5:")
    monkeypatch.chdir("/")
    assert cli.invoke(["validate", str(repository)]) == 65
    assert capsys.readouterr().out.startswith(f"{repository}/models.d/a.yaml:5:".removeprefix("/"))


def test_the_json_says_whether_it_is_valid_and_where_it_is_not(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put(repository, "a", GOOD.replace("source:", "sauce:"))
    assert cli.invoke(["validate", "-o", "json"]) == 65
    told = json.loads(capsys.readouterr().out)
    assert (told["valid"], told["models"], told["format_version"]) == (False, 2, "1.0")
    assert {problem["file"] for problem in told["problems"]} == {"models.d/a.yaml"}


def test_escapes_in_a_document_do_not_reach_the_terminal(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(repository, "a", GOOD.replace("onnxruntime", '"\\e[2J\\a"'))
    assert cli.invoke(["validate"]) == 65
    assert "\x1b" not in capsys.readouterr().out


def test_a_place_without_a_repository_is_an_error_and_not_an_empty_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "nothing").mkdir()
    assert cli.invoke(["validate", "--repo", str(tmp_path / "nothing")]) == 1
    assert "holds neither models.d/ nor reconciler.yaml" in capsys.readouterr().err


def test_an_empty_folder_of_models_is_a_statement(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "new" / "models.d").mkdir(parents=True)
    assert cli.invoke(["validate", "--repo", str(tmp_path / "new")]) == 0
    assert capsys.readouterr().out == f"0 models checked in {tmp_path / 'new'}, no problems.\n"


def test_problems_can_be_told_as_annotations_of_github(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(repository, "a", BAD)
    assert cli.invoke(["validate", "-o", "github"]) == 65
    *told, last = capsys.readouterr().out.splitlines()
    assert any(
        line.startswith("::error file=models.d/a.yaml,line=5,col=14,title=spec.framework::models.d/a") for line in told
    )
    assert all(line.startswith("::error file=models.d/a.yaml,line=") for line in told)
    assert not last.startswith("::")
