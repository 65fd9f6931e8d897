"""`reconcile lock` on real files."""

import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from reconciler import cli
from tests.git_remotes import git
from tests.volume_world import MODEL, everything, open_world, spec, write

YAML = """\
# a comment of ours
apiVersion: reconciler/v1
kind: Model
metadata: {name: NAME}  # and another
spec: {framework: python, source: ./sources/NAME}
"""

pytestmark = pytest.mark.usefixtures("repository")


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "repository"
    for name in ("a", "b"):
        write(folder, {f"models.d/{name}.yaml": YAML.replace("NAME", name).encode()})
        write(folder / "sources" / name, MODEL)
    monkeypatch.chdir(folder)
    return folder


def documents(repository: Path) -> dict[str, bytes | str]:
    return everything(repository / "models.d")


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    code = cli.invoke(["lock", *arguments])
    captured = capsys.readouterr()
    return code, captured.out + captured.err


def data(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, str], Any]:
    """The exit code, the state of each model, and all of the document."""
    code, text = told(capsys, *arguments, "-o", "json")
    document = json.loads(text)
    return code, {model["name"]: model["state"] for model in document["models"]}, document


def test_every_model_gets_a_lock_and_no_other_file_is_touched(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = everything(repository)
    code, text = told(capsys)
    assert (code, text.splitlines()[0]) == (0, "+ a: written (models.d/a.lock, 3 files, 4.9 KiB)")
    assert text.splitlines()[-1] == "Locks: 2 written."
    after = everything(repository)
    assert after.keys() - before.keys() == {"models.d/a.lock", "models.d/b.lock"}
    assert {path: after[path] for path in before} == before
    assert told(capsys, "--check")[0] == 0
    assert cli.invoke(["validate"]) == 0


def test_a_second_lock_of_the_same_writes_nothing(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told(capsys)
    lock = repository / "models.d/a.lock"
    os.utime(lock, ns=(1, 1))
    code, text = told(capsys)
    assert (code, text.splitlines()[-1]) == (0, "Locks: 2 unchanged.")
    assert lock.stat().st_mtime_ns == 1


def test_a_lock_can_be_read_by_whoever_can_read_the_models(repository: Path) -> None:
    assert cli.invoke(["lock"]) == 0
    modes = {stat.S_IMODE((repository / f"models.d/a.{kind}").stat().st_mode) for kind in ("yaml", "lock")}
    assert len(modes) == 1


def test_only_the_models_that_are_named_are_locked(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert data(capsys, "b")[1] == {"b": "written"}
    assert set(documents(repository)) == {"a.yaml", "b.lock", "b.yaml"}
    code, text = told(capsys, "c")
    assert code == 64
    assert "there is no model called c" in text


def test_a_source_that_cannot_be_read_fails_and_the_others_are_locked(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (repository / "sources/a").rename(repository / "elsewhere")
    code, states, document = data(capsys)
    assert (code, states) == (1, {"a": "failed", "b": "written"})
    assert document["sound"] is False
    assert document["models"][0]["reason"] == "SourceNotFound"
    code, text = told(capsys)
    assert "! a: failed (SourceNotFound: " in text
    assert text.splitlines()[-1] == "Locks: 1 unchanged, 1 failed."


def test_a_check_tells_what_is_missing_stale_or_does_not_fit_and_writes_nothing(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert data(capsys, "--check")[:2] == (1, {"a": "missing", "b": "missing"})
    told(capsys)
    (repository / "sources/a/1/model.py").write_bytes(b"two")
    yaml = repository / "models.d/b.yaml"
    yaml.write_text(yaml.read_text().replace("./sources/b", "./sources/a"))
    before = documents(repository)
    code, states, document = data(capsys, "--check")
    assert (code, states) == (1, {"a": "stale", "b": "unfit"})
    assert document["models"][0]["message"] == "changed: 1/model.py"
    assert "models.d/b.lock:" in document["models"][1]["message"]
    assert data(capsys, "--check", "a")[:2] == (1, {"a": "stale"})
    assert documents(repository) == before
    assert "Run `reconcile lock`" in told(capsys, "--check")[1]
    assert data(capsys)[:2] == (0, {"a": "written", "b": "written"})
    assert data(capsys, "--check")[:2] == (0, {"a": "true", "b": "true"})


def test_a_lock_that_does_not_fit_is_an_error_at_its_place_for_validate_too(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told(capsys)
    yaml = repository / "models.d/a.yaml"
    yaml.write_text(yaml.read_text().replace("./sources/a", "./sources/b"))
    for path in ("models.d/a.yaml", "models.d/a.lock", "."):
        assert cli.invoke(["validate", path]) == 65
        out = capsys.readouterr().out
        assert 'models.d/a.lock:20:10: spec.source.uri: found "./sources/a", expected "./sources/b"' in out
        assert "run `reconcile lock a`" in out
    assert cli.invoke(["validate", "models.d/b.lock"]) == 0
    assert capsys.readouterr().out == f"1 model checked in {repository}, no problems.\n"


def test_invalid_documents_are_told_and_the_valid_ones_are_locked(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(repository, {"models.d/a.yaml": b"", "models.d/a.lock": b"old", "models.d/lost.lock": b""})
    code, states, document = data(capsys)
    assert (code, states) == (65, {"b": "written"})
    assert [problem["file"] for problem in document["problems"]] == ["models.d/a.yaml", "models.d/lost.lock"]
    assert "models.d/lost.lock:1:1: found a lock of lost" in told(capsys)[1]
    assert documents(repository)["a.lock"] == b"old"


def test_a_lock_is_what_a_policy_that_requires_digests_asks_for(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(
        repository,
        {"reconciler.yaml": b"apiVersion: reconciler/v1\nkind: Repository\nspec: {policy: {requireDigest: true}}\n"},
    )
    assert cli.invoke(["validate"]) == 65
    capsys.readouterr()
    assert data(capsys)[:2] == (0, {"a": "written", "b": "written"})
    assert cli.invoke(["validate"]) == 0


def test_a_lock_that_was_broken_is_written_anew(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(repository, {"models.d/a.lock": b"<<<<<<< HEAD\n"})
    assert data(capsys, "--check", "a")[:2] == (1, {"a": "unfit"})
    assert data(capsys, "a")[:2] == (0, {"a": "written"})
    assert data(capsys, "--check", "a")[0] == 0


def test_a_config_that_is_no_text_fails_in_words(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(repository / "sources/a", {"config.pbtxt": b"\xff"})
    code, text = told(capsys, "a")
    assert code == 1
    assert "PreflightFailed: this cannot be locked: config.pbtxt is not UTF-8" in text


def test_what_has_no_sources_needs_no_lock(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ensemble = YAML.replace("source: ./sources/NAME", "config: {ensemble_scheduling: {step: []}}").replace("NAME", "e")
    for name in ("a", "b"):
        (repository / f"models.d/{name}.yaml").unlink()
    write(repository, {"models.d/e.yaml": ensemble.encode()})
    for arguments in ([], ["--check"]):
        assert told(capsys, *arguments) == (0, "No model here has a source to lock.\n")


def test_a_volume_saves_reading_what_it_has_fetched(
    repository: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    world = open_world(tmp_path / "volume")
    os.utime(repository / "sources/a/1/model.py", ns=(1, 1))
    world.fetch(spec(str(repository / "sources/a")))
    assert data(capsys, "a", "--volume", str(world.root))[:2] == (0, {"a": "written"})
    assert data(capsys, "--check", "a")[0] == 0
    code, text = told(capsys, "a", "--volume", str(tmp_path / "none"))
    assert code == 1
    assert "VolumeUnusable" in text


def test_where_there_are_no_files_to_write_beside_the_command_says_so(
    repository: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    git(tmp_path, "init", "--quiet", "--bare", "bare.git")
    for place, words in (
        (str(tmp_path / "bare.git"), "is a bare repository"),
        (f"file://{tmp_path}/bare.git", "is a bare repository"),
        ("https://me:hunter2@git.example/models", "https://git.example/models is a remote"),
        ("git@git.example:models", "is a remote"),
    ):
        code, text = told(capsys, "--repo", place)
        assert (code, words in text, "hunter2" in text) == (64, True, False), text
    assert told(capsys, "--repo", str(tmp_path / "none"))[0] == 1
    assert told(capsys, "--repo", str(repository))[0] == 0


def test_a_directory_that_may_not_be_written_keeps_the_locks_that_it_has(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told(capsys)
    before = documents(repository)
    (repository / "sources/a/1/model.py").write_bytes(b"two")
    beside = repository / f"models.d/.a.lock.{os.getpid()}"
    beside.mkdir()  # root may write everywhere, so something else is in the way
    code, text = told(capsys, "a")
    assert code == 1
    assert "RepositoryUnwritable: models.d/a.lock cannot be written: " in text
    beside.rmdir()
    assert documents(repository) == before
