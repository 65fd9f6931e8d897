"""`reconcile demo` as a person runs it: what it shows, what it leaves behind, however it ends."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.triton]

SECONDS = 120


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    """An empty folder; servers that a failed test leaves behind on it are ended."""
    yield tmp_path
    for process in servers(tmp_path):
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)


@contextmanager
def demo(folder: Path, *flags: str) -> Iterator["subprocess.Popen[str]"]:
    """A running demo that makes its folders below this one."""
    child = subprocess.Popen(
        [sys.executable, "-m", "reconciler", "demo", *flags],
        env={**os.environ, "TMPDIR": str(folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        bufsize=1,
        start_new_session=True,
    )
    try:
        yield child
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.communicate()


def servers(folder: Path) -> list[int]:
    """Processes that were started with something below the folder in their command line."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if f"{folder}/".encode() in (process / "cmdline").read_bytes():
                found.append(int(process.name))
    return found


def read_until(child: "subprocess.Popen[str]", text: str) -> str:
    assert child.stdout is not None
    seen = ""
    for line in child.stdout:
        seen += line
        if text in line:
            return seen
    raise AssertionError(seen)


def test_the_demo_shows_every_act_within_two_minutes_and_leaves_nothing_behind(place: Path) -> None:
    with demo(place) as child:
        said, _ = child.communicate(timeout=SECONDS)
    assert child.returncode == 0, said
    for act in (
        "first rollout",
        "The same again",
        "changes one model",
        "removes one model",
        "a typing error",
        "only Triton can find out",
        "the status branch",
    ):
        assert act in said
    assert "IN [1, 2, 3] → OUT [12, 14, 16]" in said
    assert "IN [1, 2, 3] → OUT [13, 16, 19]" in said
    assert "framewrok" in said
    assert re.search(r"of \d+ requests sent to scale meanwhile, 0 failed", said)
    assert max(len(line) for line in said.splitlines() if str(place) not in line) <= 100
    assert list(place.iterdir()) == []
    assert servers(place) == []


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_demo_leaves_nothing_behind(place: Path, number: signal.Signals, code: int) -> None:
    with demo(place) as child:
        read_until(child, "$ reconcile apply")
        child.send_signal(number)
        said, _ = child.communicate(timeout=SECONDS)
    assert child.returncode == code, said
    assert list(place.iterdir()) == []
    assert servers(place) == []


def test_a_kept_demo_leaves_a_server_to_play_on_with_and_says_how_to_end_it(place: Path) -> None:
    with demo(place, "--keep") as child:
        said, _ = child.communicate(timeout=SECONDS)
    assert child.returncode == 0, said
    exported = dict(re.findall(r"export (RECONCILE_\w+)=(\S+)", said))
    kill = re.search(r"kill (\d+)", said)
    assert kill is not None
    try:
        play_on(exported)
    finally:
        os.kill(int(kill[1]), signal.SIGTERM)
    wait_gone(place)
    for command in re.findall(r"chmod -R u\+w .*|rm -r .*", said):
        subprocess.run(["sh", "-c", command], check=True)
    assert list(place.iterdir()) == []


def play_on(exported: dict[str, str]) -> None:
    plan = [sys.executable, "-m", "reconciler", "plan", "--detailed-exitcode"]
    answer = subprocess.run(plan, env={**os.environ, **exported}, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert "No changes." in answer.stdout


def wait_gone(folder: Path) -> None:
    deadline = time.monotonic() + 30
    while servers(folder):
        assert time.monotonic() < deadline
        time.sleep(0.1)
