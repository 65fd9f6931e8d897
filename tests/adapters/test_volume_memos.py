"""The memo's file: whatever becomes of it, a run without it gives the same."""

import fcntl
import hashlib
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.adapters.volume.memos import keep, recalled
from reconciler.core.memo import Memo
from tests.volume_world import MODEL, World, open_world, spec, write

ROWS: dict[str, Any] = {"model:1": {"spec": {"a": [1, 2.5, None, "ü\u2028"]}}, "config:2": True}


def filled(root: Path) -> Path:
    """A volume with a memo, and the memo's file."""
    (root / ".reconciler").mkdir(parents=True, exist_ok=True)
    memo = Memo()
    for name, value in ROWS.items():
        memo.keep(name, value)
    keep(str(root), memo)
    return root / ".reconciler/memo.json"


def rows(root: Path) -> dict[str, Any]:
    memo = recalled(str(root))
    return {name: found for name in ROWS if (found := memo.recall(name)) is not None}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return filled(tmp_path)


def test_what_is_kept_is_recalled_and_nobody_else_may_read_it(tmp_path: Path, file: Path) -> None:
    assert rows(tmp_path) == ROWS
    assert file.stat().st_mode & 0o777 == 0o600
    assert [one.name for one in file.parent.iterdir()] == ["memo.json"]


def test_nothing_is_written_where_nothing_is_new(tmp_path: Path, file: Path) -> None:
    before = file.stat()
    memo = recalled(str(tmp_path))
    assert memo.recall("model:1")
    keep(str(tmp_path), memo)
    assert (file.stat().st_ino, file.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_rows_of_earlier_runs_are_kept_with_new_ones_again_and_again(tmp_path: Path, file: Path) -> None:
    for number in range(3):
        memo = recalled(str(tmp_path))
        memo.keep(f"config:new-{number}", number)
        assert {name: memo.recall(name) for name in ROWS} == ROWS
        keep(str(tmp_path), memo)
    assert recalled(str(tmp_path)).recall("config:new-0") == 0
    assert rows(tmp_path) == ROWS
    assert file.read_bytes().count(b"\n") == 1 + len(ROWS) + 3


def test_without_a_volume_or_on_one_that_is_not_ours_yet_nothing_is_kept(tmp_path: Path) -> None:
    memo = Memo()
    memo.keep("a", 1)
    keep(None, memo)
    keep(str(tmp_path), memo)
    keep(str(tmp_path / "missing"), memo)
    assert list(tmp_path.iterdir()) == []
    assert recalled(None).rows == recalled(str(tmp_path)).rows == recalled(str(tmp_path / "missing")).rows == {}


@given(st.data())
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_file_that_was_changed_cut_or_lengthened_counts_as_nothing(file: Path, data: st.DataObject) -> None:
    content = file.read_bytes()
    at = data.draw(st.integers(0, len(content) - 1))
    other = data.draw(st.binary(max_size=3))
    wrong = content[:at] + other + content[at + data.draw(st.integers(0, 3)) :]
    cut = data.draw(st.booleans())
    try:
        file.write_bytes(content[:at] if cut else wrong)
        assert rows(file.parents[1]) == ({} if cut or wrong != content else ROWS)
    finally:
        file.write_bytes(content)


def forged(*lines: bytes) -> bytes:
    """A file whose last line fits the others."""
    body = b"".join(line + b"\n" for line in lines)
    return body + hashlib.sha256(body).hexdigest().encode()


@pytest.mark.parametrize(
    "lines", [(), (b"[]",), (b"[1]",), (b"[",), (b'["a",1,2]',), (b"[[],1]",), (b"[" * 100_000,), (b"{}",)]
)
def test_what_another_program_wrote_counts_as_nothing(tmp_path: Path, file: Path, lines: tuple[bytes, ...]) -> None:
    ours = file.read_bytes().splitlines()[0]
    for first in (ours, b"0" * 64, b""):
        file.write_bytes(forged(first, *lines))
        assert rows(tmp_path) == {}
    file.write_bytes(b"".join(lines))
    assert rows(tmp_path) == {}


def test_a_program_that_has_changed_since_starts_afresh(tmp_path: Path, file: Path) -> None:
    program, *lines, _ = file.read_bytes().splitlines()
    file.write_bytes(forged(program, *lines))
    assert rows(tmp_path) == ROWS
    file.write_bytes(forged(b"0" * 64, *lines))
    assert rows(tmp_path) == {}


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_a_file_that_others_may_write_counts_as_nothing(tmp_path: Path, file: Path, mode: int) -> None:
    file.chmod(mode)
    assert rows(tmp_path) == {}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_file_of_another_user_counts_as_nothing(tmp_path: Path, file: Path) -> None:
    os.chown(file, 12345, -1)
    assert rows(tmp_path) == {}


@pytest.mark.parametrize("kind", ["link", "directory", "pipe", "dangling"])
def test_what_is_no_file_counts_as_nothing_and_is_no_error(tmp_path: Path, file: Path, kind: str) -> None:
    elsewhere = tmp_path / "elsewhere"
    file.rename(elsewhere)
    match kind:
        case "link":
            file.symlink_to(elsewhere)
        case "directory":
            file.mkdir()
        case "pipe":
            os.mkfifo(file)
        case _:
            file.symlink_to(tmp_path / "nowhere")
    assert rows(tmp_path) == {}
    memo = Memo()
    memo.keep("a", 1)
    keep(str(tmp_path), memo)
    assert (recalled(str(tmp_path)).recall("a") == 1) == (kind != "directory")
    assert elsewhere.exists()


def test_of_two_writers_at_once_one_leaves_it_be(tmp_path: Path, file: Path) -> None:
    memo = Memo()
    memo.keep("a", 1)
    with open(f"{file}.next", "wb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        keep(str(tmp_path), memo)
    assert rows(tmp_path) == ROWS


def test_what_a_killed_writer_left_is_written_over(tmp_path: Path, file: Path) -> None:
    Path(f"{file}.next").write_bytes(b"y" * 100_000)
    filled(tmp_path)
    assert rows(tmp_path) == ROWS
    assert [one.name for one in file.parent.iterdir()] == ["memo.json"]


def test_a_volume_that_cannot_be_written_keeps_what_it_has(tmp_path: Path, file: Path) -> None:
    Path(f"{file}.next").mkdir()
    memo = Memo()
    memo.keep("a", 1)
    keep(str(tmp_path), memo)
    assert rows(tmp_path) == ROWS


def served(root: Path) -> World:
    world = open_world(root / "volume")
    source = write(root / "source", MODEL)
    world.serve(spec(source))
    return world


def test_a_volume_is_seen_alike_cold_and_warm_also_where_its_configs_were_changed(tmp_path: Path) -> None:
    world = served(tmp_path)
    memo = Memo()
    cold = world.volume.observe(memo)
    warm = Memo(memo.rows)
    assert world.volume.observe(warm).entries == cold.entries == world.volume.observe().entries
    assert not warm.changed
    config = world.model() / "config.pbtxt"
    text = config.read_bytes()
    config.chmod(0o644)
    for written in (text.replace(b"python", b"other"), b"{", text + b"# a comment\n"):
        config.write_bytes(written)
        assert world.volume.observe(Memo(memo.rows)).entries == world.volume.observe().entries
    config.write_bytes(text)
    shutil.move(config, f"{config}.away")
    assert world.volume.observe(Memo(memo.rows)).entries == world.volume.observe().entries
