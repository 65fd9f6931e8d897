"""A machine for bad input: a git work tree, payloads, and a volume on which all was well once."""

import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.command import Answer, files_of, reconcile
from tests.git_remotes import git, write

CONFIG = """
backend: "python"
input [{name: "IN", data_type: TYPE_FP32, dims: [-1]}]
output [{name: "OUT", data_type: TYPE_FP32, dims: [-1]}]
"""
CODE = """
import triton_python_backend_utils as pb

class TritonPythonModel:
    def initialize(self, args):
        {initialize}

    def execute(self, requests):
        given = [pb.get_input_tensor_by_name(request, "IN").as_numpy() for request in requests]
        return [pb.InferenceResponse([pb.Tensor("OUT", (values * {factor}).astype("float32"))]) for values in given]
"""
LOCK, GIT_CACHE = ".reconciler/lock", ".reconciler/git"
MEMOS = (".reconciler/memo.json", ".reconciler/quiet.json")
ME = ("-c", "user.name=Tess", "-c", "user.email=tess@example.org")


def document(name: str, source: str, **more: str) -> str:
    """A model's file; `source` is anything that may stand after `source:`."""
    fields = {"framework": "python", "source": source, **more}
    lines = [f"  {field}: {text}" for field, text in fields.items()]
    return "\n".join(["apiVersion: reconciler/v1", "kind: Model", f"metadata: {{name: {name}}}", "spec:", *lines, ""])


def payload(folder: Path, factor: int = 2, initialize: str = "pass") -> Path:
    """A model as Triton lays it out: OUT = IN * factor."""
    code = CODE.format(factor=factor, initialize=initialize)
    write(folder, {"config.pbtxt": CONFIG.encode(), "1/model.py": code.encode()})
    return folder


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """Everything is below `folder`; `server` is what `--server` says."""

    folder: Path
    server: str = "none"

    @property
    def repository(self) -> Path:
        """The git work tree."""
        return self.folder / "repository"

    @property
    def volume(self) -> Path:
        """The model volume."""
        return self.folder / "volume"

    def source(self, name: str, factor: int = 2, initialize: str = "pass") -> Path:
        """A payload of its own."""
        return payload(self.folder / "sources" / name, factor, initialize)

    def begin(self) -> "Ground":
        """An empty repository and an empty volume."""
        self.repository.mkdir(parents=True)
        git(self.repository, "init", "--quiet", "--initial-branch=main")
        self.volume.mkdir(exist_ok=True)
        return self

    def want(self, documents: Mapping[str, str], others: Mapping[str, bytes] | None = None) -> None:
        """Commits these models and no others; `others` are files beside models.d."""
        for file in (self.repository / "models.d").glob("**/*.yaml"):
            file.unlink()
        write(self.repository, {f"models.d/{name}.yaml": text.encode() for name, text in documents.items()})
        write(self.repository, others or {})
        git(self.repository, "add", "--all")
        git(self.repository, *ME, "commit", "--quiet", "--allow-empty", "--message", "As wanted")

    def run(self, command: str, *arguments: str, **more: str | Path) -> Answer:
        """A command on this repository, volume and server; each may be another one."""
        chosen = {"repo": self.repository, "volume": self.volume, "server": self.server, **more}
        flags = [word for name, value in chosen.items() for word in (f"--{name}", str(value))]
        return reconcile(command, *flags, *arguments)

    def snapshot(self) -> tuple[dict[str, tuple[str, ...]], str, str]:
        """The volume but for its lock and its caches, every ref, and the work tree: what a refusal leaves as it is."""
        volume = {
            path: entry
            for path, entry in files_of(self.volume).items()
            if path not in (LOCK, *MEMOS) and not path.startswith(GIT_CACHE)
        }
        return volume, self.refs(), git(self.repository, "status", "--porcelain")

    def refs(self) -> str:
        """Every ref of the repository with its commit."""
        return git(self.repository, "for-each-ref")

    def served_files(self) -> dict[str, bytes]:
        """What Triton finds on the volume, through the links."""
        models = self.volume / "models"
        found = (path for link in models.iterdir() for path in link.rglob("*") if path.is_file())
        return {str(path.relative_to(models)): path.read_bytes() for path in found}


def mounted(folder: Path, options: str) -> str:
    """Mounts a tmpfs; why that is not possible here, empty if it was."""
    folder.mkdir(exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else f"a tmpfs cannot be mounted here: {done.stderr.strip()}"


def mentions(said: str, *words: str) -> None:
    """Whether all the words were said."""
    assert [word for word in words if word not in said] == [], said


def lines_about(name: str, said: Iterable[str]) -> list[str]:
    """The lines that name a model."""
    return [line for line in said if name in line]
