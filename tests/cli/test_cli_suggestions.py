"""What is mistyped on the command line: the nearest name is told."""

from pathlib import Path

import pytest

from reconciler import cli

MODEL = """\
apiVersion: reconciler/v1
kind: Model
metadata: {{name: {name}}}
spec: {{framework: python, source: ./there}}
"""
REPOSITORY = """\
apiVersion: reconciler/v1
kind: Repository
spec:
  targets:
    production: {volume: /nowhere, servers: ["grpc://127.0.0.1:1"]}
    staging: {volume: /nowhere, servers: ["grpc://127.0.0.1:1"]}
"""


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    (tmp_path / "models.d").mkdir()
    for name in ("densenet", "scale"):
        (tmp_path / "models.d" / f"{name}.yaml").write_text(MODEL.format(name=name))
    (tmp_path / "reconciler.yaml").write_text(REPOSITORY)
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["plam"], "No such command 'plam'. Did you mean 'plan'?\n"),
        (["Stauts"], "No such command 'Stauts'. Did you mean 'status'?\n"),
        (["frobnicate"], "No such command 'frobnicate'.\n"),
        (["import", "seldom"], "Did you mean 'seldon'?\n"),
        (["plan", "--timeuot", "1s"], "Did you mean '--timeout'?\n"),
        (["apply", "--max-bandwith", "1M"], "Did you mean '--max-bandwidth'?\n"),
    ],
)
def test_a_mistyped_command_or_option_is_told_with_the_one_that_was_meant(
    arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.invoke(arguments) == 64
    assert capsys.readouterr().err.endswith(told)


@pytest.mark.parametrize(
    "command",
    [["lock", "desnenet"], ["plan", "--target", "staging", "--observed", "status", "desnenet"]],
)
def test_a_mistyped_model_is_told_with_the_one_that_was_meant(
    command: list[str], repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.invoke([*command, "--repo", str(repository)]) == 64
    told = capsys.readouterr().err
    assert "there is no model called desnenet\n  did you mean densenet? the repository has: densenet, scale\n" in told


def test_what_apply_is_given_and_is_neither_a_model_nor_a_file_is_told_to_be_neither(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (repository / "volume").mkdir()
    place = [
        "--repo",
        str(repository),
        "--target",
        "staging",
        "--volume",
        str(repository / "volume"),
        "--server",
        "none",
    ]
    assert cli.invoke(["apply", "nofile.plan", *place]) == 64
    told = " ".join(capsys.readouterr().err.split())
    assert "there is no model called nofile.plan the repository has: densenet, scale; if a saved plan" in told
    assert "there is no file nofile.plan in this folder" in told
    assert cli.invoke(["apply", "nofile.plan", "scale", *place]) == 64
    assert "no file" not in capsys.readouterr().err


@pytest.mark.parametrize("command", ["plan", "status"])
def test_a_mistyped_target_is_told_with_the_one_that_was_meant(
    command: str, repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.invoke([command, "--target", "stagin", "--repo", str(repository)]) == 64
    told = capsys.readouterr().err
    assert (
        "there is no target called stagin\n  did you mean staging? reconciler.yaml has: production, staging\n" in told
    )
