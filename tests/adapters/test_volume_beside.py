"""What goes on beside a fetch: naming what has come, and hashing big files, which nothing runs far ahead of."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from reconciler.adapters.volume import Limits, arrivals, beside, delivery, disk, parallel, part
from reconciler.adapters.volume.arrivals import Arrivals
from reconciler.adapters.volume.mounted import Volume
from reconciler.core.digest import FileDigest, of_bytes
from reconciler.core.errors import TransientError
from reconciler.core.plan import Fetch
from reconciler.core.spec import ModelSpec
from tests.volume_world import World, open_world, spec
from tests.web import web_server

RANGE = 16 << 10


@pytest.fixture
def begun(tmp_path: Path) -> Iterator[Arrivals]:
    """What arrives, three at a time."""
    shelf = open_world(tmp_path / "volume").volume._shelf
    workshop = tmp_path / "volume" / ".reconciler" / "workshop"
    workshop.mkdir(parents=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(arrivals, "_BATCH", 3)
        yield Arrivals(shelf.blobs, str(workshop))


def come(begun: Arrivals, number: int) -> None:
    content = f"file {number}".encode()
    path = begun.bench()
    Path(path).write_bytes(content)
    begun.add(path, FileDigest(path=f"{number}", size=len(content), digest=of_bytes(content)), None)


def test_what_has_come_is_named_while_more_comes(begun: Arrivals, monkeypatch: pytest.MonkeyPatch) -> None:
    go_on, synced = threading.Event(), threading.Event()

    def sync(_: str) -> None:
        synced.set()
        assert go_on.wait(20)

    monkeypatch.setattr(disk, "sync_filesystem", sync)
    for number in range(5):
        come(begun, number)
    assert synced.wait(20)
    assert begun.placed == []
    go_on.set()
    begun.settle()
    assert len(begun.placed) == 5


def test_nothing_is_named_before_it_is_durable(begun: Arrivals, monkeypatch: pytest.MonkeyPatch) -> None:
    durable: set[str] = set()
    sync, place = disk.sync_filesystem, begun.blobs.place

    def synced(path: str) -> None:
        lying = set(os.listdir(path))
        sync(path)
        durable.update(lying)

    def placed(path: str, digest: Any) -> None:
        assert os.path.basename(path) in durable
        place(path, digest)

    monkeypatch.setattr(disk, "sync_filesystem", synced)
    monkeypatch.setattr(type(begun.blobs), "place", lambda _, path, digest: placed(path, digest))
    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(come, begun, number) for number in range(40)]:
            done.result()
    begun.settle()
    assert len(begun.placed) == 40


def test_a_disk_that_fails_beside_is_told_and_the_rest_is_kept(
    begun: Arrivals, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync, failures = disk.sync_filesystem, iter([True])

    def fails_once(path: str) -> None:
        if next(failures, False):
            raise OSError(5, "Input/output error", path)
        sync(path)

    monkeypatch.setattr(disk, "sync_filesystem", fails_once)
    for number in range(3):
        come(begun, number)
    assert begun._settled.exception() is not None
    with pytest.raises(TransientError, match="Input/output error"):
        come(begun, 3)
    with pytest.raises(TransientError, match="Input/output error"):
        begun.settle()
    assert begun.placed == [of_bytes(b"file 3")]


def test_where_no_more_threads_may_be_it_is_named_in_the_end(begun: Arrivals, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(*_: object) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(beside, "begun", refuses)
    for number in range(10):
        come(begun, number)
    begun.settle()
    assert len(begun.placed) == 10


def test_receiving_does_not_run_far_ahead_of_hashing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With two on their way and one ahead, the third from the one that is hashed is the last that is asked for."""
    monkeypatch.setattr(part, "RANGE", RANGE)
    monkeypatch.setattr(delivery, "RANGE", RANGE)
    monkeypatch.setattr(parallel, "_AHEAD", 1)
    content, far = os.urandom(30 * RANGE), []
    reached = [0]
    wait = parallel._Range.wait

    def waited(self: Any) -> None:
        time.sleep(0.02)  # hashing is what takes long
        reached[0] = self.index
        wait(self)

    def received(self: Any, file: Any, which: Any, index: int, before: Any = delivery.Delivery.receive_range) -> None:
        far.append(index - reached[0])
        before(self, file, which, index)

    monkeypatch.setattr(parallel._Range, "wait", waited)
    monkeypatch.setattr(delivery.Delivery, "receive_range", received)
    (tmp_path / "volume").mkdir()
    with web_server() as web:
        url = web.put("/model.bin", content, ETag='"1"', Accept_Ranges="bytes")
        web.pages["/model.bin"].ranges = True
        world = World(root=tmp_path / "volume", volume=Volume(str(tmp_path / "volume"), limits=Limits(transfers=2)))
        world.fetch(spec(url))
        (file,) = world.known(spec(url)).files[None]
        assert file.digest == of_bytes(content)
        world.volume.close()
    assert len(far) == 30
    assert max(far) <= 3


def test_what_is_here_already_is_hashed_while_the_rest_comes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a stop in the middle nothing waits until hashing has come so far."""
    monkeypatch.setattr(part, "RANGE", RANGE)
    monkeypatch.setattr(delivery, "RANGE", RANGE)
    monkeypatch.setattr(parallel, "_AHEAD", 1)
    content, moved = os.urandom(30 * RANGE), [0]
    wait, receive = part.Part.digest, delivery.Delivery.receive_range
    all_came = threading.Event()

    def received(self: Any, file: Any, which: Any, index: int) -> None:
        receive(self, file, which, index)
        moved[0] += 1
        if moved[0] == 30:
            all_came.set()

    def hashed(self: Any, ready: Any) -> Any:
        assert not moved[0] or moved[0] < 15 or all_came.wait(20)
        return wait(self, ready)

    monkeypatch.setattr(delivery.Delivery, "receive_range", received)
    (tmp_path / "volume").mkdir()
    with web_server() as web:
        url = web.put("/model.bin", content, ETag='"1"', Accept_Ranges="bytes")
        web.pages["/model.bin"].ranges = True
        world = World(root=tmp_path / "volume", volume=Volume(str(tmp_path / "volume"), limits=Limits(transfers=2)))
        model = spec(url)
        with pytest.raises(TransientError):
            stop_after(world, model, lambda: moved[0] >= 15)
        monkeypatch.setattr(part.Part, "digest", hashed)
        world.fetch(model)
        assert world.known(model).files[None][0].digest == of_bytes(content)
        world.volume.close()


def stop_after(world: World, model: ModelSpec, stop: Callable[[], bool]) -> None:
    action = Fetch(model=model.name, sources=model.sources(), size=None)
    world.volume.fetch(action, progress=lambda _: None, cancelled=stop)
