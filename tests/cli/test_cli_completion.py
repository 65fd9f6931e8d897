"""What shells offer after TAB: asked of real ones, where they are installed."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.shell_completion import ShellComplete

from reconciler import cli

SECONDS = 240
REPOSITORY = """\
apiVersion: reconciler/v1
kind: Repository
spec:
  targets:
    prod: {volume: /nowhere}
    staging: {volume: /nowhere}
"""
BASH = """
source <("$RECONCILE" completion bash)
COMP_WORDS=($LINE)
[ "${LINE: -1}" != " " ] || COMP_WORDS+=("")
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
$(complete -p reconcile | sed 's/.*-F \\([^ ]*\\).*/\\1/') "$RECONCILE"
printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "models.d" / "vision"
    folder.mkdir(parents=True)
    for name in ("densenet.yaml", "densenet.lock", "detector.yaml", "README.md", "a b.yaml", "evil\nscale.yaml"):
        (folder / name).write_text("not: [even YAML")
    (tmp_path / "models.d" / "scale.yaml").touch()
    (tmp_path / "reconciler.yaml").write_text(REPOSITORY)
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("RECONCILE_")]:
        monkeypatch.delenv(name)
    return tmp_path


def offered(*arguments: str) -> list[tuple[str, str]]:
    """Values and their kinds for the last of the arguments."""
    *before, typed = arguments
    found = ShellComplete(cli.group, {}, cli.NAME, "_RECONCILE_COMPLETE").get_completions(before, typed)
    return [(item.value, item.type) for item in found]


def plain(*names: str) -> list[tuple[str, str]]:
    return [(name, "plain") for name in names]


@pytest.mark.usefixtures("repository")
@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("ex",), plain("explain")),
        (("explain", ""), plain("densenet", "detector", "scale")),
        (("plan", "de"), plain("densenet", "detector")),
        (("status", "densenet", "de"), plain("detector")),
        (("lock", "s"), plain("scale")),
        (("plan", "--adopt", "sc"), plain("scale")),
        (("plan", "--target", ""), plain("prod", "staging")),
        (("run", "--target", "st"), plain("staging")),
        (("apply", "fri"), [("fri", "file")]),
        (("show", "fri"), [("fri", "file")]),
        (("plan", "--volume", "vo"), [("vo", "dir")]),
        (("completion", "z"), plain("zsh")),
        (("import", "tf"), plain("tfserving")),
    ],
)
def test_commands_models_and_targets_are_offered(arguments: tuple[str, ...], told: list[tuple[str, str]]) -> None:
    assert offered(*arguments) == told


def test_the_repository_and_folder_that_are_named_are_meant(
    repository: Path, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    assert offered("plan", "") == []
    assert offered("plan", "--repo", str(repository), "sc") == plain("scale")
    assert offered("plan", "--repo", str(repository.parent), "--path", repository.name, "sc") == plain("scale")
    monkeypatch.setenv("RECONCILE_REPO", str(repository))
    assert offered("plan", "sc") == plain("scale")


@pytest.mark.parametrize("text", [b"\xff", b"[", b"spec: 1", b"a: &a [*a]", b"", b"spec: {targets: [x]}"])
def test_a_bad_repository_offers_nothing_and_says_nothing(
    text: bytes, repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (repository / "reconciler.yaml").write_bytes(text)
    shutil.rmtree(repository / "models.d")
    assert offered("plan", "--target", "pr") == []
    assert offered("plan", "--repo", "https://127.0.0.1:1/nobody", "--target", "") == []
    assert offered("plan", "--repo", "https://127.0.0.1:1/nobody", "") == []
    assert capsys.readouterr() == ("", "")


def test_commands_are_offered_with_what_they_do_and_none_is_imported() -> None:
    told = ShellComplete(cli.group, {}, cli.NAME, "_RECONCILE_COMPLETE").get_completions([], "pl")
    assert [(item.value, item.help) for item in told] == [("plan", cli.COMMANDS["plan"].says)]
    assert "plan" in cli.group.list_commands(click.Context(cli.group))


def asked(shell: str, script: str, line: str, folder: Path) -> str:
    """What a real shell answers that has the program's script."""
    program = Path(sys.executable).with_name("reconcile")
    done = subprocess.run(
        [shell, "-c", script],
        env={**os.environ, "RECONCILE": str(program), "PATH": f"{program.parent}:{os.environ['PATH']}", "LINE": line},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.stderr == ""
    return done.stdout


@pytest.mark.parametrize(
    ("line", "told"),
    [("reconcile plan de", ["densenet", "detector"]), ("reconcile plan --target ", ["prod", "staging"])],
)
def test_bash_offers_models_and_targets(line: str, told: list[str], repository: Path) -> None:
    assert asked("bash", BASH, line, repository).splitlines() == told


@pytest.mark.skipif(shutil.which("fish") is None, reason="there is no fish here")
def test_fish_offers_models(repository: Path) -> None:
    script = "$RECONCILE completion fish | source; complete --do-complete $LINE"
    assert asked("fish", script, "reconcile plan de", repository).split() == ["densenet", "detector"]


@pytest.mark.skipif(shutil.which("zsh") is None, reason="there is no zsh here")
def test_zsh_understands_the_script(repository: Path) -> None:
    script = 'autoload -U compinit && compinit -u -D; source <($RECONCILE completion zsh); print "${_comps[reconcile]}"'
    assert asked("zsh", script, "", repository) == "_reconcile_completion\n"
