"""Big files: in ranges, resumed after what goes wrong on the way, through a proxy in front of a real S3 server."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from reconciler.adapters.sources import Sources
from reconciler.adapters.volume import delivery, part
from reconciler.adapters.volume.mounted import Volume
from reconciler.core.digest import of_bytes
from reconciler.core.errors import Reason, TransientError
from reconciler.core.spec import Credentials, ModelSpec, Source
from tests.fault_proxy import Proxy, fault_proxy
from tests.volume_world import World, open_world, spec
from tests.web import KEY, SECRET, moto_server, s3_client

pytestmark = pytest.mark.slow

RANGE = 256 << 10
SIZE = 20 * RANGE + 77
MODEL = spec(Source(uri="s3://resume/m/big.bin", credentials="test"))

REPOSITORY = Path(__file__).parents[2]
CHILD = f"""
import sys
from pathlib import Path
from reconciler.adapters.sources import Sources
from reconciler.adapters.volume import Limits, delivery, part
from reconciler.adapters.volume.mounted import Volume
from reconciler.core.spec import Credentials
from tests.adapters.test_volume_resume import MODEL, World
part.RANGE = delivery.RANGE = {RANGE}
part._NOTED = {RANGE // 8}
root, url = sys.argv[1:]
environment = {{"T_AWS_ACCESS_KEY_ID": "{KEY}", "T_AWS_SECRET_ACCESS_KEY": "{SECRET}"}}
sources = Sources({{"test": Credentials(endpoint_url=url, from_env="T_")}}, environment)
World(root=Path(root), volume=Volume(root, sources=sources, limits=Limits(bandwidth=2 << 20))).fetch(MODEL)
"""
"""A process that fetches slowly, and notes often how far each range has come."""


@dataclass(frozen=True)
class Road:
    """A server with the bucket `resume`, the proxy before it, and a volume behind the proxy."""

    endpoint: str
    proxy: Proxy
    root: Path

    def world(self) -> World:
        """The volume as a process that has just started sees it."""
        credentials = {"test": Credentials(endpoint_url=self.proxy.url, from_env="T_")}
        environment = {"T_AWS_ACCESS_KEY_ID": KEY, "T_AWS_SECRET_ACCESS_KEY": SECRET}
        volume = Volume(str(self.root), sources=Sources(credentials, environment))
        return World(root=self.root, volume=volume)

    def partials(self) -> list[str]:
        return sorted(os.listdir(self.root / ".reconciler/partial"))


@pytest.fixture
def road(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Road]:
    monkeypatch.setattr(part, "RANGE", RANGE)
    monkeypatch.setattr(delivery, "RANGE", RANGE)
    monkeypatch.setattr(delivery, "_PAUSE", 0.01)
    open_world(tmp_path / "volume")
    with moto_server("resume") as endpoint, fault_proxy(endpoint) as proxy:
        yield Road(endpoint, proxy, tmp_path / "volume")


def put(road: Road, content: bytes) -> None:
    s3_client(road.endpoint).put_object(Bucket="resume", Key="m/big.bin", Body=content)


def digest_in(world: World, model: ModelSpec = MODEL) -> str:
    (file,) = world.known(model).files[None]
    return file.digest


def interrupted(road: Road, allowance: int) -> None:
    """A fetch whose network is gone after so many bytes."""
    road.proxy.allowance = allowance
    with pytest.raises(TransientError) as raised:
        road.world().fetch(MODEL)
    assert raised.value.reason in (Reason.SOURCE_UNREACHABLE, Reason.SOURCE_UNREADABLE)
    road.proxy.allowance = None


def noted(road: Road) -> int:
    """The bytes that the notes of a half-made file say have come."""
    reached: dict[int, int] = {}
    for note in (road.root / ".reconciler/partial").glob("*.ranges"):
        for line in note.read_text().splitlines():
            first, upto, _ = line.split()
            reached[int(first)] = int(upto) - int(first)
    return sum(reached.values())


def test_a_big_file_arrives_in_ranges_and_leaves_nothing_half_made(road: Road) -> None:
    content = os.urandom(SIZE)
    put(road, content)
    world = road.world()
    assert sum(world.fetch(MODEL)) == SIZE
    assert digest_in(world) == of_bytes(content)
    assert road.partials() == []


def test_a_fetch_goes_on_from_what_is_here_after_the_network_was_gone(road: Road) -> None:
    content = os.urandom(SIZE)
    put(road, content)
    interrupted(road, SIZE // 2)
    assert len(road.partials()) == 2
    world = road.world()
    moved = sum(world.fetch(MODEL))
    assert moved < SIZE - SIZE // 2 + RANGE // 4
    assert digest_in(world) == of_bytes(content)
    assert road.partials() == []


def test_a_fetch_goes_on_within_each_range_after_it_was_killed(road: Road) -> None:
    content = os.urandom(SIZE)
    put(road, content)
    with subprocess.Popen([sys.executable, "-c", CHILD, str(road.root), road.proxy.url], cwd=REPOSITORY) as child:
        while noted(road) < SIZE // 2:
            assert child.poll() is None, "it should have been slow enough to be killed"
            time.sleep(0.01)
        child.kill()
    world = road.world()
    moved = sum(world.fetch(MODEL))
    assert moved <= SIZE - SIZE // 2
    assert digest_in(world) == of_bytes(content)
    assert noted(road) == 0


def test_connections_that_break_again_and_again_are_gone_on_with_in_one_fetch(road: Road) -> None:
    content = os.urandom(SIZE)
    put(road, content)
    road.proxy.cut_each = RANGE // 2
    world = road.world()
    assert sum(world.fetch(MODEL)) == SIZE
    assert digest_in(world) == of_bytes(content)


def test_nothing_of_a_file_that_changed_at_the_source_is_mixed_into_the_new_one(road: Road) -> None:
    put(road, os.urandom(SIZE))
    interrupted(road, SIZE // 2)
    content = os.urandom(SIZE)
    put(road, content)
    world = road.world()
    assert sum(world.fetch(MODEL)) == SIZE
    assert digest_in(world) == of_bytes(content)


def test_what_another_boot_of_the_machine_had_not_synced_is_fetched_again(road: Road) -> None:
    content = os.urandom(SIZE)
    put(road, content)
    interrupted(road, SIZE // 2)
    half, note = (road.root / ".reconciler/partial" / name for name in road.partials())
    half.write_bytes(bytes(SIZE))
    note.write_text("".join(f"{index * RANGE} {(index + 1) * RANGE} another-boot\n" for index in range(20)))
    world = road.world()
    assert sum(world.fetch(MODEL)) == SIZE
    assert digest_in(world) == of_bytes(content)


def test_a_note_that_was_cut_off_or_is_rubbish_counts_for_nothing(road: Road) -> None:
    content = os.urandom(SIZE)
    put(road, content)
    interrupted(road, SIZE // 2)
    half, note = (road.root / ".reconciler/partial" / name for name in road.partials())
    half.write_bytes(bytes(SIZE))
    rubbish = ["0 9 syn", "x 9 synced", "0 x synced", "99999999 1 synced", "7 99 synced", "0 -9 synced", "\xff\xfe"]
    note.write_text("\n".join([*rubbish, "262144 7 synced", f"0 {'9' * 5000} synced", "0"]), encoding="latin-1")
    world = road.world()
    assert sum(world.fetch(MODEL)) == SIZE
    assert digest_in(world) == of_bytes(content)
