"""What a volume remembers of git: one file, whole or not at all, for its owner only."""

import stat
from pathlib import Path

import pytest

from reconciler.adapters.volume import trusted
from reconciler.core.errors import ReconcileError


@pytest.fixture
def volume(tmp_path: Path) -> Path:
    (tmp_path / ".reconciler").mkdir()
    return tmp_path


def test_a_volume_that_has_seen_nothing_and_one_that_is_not_there_remember_nothing(volume: Path) -> None:
    assert trusted.read(str(volume)) is None
    assert trusted.read(str(volume / "gone")) is None


def test_what_is_kept_replaces_what_was_and_nothing_is_left_beside_it(volume: Path) -> None:
    trusted.keep(str(volume), b"first")
    trusted.keep(str(volume), b"second")
    assert trusted.read(str(volume)) == b"second"
    assert [path.name for path in (volume / ".reconciler").iterdir()] == ["trusted.json"]
    assert stat.S_IMODE(Path(trusted.path_of(str(volume))).stat().st_mode) == 0o600


def test_the_same_again_is_not_written(volume: Path) -> None:
    trusted.keep(str(volume), b"same")
    before = Path(trusted.path_of(str(volume))).stat()
    trusted.keep(str(volume), b"same")
    assert Path(trusted.path_of(str(volume))).stat() == before


def test_what_cannot_be_read_or_replaced_is_an_error_and_leaves_nothing_behind(volume: Path) -> None:
    Path(trusted.path_of(str(volume))).mkdir()
    with pytest.raises(ReconcileError, match=r"could not read .*trusted\.json"):
        trusted.read(str(volume))
    with pytest.raises(ReconcileError, match=r"could not write .*trusted\.json"):
        trusted.keep(str(volume), b"new")
    assert [path.name for path in (volume / ".reconciler").iterdir()] == ["trusted.json"]
