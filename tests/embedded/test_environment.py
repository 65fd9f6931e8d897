"""The environment of the local Triton: built whole or not at all."""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from reconciler import embedded
from reconciler.core.errors import Reason, TerminalError, TransientError
from reconciler.embedded import interpreter

pytestmark = pytest.mark.triton

BUILD = "import sys, pathlib; from reconciler import embedded; embedded.prepare(pathlib.Path(sys.argv[1]))"


def built(base: Path) -> list[str]:
    """The names in the cache, without the lock."""
    return sorted(path.name for path in base.iterdir() if path.suffix != ".lock")


def test_two_builders_at_once_build_it_once(tmp_path: Path) -> None:
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(embedded.prepare, [tmp_path, tmp_path])
    assert first == second
    assert built(tmp_path) == [first.root.name]
    assert first.executable.exists()


def test_a_builder_killed_in_the_middle_leaves_nothing_with_the_final_name(tmp_path: Path) -> None:
    builder = subprocess.Popen([sys.executable, "-c", BUILD, tmp_path])
    while not list(tmp_path.glob("*.building-*")):
        time.sleep(0.005)
    builder.send_signal(signal.SIGKILL)
    builder.wait()
    halves = built(tmp_path)
    assert all(".building-" in name for name in halves)
    environment = embedded.prepare(tmp_path)
    assert built(tmp_path) == [environment.root.name]


def test_an_environment_whose_interpreter_is_gone_is_built_anew(tmp_path: Path) -> None:
    environment = embedded.prepare(tmp_path)
    (environment.root / "venv" / "bin" / "python3").unlink()
    assert embedded.prepare(tmp_path) == environment
    assert (environment.root / "venv" / "bin" / "python3").exists()


def test_a_folder_that_cannot_be_written_is_told_with_the_way_out() -> None:
    with pytest.raises(TransientError, match="/proc/nowhere") as caught:
        embedded.prepare(Path("/proc/nowhere"))
    assert "RECONCILE_EMBEDDED_DIR" in caught.value.hint


def test_the_variables_of_our_own_python_do_not_reach_the_server(tmp_path: Path) -> None:
    variables = embedded.Environment(root=tmp_path, minor=11).variables(
        {"PYTHONPATH": "/ours", "VIRTUAL_ENV": "/ours", "PATH": "/bin", "KEPT": "1"}
    )
    assert "PYTHONPATH" not in variables
    assert "VIRTUAL_ENV" not in variables
    assert variables["KEPT"] == "1"
    assert variables["PATH"] == os.pathsep.join([str(tmp_path / "venv" / "bin"), "/bin"])


def test_a_python_that_will_not_do_is_passed_over(tmp_path: Path) -> None:
    for minor in interpreter.MINORS:
        shim = tmp_path / f"python3.{minor}"
        shim.write_text("#!/bin/sh\nexit 127\n")
        shim.chmod(0o755)
    found = interpreter.first_suitable([*sorted(tmp_path.iterdir()), Path(sys.executable)])
    assert found.library.exists()


def test_without_a_suitable_python_the_image_to_use_is_named(tmp_path: Path) -> None:
    with pytest.raises(TerminalError, match="shared libpython") as caught:
        interpreter.first_suitable([tmp_path / "python3.11"])
    assert caught.value.reason is Reason.EXTRA_MISSING
    assert "nvcr.io/nvidia/tritonserver:24.10-py3" in caught.value.hint


@pytest.mark.parametrize(("system", "machine"), [("darwin", "arm64"), ("linux", "aarch64"), ("win32", "AMD64")])
def test_another_platform_is_refused_with_the_image_to_use(system: str, machine: str) -> None:
    with pytest.raises(TerminalError, match=machine) as caught:
        interpreter.check_platform(system, machine)
    assert "--server" in caught.value.hint
