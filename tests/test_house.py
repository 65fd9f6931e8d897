"""What the papers of this repository say is so."""

import re
import tomllib
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from reconciler import cli
from reconciler.adapters import gitrepo
from reconciler.core.digest import FileDigest, of_bytes, tree_digest
from reconciler.core.parsing import parse
from reconciler.core.spec import Desired
from reconciler.demo import configuration

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
ARCHITECTURE = (ROOT / "ARCHITECTURE.md").read_text()
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text()
MAKEFILE = (ROOT / "Makefile").read_text()
COMMANDS = sorted(cli.COMMANDS)


def checkout() -> Desired:
    read = gitrepo.read(str(ROOT))
    return parse.parse(read.files, revision=read.revision, message=read.message, root=read.root)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_documented_in_the_readme(command: str) -> None:
    assert f"| `reconcile {command}" in README


def test_every_command_that_the_readme_names_is_there() -> None:
    assert {*re.findall(r"(?:`|^ *)reconcile ([a-z]+)", README, re.MULTILINE)} == {*COMMANDS}


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_says_what_it_does_and_gives_an_example(command: str) -> None:
    said = CliRunner().invoke(cli.group, [command, "--help"])
    assert said.exit_code == 0
    assert f"reconcile {command}" in said.output.partition("Examples:")[2]


def choices(command: str, option: str) -> set[str]:
    """The values of an option of a command, or of the commands below it."""
    found = cli.group.get_command(click.Context(cli.group), command)
    leaves = found.commands.values() if isinstance(found, click.Group) else [found]
    kinds = [one.type for leaf in leaves if leaf for one in leaf.params if option in one.opts]
    return {str(choice) for kind in kinds if isinstance(kind, click.Choice) for choice in kind.choices}


def test_the_readme_names_each_extra_and_no_other() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    install = README.partition("## Install\n")[2].partition("\n## ")[0]
    assert sorted(re.findall(r"^    pip install '\.\[(\w+)\]' +# \S", install, re.MULTILINE)) == sorted(extras)


def test_the_readme_says_of_each_command_that_has_json_how_it_is_asked_for() -> None:
    told = README.partition("reference/cli.md). ")[2].partition("The numbers")[0]
    output, _, form = told.partition("answer a script in JSON with `-o json`")
    assert "`--format json`" in form
    assert {*re.findall(r"`([a-z]+)`", output)} == {name for name in COMMANDS if "json" in choices(name, "--output")}
    assert {*re.findall(r"`([a-z]+)`", form)} == {name for name in COMMANDS if "json" in choices(name, "--format")}


@pytest.mark.parametrize("target", ["demo", "setup", "test"])
def test_the_commands_of_make_that_people_are_told_of_are_there(target: str) -> None:
    assert re.search(rf"^{target}:", MAKEFILE, re.MULTILINE)


@pytest.mark.parametrize("target", ["test", "develop", "docs", "reference", "pictures"])
def test_what_those_who_work_on_it_run_is_named_where_they_look(target: str) -> None:
    assert re.search(rf"^{target}:", MAKEFILE, re.MULTILINE)
    assert re.search(rf'@echo ".*\bmake {target}\b', MAKEFILE)
    assert re.search(rf"^    make {target} +# ", CONTRIBUTING, re.MULTILINE)


def test_the_yaml_examples_of_the_readme_are_valid() -> None:
    model, repository = re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)
    files = {"models.d/densenet.yaml": model.encode(), "reconciler.yaml": repository.encode()}
    desired = parse.parse(files, revision="0" * 40)
    assert desired.problems == ()
    assert desired.rejected == {}
    assert list(desired.models) == ["densenet"]


def test_the_models_of_this_repository_are_valid() -> None:
    desired = checkout()
    assert desired.problems == ()
    assert desired.rejected == {}
    assert sorted(desired.models) == ["average", "power", "scale", "scale-then-shift", "shift"]


