"""How the local Triton's environment is put together: uv installs the wheel, the stub is put in place, both tried."""

import importlib
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from reconciler.core.errors import Reason, TerminalError, TransientError
from reconciler.embedded.interpreter import INSTEAD, Interpreter

# numpy 2 loads, but the outputs of Python models come back empty on this server (triton-facts).
REQUIREMENTS = ("nvidia-pytriton==0.7.0", "numpy==1.26.4")

_SECONDS = 1200
_NO_WHEEL = ("no wheels with a matching", "No solution found", "has no wheels", "not found in the package registry")


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """A built environment: `root` holds `venv`, `lib` (the one libpython) and nothing else."""

    root: Path
    minor: int

    @property
    def packages(self) -> Path:
        """The venv's site-packages."""
        return self.root / "venv" / "lib" / f"python3.{self.minor}" / "site-packages"

    @property
    def triton(self) -> Path:
        """The folder of the wheel that holds bin/, backends/ and the stubs."""
        return self.packages / "pytriton" / "tritonserver"

    @property
    def executable(self) -> Path:
        """The server."""
        return self.triton / "bin" / "tritonserver"

    def variables(self, inherited: Mapping[str, str]) -> dict[str, str]:
        """The process environment for the server: its stub takes the first python3 on PATH for its home."""
        kept = {name: value for name, value in inherited.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}
        libraries = [self.packages / "nvidia_pytriton.libs", self.root / "lib"]
        path = [str(self.root / "venv" / "bin"), inherited.get("PATH", os.defpath)]
        return kept | {"PATH": os.pathsep.join(path), "LD_LIBRARY_PATH": os.pathsep.join(map(str, libraries))}


def install(building: Environment, chosen: Interpreter) -> None:
    """Makes the environment in a folder that is not there yet. Raises TerminalError, TransientError, OSError."""
    uv = _find_uv()
    building.root.mkdir()
    _run(building, [uv, "venv", "--quiet", "--no-project", "--python", str(chosen.executable), "venv"])
    python = str(building.root / "venv" / "bin" / "python3")
    # --no-deps: the wheel's own dependencies are for a Python API that is not used here, and would bring numpy 2.
    install = [uv, "pip", "install", "--quiet", "--no-deps", "--only-binary=:all:", "--python", python]
    _run(building, [*install, *REQUIREMENTS])
    stub = building.triton / "python_backend_stubs" / f"3.{chosen.minor}" / "triton_python_backend_stub"
    shutil.copy2(stub, building.triton / "backends" / "python")
    (building.root / "lib").mkdir()
    (building.root / "lib" / chosen.library.name).symlink_to(chosen.library)
    _try(building)


def _find_uv() -> str:
    try:
        return str(importlib.import_module("uv").find_uv_bin())
    except (ImportError, FileNotFoundError):
        found = shutil.which("uv")
    if found is None:
        hint = "install the extra: pip install 'triton-reconcile[embedded]'"
        raise TerminalError(Reason.EXTRA_MISSING, "the local Triton is installed by uv, which is not here", hint)
    return found


def _run(building: Environment, command: list[str]) -> None:
    """One step of the build. uv is told to trust what the machine trusts, under both of the names it has for that."""
    environ = {"UV_SYSTEM_CERTS": "1", "UV_NATIVE_TLS": "1", **os.environ}
    step = " ".join(Path(word).name for word in command[:3])
    try:
        answer = subprocess.run(
            command, cwd=building.root, env=environ, capture_output=True, text=True, timeout=_SECONDS, check=False
        )
    except subprocess.TimeoutExpired as error:
        message = f"setting up the local Triton took longer than {_SECONDS} s (`{step}`)"
        raise TransientError(Reason.TIMED_OUT, message, f"try again, or {INSTEAD}") from error
    if answer.returncode != 0:
        _refuse(step, answer.stderr.strip()[-2000:])


def _try(building: Environment) -> None:
    """Whether server and stub can run here at all: both say their usage and exit 1, 127 is the linker's."""
    stub = building.triton / "backends" / "python" / "triton_python_backend_stub"
    for program in (building.executable, stub):
        answer = subprocess.run(
            [program, "--help"], env=building.variables(os.environ), capture_output=True, timeout=60, check=False
        )
        if answer.returncode == 127:
            said = answer.stderr.decode(errors="replace").strip()
            message = f"the local Triton cannot run on this machine: {said}"
            raise TerminalError(Reason.EXTRA_MISSING, message, INSTEAD)


def _refuse(step: str, said: str) -> None:
    message = f"setting up the local Triton failed at `{step}`: {said}"
    if any(sign in said for sign in _NO_WHEEL):
        raise TerminalError(Reason.EXTRA_MISSING, message, INSTEAD)
    hint = f"check that the package index can be reached and try again, or {INSTEAD}"
    raise TransientError(Reason.SOURCE_UNREACHABLE, message, hint)
