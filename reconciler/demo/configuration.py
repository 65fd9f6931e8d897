"""The configuration repository of the demo: a bare git remote made from models.d, and a clone to commit from."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from reconciler.core.errors import Reason, TerminalError

_SOURCES = "./examples/"
_ARCHIVES = "http://127.0.0.1:8093/"
"""Where models.d says that the payloads are; a bare remote has no folder that relative paths could start from."""

_ME = {"GIT_AUTHOR_NAME": "demo", "GIT_AUTHOR_EMAIL": "demo@localhost"}


def packaged() -> Path:
    """The folder with reconciler.yaml, models.d and examples: in an installed wheel, or the checkout."""
    installed = Path(str(resources.files("reconciler.demo"))) / "repository"
    return installed if installed.is_dir() else Path(__file__).resolve().parents[2]


def environment(inherited: Mapping[str, str]) -> dict[str, str]:
    """The variables that commands of the demo run with: none of the person's own git or reconcile settings."""
    kept = {name: value for name, value in inherited.items() if not name.startswith(("GIT_", "RECONCILE_"))}
    me = _ME | {name.replace("AUTHOR", "COMMITTER"): value for name, value in _ME.items()}
    own = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    return kept | me | own | {"no_proxy": "127.0.0.1", "NO_PROXY": "127.0.0.1"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Clone:
    """A work tree at `folder` of the bare repository `remote`."""

    folder: Path
    remote: Path
    environ: Mapping[str, str]

    def git(self, *arguments: str) -> str:
        """What git prints. Raises TerminalError with what it says when it fails."""
        answer = subprocess.run(
            ["git", *arguments], cwd=self.folder, env=dict(self.environ), capture_output=True, text=True, check=False
        )
        if answer.returncode != 0:
            said = f"`git {' '.join(arguments)}` failed: {answer.stderr.strip()}"
            raise TerminalError(Reason.REPOSITORY_UNREADABLE, said)
        return answer.stdout

    def push(self, message: str) -> list[str]:
        """Commits everything, pushes it, and returns the lines it took away and added, and the files it deleted."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", message)
        self.git("push", "--quiet", "--set-upstream", "origin", "main")
        shown = self.git("show", "--format=", "--unified=0", "--no-color", "--diff-filter=d").splitlines()
        lines = [line for line in shown if line.startswith(("-", "+")) and not line.startswith(("---", "+++"))]
        deleted = self.git("show", "--format=", "--name-only", "--diff-filter=D").splitlines()
        return lines + [f"deleted: {file}" for file in deleted]

    def model(self, name: str) -> Path:
        """A model's file."""
        return self.folder / "models.d" / f"{name}.yaml"

    def replace(self, name: str, old: str, new: str) -> None:
        """Edits a model's file."""
        text = self.model(name).read_text()
        if old not in text:
            message = f"{self.model(name)} does not hold {old!r}"
            raise AssertionError(message)
        self.model(name).write_text(text.replace(old, new))


def publish(folder: Path, archives: str, environ: Mapping[str, str]) -> Clone:
    """A bare remote `models.git` and a clone `work` in the folder; sources lead to `examples` there and to `archives`.

    Raises TerminalError without git.
    """
    if shutil.which("git") is None:
        raise TerminalError(Reason.EXTRA_MISSING, "the demo needs git, which is not here", "install git")
    clone = Clone(folder=folder / "work", remote=folder / "models.git", environ=environ)
    shutil.copytree(packaged() / "models.d", clone.folder / "models.d")
    shutil.copy(packaged() / "reconciler.yaml", clone.folder)
    for file in sorted((clone.folder / "models.d").glob("*.yaml")):
        text = file.read_text().replace(_SOURCES, f"{folder}/examples/")
        file.write_text(text.replace(_ARCHIVES, archives))
    clone.git("init", "--quiet", "--bare", "--initial-branch=main", str(clone.remote))
    clone.git("init", "--quiet", "--initial-branch=main")
    clone.git("remote", "add", "origin", str(clone.remote))
    clone.push("Five models")
    return clone
