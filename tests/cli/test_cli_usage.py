"""The command line from outside: help, version, usage errors, what start-up imports."""

import json
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import click
import pytest

import reconciler
from reconciler import cli

COMMANDS = sorted(cli.COMMANDS)
FORBIDDEN = """
import sys
before = set(sys.modules)
from reconciler import cli
try:
    code = cli.invoke(sys.argv[1:])
finally:
    allowed = sys.stdlib_module_names | {"click", "reconciler"}
    foreign = sorted({name.partition(".")[0] for name in set(sys.modules) - before} - allowed)
    ours = sorted(name for name in sys.modules if name.startswith(("reconciler.adapters", "reconciler.reconcile")))
    print("FOREIGN", foreign, ours, code)
"""


IMPORTED = """
import sys
from reconciler import cli
code = cli.invoke(sys.argv[1:])
print("IMPORTED", *sorted(name for name in sys.modules if name.partition(".")[0] == "reconciler"))
"""


def asked(command: str) -> click.Command:
    found = cli.group.get_command(click.Context(cli.group), command)
    assert found is not None
    return found


@pytest.mark.parametrize("arguments", [["--version"], ["--help"]])
def test_version_and_the_list_of_commands_import_no_command(arguments: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", IMPORTED, *arguments], capture_output=True, text=True, check=True, timeout=60
    )
    ours = {name for name in done.stdout.splitlines()[-1].split() if name.startswith("reconciler.c")}
    assert ours == {
        "reconciler.cli",
        "reconciler.cli.codes",
        "reconciler.cli.commands",
        "reconciler.cli.signals",
    }


@pytest.mark.parametrize("command", COMMANDS)
def test_the_list_of_commands_says_what_the_help_of_each_begins_with(command: str) -> None:
    found = asked(command)
    assert found.name == command
    assert " ".join((found.help or "").partition("\n\n")[0].split()) == cli.COMMANDS[command].says


def test_the_version_is_the_one_of_the_package() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())
    assert project["project"]["version"] == reconciler.__version__


@pytest.mark.parametrize("arguments", [["--version"], ["--help"], ["plan", "--help"], ["apply", "--help"]])
def test_version_and_help_import_nothing_but_click_and_the_standard_library(arguments: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FORBIDDEN, *arguments], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.splitlines()[-1] == "FOREIGN [] [] 0"


