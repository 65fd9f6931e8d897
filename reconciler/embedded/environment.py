"""The environment of the local Triton: the server's wheel and numpy < 2 in a venv of their own, built once, cached.

Promise: what has the final name is whole. It is built beside, tried, and renamed, under a lock.
"""

import contextlib
import fcntl
import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from reconciler.core.digest import of_bytes
from reconciler.core.errors import Reason, TransientError
from reconciler.embedded import installing, interpreter
from reconciler.embedded.installing import Environment
from reconciler.embedded.interpreter import Interpreter


def prepare(base: Path | None = None) -> Environment:
    """The environment, built if it is not there (a minute, about 250 MB); two builders at once build it once.

    `base`: the cache folder; by default $RECONCILE_EMBEDDED_DIR, else triton-reconcile in the user's cache.
    Raises TerminalError where it cannot run on this machine, TransientError where a download or the disk failed.
    """
    interpreter.check_platform()
    chosen = interpreter.choose(os.environ.get("PATH", os.defpath))
    folder = base or _default_base(os.environ)
    # The interpreter is part of the name: its venv works with that one only.
    key = of_bytes(str((chosen.executable, chosen.library)).encode()).removeprefix("sha256:")[:8]
    root = folder / "-".join(["embedded", *(text.replace("==", "-") for text in installing.REQUIREMENTS), key])
    environment = Environment(root=root, minor=chosen.minor)
    try:
        if not _usable(environment):
            _build_once(environment, chosen)
    except OSError as error:
        message = f"the local Triton could not be set up in {folder}: {error.strerror or error}"
        raise TransientError(
            Reason.NO_SPACE, message, "about 600 MB are needed there; RECONCILE_EMBEDDED_DIR names another folder"
        ) from error
    return environment


def _default_base(environ: Mapping[str, str]) -> Path:
    chosen = environ.get("RECONCILE_EMBEDDED_DIR")
    cache = environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(chosen).absolute() if chosen else Path(cache).expanduser() / "triton-reconcile"


def _usable(environment: Environment) -> bool:
    """Whether it is there and the interpreter that it leans on still is."""
    links = [environment.root / "venv" / "bin" / "python3", environment.root / "lib"]
    return environment.executable.exists() and all(link.exists() for link in links)


def _build_once(environment: Environment, chosen: Interpreter) -> None:
    root = environment.root
    root.parent.mkdir(parents=True, exist_ok=True)
    with _locked(root.with_name(root.name + ".lock")):
        if _usable(environment):
            return
        for leftover in root.parent.glob(f"{root.name}.building-*"):
            shutil.rmtree(leftover, ignore_errors=True)
        building = Environment(root=root.with_name(f"{root.name}.building-{os.getpid()}"), minor=chosen.minor)
        try:
            installing.install(building, chosen)
            shutil.rmtree(root, ignore_errors=True)
            building.root.rename(root)
        finally:
            shutil.rmtree(building.root, ignore_errors=True)


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
