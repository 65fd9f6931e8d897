"""An environment for each package that is compared, made by uv, since their pins contradict each other."""

import os
import re
import shutil
import subprocess
import sys

_DEFAULT = os.path.join(os.path.expanduser("~"), ".cache")
CACHE = os.path.join(os.environ.get("XDG_CACHE_HOME", _DEFAULT), "triton-reconcile", "bench")


def programs(package: str | None) -> str:
    """Where the package's programs are, installed now if they are not. Raises RuntimeError if that fails."""
    if package is None:
        return os.path.dirname(sys.executable)
    folder = _folder(package)
    if not os.path.exists(os.path.join(folder, "whole")):
        shutil.rmtree(folder, ignore_errors=True)
        _uv("venv", "--quiet", "--python", sys.executable, folder)
        _uv(
            "pip",
            "install",
            "--quiet",
            "--compile-bytecode",
            "--python",
            os.path.join(folder, "bin", "python"),
            package,
        )
        with open(os.path.join(folder, "whole"), "w", encoding="ascii"):
            pass
    return os.path.join(folder, "bin")


def version(package: str) -> str:
    """The version that is installed."""
    name = package.partition("[")[0]
    if not os.path.exists(_folder(package)):
        return "(not installed)"
    listed = _uv("pip", "freeze", "--quiet", "--python", os.path.join(_folder(package), "bin", "python"))
    found = re.search(rf"^{re.escape(name)}==(.+)$", listed, re.MULTILINE)
    return found[1] if found else "not there"


def _folder(package: str) -> str:
    return os.path.join(CACHE, re.sub(r"\W+", "-", package).strip("-"))


def _uv(*words: str) -> str:
    beside = os.path.dirname(sys.executable)
    uv = shutil.which("uv", path=os.pathsep.join([beside, os.environ.get("PATH", "")]))
    if uv is None:
        raise RuntimeError("uv is not installed")
    done = subprocess.run([uv, *words], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(" ".join(done.stderr.split())[:200])
    return done.stdout
