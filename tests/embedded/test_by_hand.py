"""`python -m reconciler.embedded FOLDER`: a local Triton that a shell starts and ends."""

import os
import shlex
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

COMMAND = (sys.executable, "-m", "reconciler.embedded")


def started(folder: Path) -> dict[str, str]:
    done = subprocess.run([*COMMAND, str(folder)], capture_output=True, text=True, check=False, timeout=280)
    if "does not run" in done.stderr:
        pytest.skip(done.stderr)
    assert done.returncode == 0, done.stderr
    words = [shlex.split(line) for line in done.stdout.splitlines()]
    assert {first for first, _ in words} == {"export"}
    return dict(said.split("=", 1) for _, said in words)


@pytest.mark.triton
@pytest.mark.slow
def test_it_tells_a_shell_where_it_is_outlives_who_started_it_and_ends_by_its_pid(tmp_path: Path) -> None:
    told = started(tmp_path / "volume" / "models")
    pid = int(told["TRITON_PID"])
    try:
        with urllib.request.urlopen(f"{told['TRITON_URL']}/v2/health/live", timeout=30) as answer:
            assert answer.status == 200
        assert told["RECONCILE_SERVER"].startswith("grpc://127.0.0.1:")
        assert (tmp_path / "volume" / "models").is_dir()
    finally:
        os.kill(pid, signal.SIGTERM)
    until = time.monotonic() + 60
    while Path(f"/proc/{pid}").exists():
        assert time.monotonic() < until
        time.sleep(0.05)


def test_a_folder_that_cannot_be_is_said_so_and_nothing_is_started(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = subprocess.run([*COMMAND, str(tmp_path / "file" / "models")], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("error: ")
