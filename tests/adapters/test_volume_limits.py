"""How fast and how much at once, and what two models have in common."""

import io
import tarfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from reconciler.adapters.sources import Listed
from reconciler.adapters.volume import Limits
from reconciler.adapters.volume.mounted import Volume
from reconciler.adapters.volume.pace import Pace, Watch
from reconciler.core.errors import Reason, TransientError
from reconciler.core.plan import Fetch
from reconciler.core.progress import Moved
from reconciler.core.spec import Source
from tests.volume_world import World, open_world, spec
from tests.web import web_server


def never() -> bool:
    return False


def test_all_threads_together_keep_within_the_bandwidth() -> None:
    pace = Pace(Limits(bandwidth=1_000_000))
    begun = time.monotonic()
    with ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(pace.wait, 50_000, never) for _ in range(10)]:
            done.result()
    assert time.monotonic() - begun >= 0.45


def test_without_a_limit_nobody_waits() -> None:
    begun = time.monotonic()
    Pace(Limits()).wait(1 << 60, never)
    assert time.monotonic() - begun < 5


def test_who_waits_for_the_pace_hears_a_stop() -> None:
    stop = threading.Event()
    threading.Timer(0.1, stop.set).start()
    begun = time.monotonic()
    Pace(Limits(bandwidth=1)).wait(1000, stop.is_set)
    assert time.monotonic() - begun < 60


def test_a_fetch_keeps_within_the_bandwidth(tmp_path: Path) -> None:
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "model.bin").write_bytes(bytes(3 << 20))
    (tmp_path / "volume").mkdir()
    volume = Volume(str(tmp_path / "volume"), limits=Limits(bandwidth=4 << 20))
    begun = time.monotonic()
    World(root=tmp_path / "volume", volume=volume).fetch(spec(str(tmp_path / "source")))
    assert time.monotonic() - begun >= 0.7


def test_what_several_models_want_at_the_same_time_is_fetched_once(tmp_path: Path) -> None:
    world = open_world(tmp_path / "volume")
    with web_server() as web:
        url = web.put("/model.onnx", bytes(1 << 20), ETag='"1"')

        def fetch(name: str) -> int:
            moved: list[Moved] = []
            action = Fetch(model=name, sources=spec(url, name).sources(), size=None)
            world.volume.fetch(action, progress=moved.append, cancelled=never)
            return sum(more.count for more in moved)

        with ThreadPoolExecutor(4) as pool:
            bytes_moved = list(pool.map(fetch, ["a", "b", "c", "d"]))
        assert sorted(bytes_moved) == [0, 0, 0, 1 << 20]
        assert web.requests.count("GET /model.onnx") == 1
    world.volume.close()


def test_an_archive_that_two_models_want_is_fetched_once(tmp_path: Path) -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        entry = tarfile.TarInfo("1/model.onnx")
        entry.size = 1000
        archive.addfile(entry, io.BytesIO(bytes(1000)))
    world = open_world(tmp_path / "volume")
    with web_server() as web:
        url = web.put("/m.tar.gz", packed.getvalue(), ETag='"1"')
        assert sum(world.fetch(spec(url, "a"))) > 0
        assert world.fetch(spec(url, "b")) == []
        assert world.fetch(spec(Source(uri=url, exclude=("nothing",)), "c")) == []
        assert web.requests.count("GET /m.tar.gz") == 1
    world.volume.close()


def test_never_more_come_at_once_than_are_allowed(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    for number in range(40):
        (source / f"{number}.bin").write_bytes(bytes([number]) * 1000)
    (tmp_path / "volume").mkdir()
    volume = Volume(str(tmp_path / "volume"), limits=Limits(transfers=2))
    busy: set[int] = set()
    most: list[int] = []

    def progress(_: Moved) -> None:
        busy.add(threading.get_ident())
        time.sleep(0.005)
        most.append(len(busy))
        busy.discard(threading.get_ident())

    action = Fetch(model="m", sources=spec(str(source)).sources(), size=None)
    volume.fetch(action, progress=progress, cancelled=never)
    assert max(most) == 2


def test_a_stop_is_an_error_of_its_own() -> None:
    watch = Watch(progress=lambda _: None, cancelled=lambda: True, pace=Pace(Limits()))
    with pytest.raises(TransientError) as raised:
        watch.moved(Listed(path="a", locator="a", size=1, fingerprint=None), 1)
    assert raised.value.reason is Reason.CANCELLED
