"""What others put on a volume before us: links and pipes under names that anybody can foretell, files of their own."""

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.adapters.volume import memos, part, trusted
from reconciler.adapters.volume.memory import Memory
from reconciler.adapters.volume.places import Places
from reconciler.core.errors import LockedError, Reason, TerminalError
from reconciler.core.memo import Memo, row_name
from tests.volume_world import MODEL, World, spec, write

NOBODY = 65534
MINE = b"what is not the volume's"


@pytest.fixture
def victim(tmp_path: Path) -> Iterator[Path]:
    """A file elsewhere that must stay as it is."""
    file = tmp_path / "elsewhere"
    file.write_bytes(MINE)
    before = file.stat()
    yield file
    after = file.stat()
    assert (file.read_bytes(), after.st_mode, after.st_mtime_ns) == (MINE, before.st_mode, before.st_mtime_ns)


def plant(kind: str, path: Path, victim: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    match kind:
        case "link":
            path.symlink_to(victim)
        case "name":
            path.hardlink_to(victim)
        case _:
            os.mkfifo(path)


@pytest.mark.parametrize("kind", ["link", "name", "pipe"])
def test_a_lock_that_is_something_else_is_refused_and_what_it_leads_to_is_not_written(
    world: World, victim: Path, kind: str
) -> None:
    plant(kind, world.ours / "lock", victim)
    with pytest.raises(TerminalError, match=r"could not lock the volume .* it is a link, or no plain file") as raised:
        world.volume.lock("test").__enter__()
    assert raised.value.reason is Reason.VOLUME_UNUSABLE
    assert raised.value.hint.startswith("Somebody else put it there")


def test_only_its_owner_can_hold_the_lock(world: World) -> None:
    with world.volume.lock("test"):
        assert stat.S_IMODE((world.ours / "lock").stat().st_mode) == 0o600
    with world.volume.lock("test"), pytest.raises(LockedError):
        world.volume.lock("another").__enter__()


@pytest.mark.parametrize("kind", ["link", "name", "pipe"])
def test_a_half_made_file_that_is_something_else_is_made_anew_and_nothing_is_written_through_it(
    tmp_path: Path, victim: Path, kind: str
) -> None:
    path = tmp_path / "partial"
    plant(kind, path, victim)
    half = part.Part.open(str(path), len(MINE))
    half.receive(0, lambda first, past: iter([bytes(past - first)]))
    half.keep()
    half.finish()
    assert (path.is_symlink(), path.read_bytes()) == (False, bytes(len(MINE)))


@pytest.mark.parametrize("kind", ["link", "name"])
def test_notes_of_a_half_made_file_are_written_through_no_link(tmp_path: Path, victim: Path, kind: str) -> None:
    path = tmp_path / "partial"
    half = part.Part.open(str(path), 10)
    plant(kind, tmp_path / "partial.ranges", victim)
    with pytest.raises(OSError, match="it is a link, or no plain file"):
        half.receive(0, lambda first, past: iter([bytes(past - first)]))


@pytest.mark.parametrize("kind", ["link", "name", "pipe"])
@pytest.mark.parametrize("name", [memos.MEMO, memos.QUIET])
def test_a_memo_is_written_through_no_link(world: World, victim: Path, name: str, kind: str) -> None:
    Places(str(world.root)).prepare()
    plant(kind, world.ours / f"{name}.next", victim)
    memo = Memo()
    memo.keep(row_name("x", b"y"), value=True)
    memos.keep(str(world.root), memo, name)
    assert memos.recalled(str(world.root), name).rows == {}


@pytest.mark.parametrize("kind", ["link", "name", "pipe", "writable", "another's"])
def test_who_is_trusted_is_not_read_from_what_others_could_have_written(world: World, victim: Path, kind: str) -> None:
    world.ours.mkdir()
    file = Path(trusted.path_of(str(world.root)))
    if kind in ("link", "name", "pipe"):
        plant(kind, file, victim)
    else:
        file.write_bytes(MINE)
        file.chmod(0o666 if kind == "writable" else 0o600)
    if kind == "another's":
        if os.geteuid() != 0:
            pytest.skip("needs root to give a file away")
        os.chown(file, NOBODY, NOBODY)
    with pytest.raises(TerminalError, match=r"could not read .*trusted\.json") as raised:
        trusted.read(str(world.root))
    assert raised.value.reason is Reason.VOLUME_UNUSABLE
    with pytest.raises(TerminalError, match=r"could not write .*trusted\.json"):
        trusted.keep(str(world.root), b"new")
    assert trusted.exists(str(world.root)), "a first revision would be trusted by its own signers"


def test_a_pipe_in_the_place_of_what_is_remembered_keeps_nobody(world: World) -> None:
    world.ours.joinpath("fingerprints").mkdir(parents=True)
    memory = Memory(Places(str(world.root)))
    os.mkfifo(memory._path(("x",)))
    assert memory.recall(("x",)).files == {}


CHILD = """
import os, sys
from pathlib import Path
from tests.volume_world import open_world, spec
os.umask(int(sys.argv[1], 8))
world = open_world(Path(sys.argv[2]))
with world.volume.lock("test"):
    world.serve(spec(sys.argv[3]))
world.volume.close()
"""


@pytest.mark.parametrize("umask", ["000", "002", "022", "077"])
def test_whatever_the_umask_is_nobody_else_can_write_and_with_077_nobody_else_can_look(
    tmp_path: Path, umask: str
) -> None:
    root = tmp_path / "volume"
    root.mkdir(mode=0o755)
    source = write(tmp_path / "source", MODEL)
    subprocess.run([sys.executable, "-c", CHILD, umask, str(root), source], check=True, timeout=60)
    modes = {path: stat.S_IMODE(path.lstat().st_mode) for path in root.rglob("*") if not path.is_symlink()}
    assert {path for path, mode in modes.items() if mode & 0o022} == set()
    shut = {path.name for path in root.iterdir() if not modes[path] & 0o055}
    assert shut == ({"models", ".reconciler"} if umask == "077" else set())
    assert (root / "models" / "m" / "1" / "model.py").read_bytes() == b"one"


def test_what_came_of_a_source_is_the_same_under_any_umask(world: World, tmp_path: Path) -> None:
    """The lock and half-made things are for us alone, what is served is for everybody."""
    tree = world.serve(spec(write(tmp_path / "source", MODEL)))
    served = world.model() / "1" / "model.py"
    assert stat.S_IMODE(served.stat().st_mode) == 0o444
    assert stat.S_IMODE(served.parent.stat().st_mode) == 0o555
    assert world.active().generation == tree.generation
