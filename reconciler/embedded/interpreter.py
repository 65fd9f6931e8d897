"""Which Python runs the models of the local Triton: one with a stub in the wheel, numpy < 2 and a shared libpython.

The stub of Triton's Python backend is linked against `libpython3.<minor>.so.1.0`, so the interpreter's minor version
is fixed by the stub and the library has to exist as a file.
"""

import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from reconciler.core.errors import Reason, TerminalError

MINORS = (12, 11, 10, 9)
"""Versions 3.x with both a stub in nvidia-pytriton 0.7.0 and a wheel of numpy < 2; best first."""

INSTEAD = (
    "run a Triton of your own, for example the image nvcr.io/nvidia/tritonserver:24.10-py3 "
    "(with --model-control-mode=explicit), and give its address with --server"
)

_ASK = """
import json, sys, sysconfig
get = lambda name: sysconfig.get_config_var(name) or ""
print(json.dumps([list(sys.version_info[:2]), sys._base_executable, get("LIBDIR"), get("MULTIARCH"), sys.base_prefix]))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Interpreter:
    """A Python 3.`minor` by its executable and its shared library."""

    executable: Path
    minor: int
    library: Path


def check_platform(system: str = sys.platform, machine: str = platform.machine()) -> None:
    """Raises TerminalError where the wheel cannot run: it is built for Linux on x86-64 with glibc."""
    if (system, machine) != ("linux", "x86_64"):
        message = f"the local Triton needs Linux on x86_64, this is {system} on {machine}"
        raise TerminalError(Reason.EXTRA_MISSING, message, INSTEAD)


def choose(search: str) -> Interpreter:
    """The running interpreter if it will do, else the first on the search path that does. Raises TerminalError."""
    return first_suitable(_candidates(search))


def first_suitable(candidates: Iterable[Path]) -> Interpreter:
    """The first that can run the models. Raises TerminalError if none can."""
    for executable in candidates:
        found = _examine(executable)
        if found is not None:
            return found
    wanted = ", ".join(f"3.{minor}" for minor in MINORS)
    raise TerminalError(
        Reason.EXTRA_MISSING,
        f"the local Triton needs a Python ({wanted}) built with a shared libpython; none was found on PATH",
        f"install one (`uv python install 3.12`, and put it on PATH), or {INSTEAD}",
    )


def _candidates(search: str) -> list[Path]:
    folders = [Path(folder) for folder in search.split(os.pathsep) if folder]
    others = [folder / f"python3.{minor}" for minor in MINORS for folder in folders]
    return [Path(sys.executable), *(path for path in others if os.access(path, os.X_OK))]


def _examine(executable: Path) -> Interpreter | None:
    """What the interpreter says of itself; None if it does not run or will not do (a pyenv shim without a version)."""
    try:
        answer = subprocess.run([executable, "-I", "-c", _ASK], capture_output=True, check=True, timeout=30)
        (major, minor), base, libdir, multiarch, prefix = json.loads(answer.stdout)
    except (OSError, subprocess.SubprocessError, ValueError):
        return None
    if major != 3 or minor not in MINORS:
        return None
    # Debian's own Python gives /usr/lib as LIBDIR and keeps the library one folder deeper.
    for folder in (Path(libdir), Path(libdir) / multiarch, Path(prefix) / "lib"):
        library = folder / f"libpython3.{minor}.so.1.0"
        if library.is_file():
            return Interpreter(executable=Path(base), minor=minor, library=library)
    return None
