"""The volume when things go wrong: other runs, kill -9, full and read-only disks."""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.core.errors import LockedError, Reason, TerminalError, TransientError
from reconciler.core.observed import Active
from reconciler.core.plan import Fetch
from reconciler.core.progress import Moved
from tests.volume_world import MODEL, World, everything, open_world, spec, write


def child(code: str, *arguments: str) -> subprocess.Popen[str]:
    """A Python process of its own, with the tests' modules."""
    command = [sys.executable, "-c", textwrap.dedent(code), *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2])


_HOLDER = """
    import sys, time
    from reconciler.adapters.volume.mounted import Volume
    with Volume(sys.argv[1]).lock("the other run"):
        print("locked", flush=True)
        time.sleep(60)
"""


def test_a_lock_held_by_another_process_names_its_holder_and_dies_with_it(world: World) -> None:
    with child(_HOLDER, str(world.root)) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "locked\n"
        with pytest.raises(LockedError, match=f"the other run \\(process {holder.pid} on .*\\) since 20"):
            world.volume.lock("me").__enter__()
        holder.kill()
        holder.wait()
        with world.volume.lock("me"):
            assert '"owner": "me"' in (world.ours / "lock").read_text()


def test_a_lock_is_free_again_after_an_error(world: World) -> None:
    with pytest.raises(ZeroDivisionError), world.volume.lock("first"):
        raise ZeroDivisionError
    with world.volume.lock("second"), pytest.raises(LockedError, match="second"):
        world.volume.lock("third").__enter__()


_KILLED = """
    import os, signal, sys
    from tests.volume_world import open_world, spec
    from pathlib import Path

    calls = ("rename", "symlink", "link", "fsync")
    left = int(sys.argv[3])

    def dying(real):
        def call(*arguments, **options):
            global left
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*arguments, **options)
        return call

    for name in calls:
        setattr(os, name, dying(getattr(os, name)))
    world = open_world(Path(sys.argv[1]))
    world.serve(spec(sys.argv[2]))
    print("served")
"""


@pytest.mark.slow
def test_a_process_killed_at_any_step_leaves_nothing_half_made_under_a_final_name(tmp_path: Path) -> None:
    source = write(tmp_path / "source", MODEL)
    for step in range(1, 100, 4):
        root = tmp_path / f"volume{step}"
        with child(_KILLED, str(root), source, str(step)) as process:
            assert process.stdout is not None
            served = process.stdout.read() == "served\n"
        assert process.returncode == (0 if served else -signal.SIGKILL)
        world = open_world(root)
        _assert_nothing_half_made(world)
        tree = world.serve(spec(source))
        assert world.active().tree == tree
        assert world.active().damage == ()
        if served:
            return
    pytest.fail("it never came to an end")


def _assert_nothing_half_made(world: World) -> None:
    view = world.volume.observe()
    for entry in view.entries.values():
        assert isinstance(entry, Active)
        assert entry.damage == ()
    contents = {path: content for path, content in everything(world.ours).items() if path.startswith("blobs/")}
    for path, content in contents.items():
        assert isinstance(content, bytes)
        assert (
            subprocess.run(["sha256sum"], input=content, capture_output=True, check=True).stdout.decode()[:64]
            == (path.rpartition("/")[2])
        )
    assert None not in view.trees.values()


