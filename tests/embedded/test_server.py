"""The local Triton: ready when it says so, gone when it should be."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from reconciler import embedded
from reconciler.adapters.triton.client import connect
from reconciler.core.errors import Reason, TransientError
from reconciler.core.observed import Serving
from tests.triton_models import multiplier

pytestmark = pytest.mark.triton

PARENT = """
import sys, threading, time
from reconciler import embedded

def begin():
    global server
    server = embedded.start(sys.argv[1], load=("m",), detached=sys.argv[2] == "detached")

# In a thread that ends: the server belongs to the process, not to the thread that started it.
thread = threading.Thread(target=begin)
thread.start()
thread.join()
time.sleep(0.5)
print(server.info.pid, server.info.http_url, server.info.log.parent.name, flush=True)
time.sleep(60)
"""


def alive(pid: int) -> bool:
    """Whether the process runs; one that waits to be collected does not."""
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def children(pid: int) -> list[int]:
    """The stubs of a server: they are children of whichever of its threads made them."""
    lists = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for one in lists for child in one.read_text().split()]


def begun(repository: Path, mode: str) -> "subprocess.Popen[str]":
    """A process that starts a server and tells its pid, address and name; its temporary files are the test's."""
    return subprocess.Popen(
        [sys.executable, "-c", PARENT, repository, mode],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(repository.parent)},
    )


def shared_memory(name: str) -> list[str]:
    return [region for region in os.listdir("/dev/shm") if region.startswith(name)]


def within(seconds: float, true: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + seconds
    while not true() and time.monotonic() < deadline:
        time.sleep(0.02)
    return true()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """One Python model, `m`, in a repository of its own."""
    (tmp_path / "models").mkdir()
    multiplier("m", "3").write(tmp_path / "models")
    return tmp_path / "models"


def test_a_started_server_is_ready_and_a_stopped_one_is_gone(repository: Path) -> None:
    with embedded.start(repository, load=("m",)) as server, connect(server.info.grpc_url) as client:
        view = client.observe()
        assert isinstance(view, Serving)
        assert view.models["m"].up
        assert len(shared_memory(server.info.log.parent.name)) == 1
        with urllib.request.urlopen(server.info.metrics_url, timeout=5) as response:
            assert b"nv_inference" in response.read()
    assert not alive(server.info.pid)
    assert not shared_memory(server.info.log.parent.name)
    assert not server.info.log.exists()


def test_a_killed_server_leaves_no_stub_and_no_shared_memory_and_can_be_restarted(repository: Path) -> None:
    with embedded.start(repository, load=("m",)) as server:
        info, stubs = server.info, children(server.info.pid)
        assert stubs
        server.kill()
        assert not any(map(alive, [info.pid, *stubs]))
        assert not shared_memory(info.log.parent.name)
        server.restart()
        assert (server.info.grpc_url, server.info.pid != info.pid) == (info.grpc_url, True)
        assert alive(server.info.pid)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_nothing_survives_the_death_of_the_process_that_started_it(repository: Path, how: signal.Signals) -> None:
    with begun(repository, "attached") as parent:
        assert parent.stdout is not None
        pid, _, name = parent.stdout.readline().split()
        everything = [int(pid), *children(int(pid))]
        assert len(everything) > 1
        assert all(map(alive, everything))
        parent.send_signal(how)
        parent.wait()
        assert within(20, lambda: not any(map(alive, everything)))
        assert within(5, lambda: not shared_memory(name))


def test_nothing_survives_when_the_supervisor_is_killed_too(repository: Path) -> None:
    with embedded.start(repository, load=("m",)) as server:
        everything = [server.info.pid, *children(server.info.pid)]
        status = Path(f"/proc/{server.info.pid}/status").read_text()
        supervisor = int(status.partition("\nPPid:\t")[2].split()[0])
        os.kill(supervisor, signal.SIGKILL)
        assert within(10, lambda: not any(map(alive, everything)))
    for region in shared_memory(server.info.log.parent.name):
        Path("/dev/shm", region).unlink()


def test_a_detached_server_outlives_its_parent_until_it_is_ended(repository: Path) -> None:
    with begun(repository, "detached") as parent:
        assert parent.stdout is not None
        pid, url, name = parent.stdout.readline().split()
        parent.kill()
    time.sleep(0.5)
    with urllib.request.urlopen(f"{url}/v2", timeout=5) as response:
        assert json.load(response)["name"] == name
    os.kill(int(pid), signal.SIGTERM)
    assert within(20, lambda: not alive(int(pid)))
    assert within(5, lambda: not shared_memory(name))


def test_two_servers_started_at_once_are_two(tmp_path: Path) -> None:
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(embedded.start, [tmp_path, tmp_path])
    with first, second:
        urls = [first.info.grpc_url, second.info.grpc_url, first.info.http_url, second.info.http_url]
        assert len(set(urls)) == 4
        for server in (first, second):
            with connect(server.info.grpc_url) as client:
                assert isinstance(client.observe(), Serving)


def test_a_server_that_does_not_start_says_why(tmp_path: Path) -> None:
    with pytest.raises(TransientError, match="failed to stat file") as caught:
        embedded.start(tmp_path / "nowhere")
    assert caught.value.reason is Reason.SERVER_UNREACHABLE
    log = Path(caught.value.hint.removeprefix("its log is "))
    assert "failed to stat file" in log.read_text()
    shutil.rmtree(log.parent)
