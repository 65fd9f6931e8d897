"""`make bench-load` and `make soak` in small: no request fails, and the loop converges whatever happened."""

from pathlib import Path

import pytest

from bench import load, soak
from reconciler import embedded
from reconciler.core.errors import TerminalError

pytestmark = [pytest.mark.slow, pytest.mark.triton]

_MANY = 64
"""Handles and threads of a loop at work have a few dozen at most; what leaks at each pass comes past that."""


@pytest.fixture(autouse=True)
def prepared() -> None:
    try:
        embedded.prepare()
    except TerminalError as error:
        pytest.skip(str(error))


def test_no_request_fails_while_git_changes_and_every_third_change_is_broken(tmp_path: Path) -> None:
    found = load.loaded(tmp_path, changes=12, rest=0.5, seed=1, tell=print)
    assert (found.client.failures, found.lost) == ([], [])
    assert found.kinds["broken"] == 4
    assert all(found.client.seconds[phase] for phase in ("before", "during", "after"))


def test_the_loop_converges_after_changes_and_faults_and_leaves_nothing_open(tmp_path: Path) -> None:
    found = soak.soaked(tmp_path, seconds=25, seed=1, tell=print)
    assert (found.converged, found.code) == (True, 143)
    assert found.passes > 0
    most = {course.gauge.name: course.most for course in found.courses}
    assert most["file handles"] < _MANY
    assert most["threads"] < _MANY
    assert most["child processes"] == 0
