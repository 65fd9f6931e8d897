"""One nursery for all tests of a worker; the figures of these tests are told at the end of the run."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.crash.killing import Nursery, nursery
from tests.e2e.running import wipe

FIGURES = "figures"


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """In memory where that can be had: hundreds of runs sync what they write, and others use the disk."""
    memory = Path("/dev/shm")
    place = Path(tempfile.mkdtemp(prefix="crash-", dir=memory if os.access(memory, os.W_OK) else tmp_path))
    yield place
    wipe(place)


@pytest.fixture(scope="session")
def born(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nursery]:
    with nursery(tmp_path_factory.mktemp("nursery")) as one:
        yield one


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = terminalreporter.getreports("passed") + terminalreporter.getreports("failed")
    told = [(report.nodeid, text) for report in reports for name, text in report.user_properties if name == FIGURES]
    if told:
        terminalreporter.section("crashes")
    for test, text in told:
        terminalreporter.line(f"{test.rpartition('::')[2]}: {text}")