def test_every_file_of_models_d_names_its_schema_for_editors() -> None:
    for file in (ROOT / "models.d").glob("*.yaml"):
        schema = re.match(r"# yaml-language-server: \$schema=(\S+)\n", file.read_text())
        assert schema is not None
        assert (file.parent / schema[1]).is_file()


def test_the_digest_of_the_archive_is_that_of_its_folder() -> None:
    folder = ROOT / "examples" / "average"
    files = [path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    found = tree_digest(
        FileDigest(path=str(path.relative_to(folder)), size=path.stat().st_size, digest=of_bytes(path.read_bytes()))
        for path in files
    )
    source = checkout().models["average"].source
    assert source is not None
    assert source.digest == found


def test_the_demo_finds_what_it_serves_in_a_checkout() -> None:
    assert configuration.packaged() == ROOT


def test_nothing_is_left_open_in_the_package() -> None:
    marks = re.compile(r"TODO|FIXME|XXX|raise NotImplementedError")
    assert [str(path) for path in (ROOT / "reconciler").rglob("*.py") if marks.search(path.read_text())] == []


def test_every_test_that_the_architecture_names_is_there() -> None:
    named = set(re.findall(r"`(test_\w+)`", ARCHITECTURE))
    written = "\n".join(path.read_text() for path in (ROOT / "tests").rglob("*.py"))
    assert {name for name in named if f"def {name}(" not in written} == set()


@pytest.mark.parametrize("page", ["ARCHITECTURE.md", "CONTRIBUTING.md"])
def test_every_module_and_every_test_file_that_is_named_is_there(page: str) -> None:
    named = set(re.findall(r"`((?:reconciler|tests|schemas|docs|bench|deploy)/[\w./-]*)`", (ROOT / page).read_text()))
    assert len(named) > 20
    assert {path for path in named if not (ROOT / path).exists()} == set()


def test_every_room_of_the_architecture_is_there() -> None:
    tree = ARCHITECTURE.partition("    reconciler/\n")[2].partition("\n\n")[0]
    there = {path.name for path in (ROOT / "reconciler").rglob("*")}
    named = {name.removesuffix("/") for name in re.findall(r"\b[a-z_]+(?:\.py|/)(?=[\s,;:])", tree)}
    assert len(named) > 40
    assert named - there == set()


def test_every_room_has_its_line_in_the_architecture() -> None:
    tree = ARCHITECTURE.partition("    reconciler/\n")[2].partition("\n\n")[0]
    there = [path for path in (ROOT / "reconciler").iterdir() if path.name[0] != "_" and path.suffix != ".typed"]
    rooms = {f"{path.name}/" if path.is_dir() else path.name for path in there}
    assert len(rooms) > 12
    assert {room for room in rooms if not re.search(rf"(?<!\w){re.escape(room)}", tree)} == set()


@pytest.mark.parametrize("room", ["passes", "looping", "authoring"])
def test_every_part_of_a_room_has_its_words_in_the_architecture(room: str) -> None:
    tree = ARCHITECTURE.partition(f"├── {room}/ ")[2].partition("\n    ├── ")[0]
    modules = {path.name for path in (ROOT / "reconciler" / room).glob("[!_]*.py")}
    assert len(modules) > 5
    assert {name for name in modules if not re.search(rf"(?<!\w){re.escape(name)}", tree)} == set()


def test_every_module_of_the_core_is_in_the_architecture_in_its_own_room() -> None:
    core = ROOT / "reconciler" / "core"
    for room in (
        core,
        *(path for path in core.iterdir() if path.is_dir() and path.name not in ("__pycache__", "imports")),
    ):
        modules = {path.stem for path in room.glob("[!_]*.py")}
        heading = r"\| in core/ \|.*?\n\n" if room == core else rf"^\| `{room.name}/` \|.*?$"
        told = re.search(heading, ARCHITECTURE, re.DOTALL | re.MULTILINE)
        assert told is not None, room
        assert modules == set(re.findall(r"`(\w+)`", told[0].replace("`reconcile init`", ""))), room
