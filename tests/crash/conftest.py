"""One nursery for all tests of a worker; the figures of these tests are told at the end of the run."""

from collections.abc import Iterator

import pytest

from tests.crash.killing import Nursery, nursery

FIGURES = "figures"


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
