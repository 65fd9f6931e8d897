"""The real Prometheus, Pushgateway and node_exporter of Debian's packages, each on a free loopback port."""

import json
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

_SECONDS = 60.0
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def program(name: str) -> str:
    """Its path; skips where it is not installed."""
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"no {name} on this machine")
    return found


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


@contextmanager
def running(log: Path, ready: str, *command: str) -> Iterator[None]:
    """A server, until the end of the block; `ready` is what answers once it is up."""
    with log.open("wb") as stream:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=stream, stderr=stream, cwd=log.parent)
    try:
        until(lambda: process.poll() is not None or answers(ready))
        assert process.poll() is None, log.read_text()
        yield
    finally:
        process.kill()
        process.wait()


@contextmanager
def pushgateway(folder: Path, *flags: str) -> Iterator[str]:
    """Its address."""
    place = f"127.0.0.1:{free_port()}"
    command = [program("prometheus-pushgateway"), f"--web.listen-address={place}", *flags]
    with running(folder / "pushgateway.log", f"http://{place}/-/ready", *command):
        yield f"http://{place}"


@contextmanager
def prometheus(folder: Path, places: dict[str, str], rules: Path | None = None) -> Iterator[str]:
    """One that scrapes these each half second, by the name of the job; its address."""
    jobs = [
        {"job_name": name, "honor_labels": True, "static_configs": [{"targets": [place]}]}
        for name, place in places.items()
    ]
    config = {
        "global": {"scrape_interval": "500ms", "evaluation_interval": "500ms"},
        "scrape_configs": jobs,
        "rule_files": [str(rules)] if rules else [],
    }
    (folder / "prometheus.yaml").write_text(json.dumps(config))
    place = f"127.0.0.1:{free_port()}"
    command = [
        program("prometheus"),
        f"--config.file={folder / 'prometheus.yaml'}",
        f"--storage.tsdb.path={folder / 'tsdb'}",
        f"--web.listen-address={place}",
    ]
    with running(folder / "prometheus.log", f"http://{place}/-/ready", *command):
        yield f"http://{place}"


@contextmanager
def node_exporter(folder: Path) -> Iterator[str]:
    """One that reads text files of the folder, and nothing else; its address."""
    place = f"127.0.0.1:{free_port()}"
    command = [
        program("prometheus-node-exporter"),
        f"--web.listen-address={place}",
        "--collector.disable-defaults",
        "--collector.textfile",
        f"--collector.textfile.directory={folder}",
    ]
    log = folder.with_name("node_exporter.log")
    with running(log, f"http://{place}/metrics", *command):
        yield f"http://{place}"


def got(url: str) -> bytes:
    """What is there."""
    with _OPENER.open(url, timeout=10) as answer:
        content: bytes = answer.read()
        return content


def answers(url: str) -> bool:
    try:
        got(url)
    except OSError:
        return False
    return True


def asked(server: str, query: str) -> list[Any]:
    """The series that a query finds; what Prometheus cannot parse is an HTTPError."""
    found = json.loads(got(f"{server}/api/v1/query?{urllib.parse.urlencode({'query': query})}"))
    result: list[Any] = found["data"]["result"]
    return result


def until(holds: Any) -> None:
    """Waits until it holds."""
    end = time.monotonic() + _SECONDS
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.05)


def promtool(*arguments: str, given: bytes = b"", cwd: Path | None = None) -> str:
    """What it says of what is right; what it says of what is not fails the test."""
    done = subprocess.run(
        [program("promtool"), *arguments], input=given, capture_output=True, timeout=60, check=False, cwd=cwd
    )
    said = (done.stdout + done.stderr).decode()
    assert done.returncode == 0, said
    return said