def test_two_activations_of_different_models_share_blobs_and_disturb_nothing(world: World, tmp_path: Path) -> None:
    source = write(tmp_path / "source", MODEL)
    world.fetch(spec(source))
    trees = {name: world.tree(spec(source, name=name)) for name in ("a", "b")}
    code = """
        import sys
        from pathlib import Path
        from tests.volume_world import open_world, spec
        world = open_world(Path(sys.argv[1]))
        model = spec(sys.argv[2], name=sys.argv[3])
        for _ in range(5):
            world.activate(world.tree(model), sys.argv[3])
    """
    for each in [child(code, str(world.root), source, name) for name in trees]:
        with each:
            assert each.wait() == 0
    assert {name: world.active(name).tree for name in trees} == trees
    assert all(world.active(name).damage == () for name in trees)


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A filesystem of 256 KiB, if this machine lets us mount one."""
    path = tmp_path / "small"
    path.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(path)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("a tmpfs cannot be mounted here: " + mounted.stderr.decode().strip())
    yield path
    subprocess.run(["umount", "-l", str(path)], check=True)


def test_too_little_space_is_told_with_numbers_before_anything_is_written(small: Path, tmp_path: Path) -> None:
    world = open_world(small)
    source = write(tmp_path / "source", {"1/model.onnx": os.urandom(300_000)})
    with pytest.raises(TransientError, match=r"needs 300000 bytes, \d+ more than the \d+ that are free") as raised:
        world.fetch(spec(source))
    assert raised.value.reason is Reason.NO_SPACE
    assert world.volume.observe().partials == ()


def test_a_disk_that_fills_up_meanwhile_leaves_nothing_half_made_but_what_arrived_whole(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reconciler.adapters.sources.local._SETTLED", 0)
    world = open_world(small)
    files = {f"1/{number}": os.urandom(50_000) for number in range(4)}
    source = write(tmp_path / "source", files)

    def fill(_: Moved) -> None:
        with contextlib.suppress(FileExistsError), open(small / "filler", "xb") as filler:
            filler.write(bytes(90_000))

    model = spec(source)
    with pytest.raises(TransientError) as raised:
        world.volume.fetch(Fetch(model="m", sources=model.sources(), size=None), progress=fill, cancelled=lambda: False)
    assert raised.value.reason is Reason.NO_SPACE
    volume = world.volume.observe()
    assert volume.partials == ()
    assert len(volume.blobs) >= 2
    (small / "filler").unlink()
    world.serve(model)
    assert world.active().damage == ()


def test_a_read_only_volume_can_be_looked_at_and_refuses_the_rest_in_words(small: Path, tmp_path: Path) -> None:
    world = open_world(small)
    source = write(tmp_path / "source", MODEL)
    tree = world.serve(spec(source))
    subprocess.run(["mount", "-o", "remount,ro", str(small)], check=True)
    assert world.active().tree == tree
    assert world.known(spec(source)).missing == frozenset()
    for act in (
        lambda: world.fetch(spec(source)),
        lambda: world.activate(tree),
        lambda: world.deactivate(tree.generation),
        lambda: world.volume.lock("me").__enter__(),
    ):
        with pytest.raises(TerminalError, match="Read-only file system") as raised:
            act()
        assert raised.value.reason is Reason.VOLUME_UNUSABLE
    assert world.active().damage == ()


_ORDINARY = """
    import os, sys
    from pathlib import Path
    from reconciler.core.plan import Prune
    from tests.volume_world import MODEL, open_world, spec, write

    warm = Path(sys.argv[1]) / "warm"
    open_world(warm / "v").serve(spec(write(warm / "s", MODEL)))  # so that everything is imported
    os.setgid(65534), os.setuid(65534)
    os.chdir("/")
    for links in (True, False):
        root = Path(sys.argv[1]) / str(links)
        root.mkdir()
        world = open_world(root, links=links)
        source = spec(write(Path(sys.argv[1]) / "source", MODEL))
        tree = world.serve(source)
        try:
            (world.model() / "1/model.py").write_bytes(b"x")
        except PermissionError:
            print("read-only")
        (world.model() / "1").chmod(0o755)
        (world.model() / "1/weights.bin").unlink()
        assert world.active().damage
        world.activate(tree)
        assert world.active().damage == ()
        world.serve(source, default_model_filename="model.py")
        world.deactivate(world.active().generation)
        view = world.volume.observe()
        world.volume.prune(Prune(trees=tuple(view.trees), blobs=tuple(view.blobs), partials=(), size=0))
        assert not world.volume.observe().blobs and not world.volume.observe().trees
        print("done", links)
"""


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become an ordinary user for a moment")
def test_an_ordinary_user_can_do_all_of_it_although_trees_are_read_only() -> None:
    with tempfile.TemporaryDirectory() as directory:
        Path(directory).chmod(0o777)
        with child(_ORDINARY, directory) as process:
            assert process.stdout is not None
            assert process.stdout.read() == "read-only\ndone True\nread-only\ndone False\n"
        assert process.returncode == 0