def test_the_version_is_told_and_python_m_is_the_same_program() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "reconciler", "--version"], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout == f"reconcile {reconciler.__version__}\n"


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_has_help_with_an_example(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.invoke([command, "--help"]) == 0
    told = capsys.readouterr().out
    assert told.startswith(f"Usage: reconcile {command} [OPTIONS]")
    assert f"  reconcile {command}" in told.partition("\nExamples:\n")[2]


def leaves(command: str) -> list[click.Command]:
    found = asked(command)
    return [*found.commands.values()] if isinstance(found, click.Group) else [found]


def examples(command: click.Command) -> list[str]:
    lines = [line.strip() for line in (command.epilog or "").splitlines()]
    return [line.partition(" > ")[0] for line in lines if line.startswith("reconcile")]


def parsed(arguments: list[str]) -> click.Command:
    """The command that the arguments name, once its own options have been understood, too."""
    context = cli.group.make_context("reconcile", list(arguments))
    command: click.Command = cli.group
    while isinstance(command, click.Group):
        name, found, arguments = command.resolve_command(context, arguments)
        assert found is not None
        context, command = found.make_context(name, list(arguments), parent=context), found
    return command


@pytest.mark.parametrize("command", COMMANDS)
def test_each_example_of_each_help_is_a_command_line_that_is_understood(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "models.d").mkdir()
    for name in ("densenet", "scale"):
        (tmp_path / "models.d" / f"{name}.yaml").touch()
    monkeypatch.chdir(tmp_path)
    for one in leaves(command):
        assert examples(one)
        assert {parsed(shlex.split(example)[1:]) for example in examples(one)} == {one}


def test_the_examples_of_the_program_itself_are_understood() -> None:
    assert [parsed(shlex.split(example)[1:]).name for example in examples(cli.group)] == ["init", "plan"]


def test_a_long_help_has_its_options_in_sections_with_those_of_the_command_itself_first(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert cli.invoke(["apply", "--help"]) == 0
    told = capsys.readouterr().out
    titles = re.findall(r"^([A-Z][a-z ]+):$", told, re.MULTILINE)
    assert titles == ["Options", "Repository", "Target", "Telling others", "Output", "Examples"]
    options = {title: told.partition(f"\n{title}:\n")[2].partition("\n\n")[0] for title in titles}
    assert "--adopt" in options["Options"]
    assert "--server" in options["Target"]
    assert "--help" in options["Output"]


@pytest.mark.parametrize("command", COMMANDS)
def test_each_option_of_each_command_is_explained(command: str) -> None:
    options = [one for each in leaves(command) for one in each.params if isinstance(one, click.Option)]
    assert options
    assert [option.name for option in options if not option.help] == []


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "Usage: reconcile"),
        (["frobnicate"], "No such command"),
        (["plan", "--frobnicate"], "No such option"),
        (["plan", "--timeout", "soon"], "'soon' is not a duration like 90s, 10m or 1h30m"),
        (["plan", "--timeout", "0s"], "is not a duration"),
        (["apply", "--max-bandwidth", "fast"], "'fast' is not an amount of bytes a second, like 500k, 20M or 1Gi"),
        (["apply", "--max-bandwidth", "0"], "'0' is not an amount of bytes a second"),
        (["apply", "--max-bandwidth", "20"], "20 is 20 bytes a second, too few to fetch a model with"),
        (["apply", "--transfers", "0"], "'--transfers'"),
        (["plan", "--server", "none", "--server", "grpc://t:8001"], "`none` goes alone"),
        (["plan", "-o", "xml"], "'xml' is not one of"),
        (["apply", "--allow-removals", "-1"], "-1 is not in the range"),
        (["plan", "--allow-removals", "-1"], "-1 is not in the range"),
        (["validate", "no-such-file.yaml"], "does not exist"),
    ],
)
def test_a_usage_error_exits_with_64_and_says_what_is_wrong(
    arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.invoke(arguments) == 64
    assert told in capsys.readouterr().err


def test_a_file_name_in_a_usage_error_cannot_draw_on_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    evil = tmp_path / "\x1b]0;x\x07.yaml"
    evil.write_text("")
    assert cli.invoke(["validate", str(evil)]) == 64
    assert "\\x1b]0;x\\x07.yaml is in no repository" in capsys.readouterr().err


def test_the_environment_stands_in_for_a_flag(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RECONCILE_TIMEOUT", "soon")
    assert cli.invoke(["plan"]) == 64
    assert "env var: 'RECONCILE_TIMEOUT'" in capsys.readouterr().err


def test_a_flag_wins_over_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "models.d").mkdir()
    monkeypatch.setenv("RECONCILE_REPO", str(tmp_path / "nowhere"))
    assert cli.invoke(["validate"]) == 1
    assert cli.invoke(["validate", "--repo", str(tmp_path)]) == 0


def test_a_path_that_is_not_there_is_a_document_where_one_was_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.invoke(["validate", "-o", "json", "no-such-file.yaml"]) == 64
    assert json.loads(capsys.readouterr().out)["error"]["message"] == "no-such-file.yaml does not exist"


@pytest.mark.parametrize("as_json", [["plan", "-o", "json"], ["graph", "--format", "json"]])
def test_what_ended_a_run_is_a_document_where_one_was_asked_for(
    as_json: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where = ["--repo", str(tmp_path / "nowhere"), "--volume", str(tmp_path), "--server", "none"]
    assert cli.invoke([*as_json, *where]) == 1
    assert json.loads(capsys.readouterr().out)["error"]["reason"] == "RepositoryUnreadable"
