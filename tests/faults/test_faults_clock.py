"""A clock that was ahead until now: what it has dated to the future is not believed until then."""

import os
import time
from pathlib import Path

import pytest

from reconciler.adapters.sources import Listed
from reconciler.adapters.volume.memory import Recollection, Seen
from reconciler.core.digest import FileDigest, of_bytes
from tests.e2e.bad_world import Ground, document

HOUR, YEAR = 3600.0, 365 * 86400.0


def test_a_lock_of_a_killed_git_that_is_dated_a_year_ahead_keeps_no_status_from_being_written(tmp_path: Path) -> None:
    ground = Ground(folder=tmp_path).begin()
    ground.want({"good": document("good", str(ground.source("good")))})
    lock = ground.repository / ".git/refs/heads/reconciler-status.lock"
    lock.touch()
    os.utime(lock, (time.time() + YEAR,) * 2)
    answer = ground.run("apply")
    assert answer.code == 0, answer.said
    assert "reconciler-status" in ground.refs()
    assert not lock.exists()


@pytest.mark.parametrize(("age", "proves"), [(HOUR, True), (25 * HOUR, False), (-HOUR, False), (-YEAR, False)])
def test_what_was_read_twice_proves_something_for_a_day_and_not_before_its_time(age: float, *, proves: bool) -> None:
    file = FileDigest(path="a", size=1, digest=of_bytes(b"a"))
    seen = Seen(fingerprint="f", file=file, twice=time.time() - age)
    listed = Listed(path="a", size=1, fingerprint="f", locator="a")
    assert Recollection(files={"a": seen}).proves([listed]) is proves
