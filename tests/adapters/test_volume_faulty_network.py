"""Whatever a network or a store does to answers: a fetched tree is right or absent, and comes right in the end."""

import contextlib
import io
import os
import tarfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from reconciler.adapters.sources import Sources, buckets, direct, flock, line
from reconciler.adapters.volume import delivery, memory, part
from reconciler.adapters.volume.mounted import Volume
from reconciler.core.content import Known, Unavailable, Unfetched
from reconciler.core.digest import Digest, FileDigest, of_bytes, parse_manifest, tree_digest
from reconciler.core.errors import Reason, ReconcileError, TerminalError, TransientError
from reconciler.core.spec import Credentials, Source
from tests.fault_proxy import Fault, Proxy, fault_proxy
from tests.volume_world import World, open_world, spec
from tests.web import KEY, SECRET, Page, Web, moto_server, s3_client

pytestmark = pytest.mark.slow

RANGE = 64 << 10
BUCKET = "faulty"

Tree = dict[str, bytes]


class Road:
    """A bucket behind a proxy, and how a volume gets at it."""

    def __init__(self, client: Any, proxy: Proxy) -> None:
        self.client = client
        self.proxy = proxy
        self.put: Tree = {}

    def __repr__(self) -> str:
        return "Road()"  # of a dataclass hypothesis would print every byte that it holds

    def hold(self, objects: Tree) -> None:
        """Makes these, and no others, the objects below m/."""
        for key in self.put.keys() - objects.keys():
            self.client.delete_object(Bucket=BUCKET, Key=f"m/{key}")
        for key, content in objects.items():
            if self.put.get(key) != content:
                self.client.put_object(Bucket=BUCKET, Key=f"m/{key}", Body=content)
        self.put = dict(objects)

    def world(self, root: Path) -> World:
        """The volume as a process that has just started sees it."""
        credentials = {"test": Credentials(endpoint_url=self.proxy.url, from_env="T_")}
        environment = {"T_AWS_ACCESS_KEY_ID": KEY, "T_AWS_SECRET_ACCESS_KEY": SECRET}
        return World(root=root, volume=Volume(str(root), sources=Sources(credentials, environment)))


@pytest.fixture(scope="module")
def road() -> Iterator[Road]:
    with pytest.MonkeyPatch.context() as patch, moto_server(BUCKET) as endpoint, fault_proxy(endpoint) as proxy:
        patch.setattr(part, "RANGE", RANGE)
        patch.setattr(delivery, "RANGE", RANGE)
        patch.setattr(delivery, "_PAUSE", 0.01)
        patch.setattr(buckets, "STALL", "1s")
        patch.setattr(line, "STALL", 1.0)
        patch.setattr(flock, "STALL", 1.0)
        yield Road(s3_client(endpoint), proxy)


@pytest.fixture(autouse=True)
def _sane(road: Road) -> None:
    road.proxy.calm()
    road.proxy.asked.clear()
    road.proxy.replace = lambda: None


def source(pinned: Tree | None = None) -> Source:
    return Source(uri="s3://faulty/m/", credentials="test", digest=None if pinned is None else digest_of(pinned))


def files_of(tree: Tree) -> tuple[FileDigest, ...]:
    return tuple(
        FileDigest(path=path, size=len(content), digest=of_bytes(content)) for path, content in sorted(tree.items())
    )


def digest_of(tree: Tree) -> Digest:
    return tree_digest(files_of(tree))


def packed(tree: Tree) -> Tree:
    """The tree as the one archive that a source is."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz", compresslevel=1) as archive:
        for path, content in tree.items():
            entry = tarfile.TarInfo(path)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return {"m.tar.gz": stream.getvalue()}


def big(seed: int) -> Tree:
    """A file that goes in ranges, and small ones."""
    return {"1/big.bin": bytes([seed]) * 100 + os.urandom(5 * RANGE + 77), "1/model.py": b"x" * seed, "a.txt": b"a"}


def nothing_is_false(root: Path) -> None:
    """Each blob has the content that its name says, and only what a fetch can go on from is half-made."""
    for path in (root / ".reconciler/blobs").glob("*/*"):
        assert of_bytes(path.read_bytes()) == f"sha256:{path.name}"
    assert not [name for name in os.listdir(root / ".reconciler/partial") if name.startswith("tmp")]


def manifests(root: Path) -> set[Digest]:
    """The tree digests that the volume says it has, each of them with all that it names."""
    found: set[Digest] = set()
    for path in (root / ".reconciler/blobs").glob("*/*"):
        with contextlib.suppress(ValueError):  # whatever is no manifest
            named = parse_manifest(path.read_bytes()).values()
            assert all((root / ".reconciler/blobs" / each[7:9] / each[7:]).exists() for each in named)
            found.add(Digest(f"sha256:{path.name}"))
    return found


def fetched(world: World, wanted: Source) -> ReconcileError | None:
    """What a fetch raised, which must make sense and be free of secrets."""
    try:
        world.fetch(spec(wanted))
    except (TransientError, TerminalError) as error:
        words = str(error)
        assert len(words) > 20
        assert not [secret for secret in (KEY, SECRET, "Signature", "://127", "Debug") if secret in words]
        return error
    finally:
        world.volume.close()
    return None


def is_there(world: World, wanted: Source, tree: Tree) -> bool:
    content = world.volume.resolve(spec(wanted))
    return isinstance(content, Known) and not content.missing and content.files[None] == files_of(tree)


@contextmanager
def volume() -> Iterator[Path]:
    with TemporaryDirectory() as directory:
        root = Path(directory, "volume")
        open_world(root)
        yield root


@dataclass(frozen=True)
class Story:
    """What a source is, and what happens to answers during each fetch of it; `straight`: it goes without obstore."""

    archive: bool
    pinned: bool
    bouts: list[list[Fault]]
    seed: int
    straight: bool

    @property
    def wrong(self) -> bool:
        """Only a pin can tell."""
        return any(Fault.WRONG_BYTES in bout for bout in self.bouts)

    def objects(self, tree: Tree) -> Tree:
        return packed(tree) if self.archive else tree


_SAMPLES = [Fault.NONE, Fault.NONE, *(each for each in Fault if each is not Fault.HANGS)]
_BOUTS = some.tuples(
    some.sampled_from([[], [], [], [Fault.HANGS]]), some.lists(some.sampled_from(_SAMPLES), max_size=14)
).map(lambda both: both[0] + both[1])
STORIES = some.builds(
    Story,
    archive=some.booleans(),
    pinned=some.booleans(),
    bouts=some.lists(_BOUTS, min_size=1, max_size=3),
    seed=some.integers(1, 250),
    straight=some.booleans(),
)


@settings(
    max_examples=int(os.environ.get("FAULT_EXAMPLES", "40")),
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
@given(story=STORIES)
def test_whatever_happens_to_answers_the_tree_is_right_or_absent_and_comes_right_in_the_end(
    road: Road, story: Story
) -> None:
    trees = [big(story.seed)]
    pinned = story.pinned or story.wrong

    def replace() -> None:
        if not pinned:
            trees.append({**trees[-1], "1/big.bin": os.urandom(5 * RANGE + len(trees))})
            road.hold(story.objects(trees[-1]))

    road.hold(story.objects(trees[0]))
    road.proxy.replace = replace
    wanted = source(trees[0] if pinned else None)
    with pytest.MonkeyPatch.context() as patch, volume() as root:
        if story.straight:
            patch.setattr(flock, "MANY", 2)
            patch.setattr(direct, "_BLOCK", 16 << 10)
        for bout in story.bouts:
            known = manifests(root)
            road.proxy.faults[:] = bout
            error = fetched(road.world(root), wanted)
            road.proxy.calm()
            nothing_is_false(root)
            assert manifests(root) <= {digest_of(tree) for tree in trees}
            assert (error is None and manifests(root)) or manifests(root) == known
        assert fetched(road.world(root), wanted) is None
        assert is_there(road.world(root), wanted, trees[-1])
        nothing_is_false(root)
        assert len(trees) > 1 or os.listdir(root / ".reconciler/partial") == []


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return open_world(tmp_path / "volume").root


def mismatch(world: World, wanted: Source) -> None:
    error = fetched(world, wanted)
    assert isinstance(error, TerminalError)
    assert error.reason is Reason.DIGEST_MISMATCH


def of_objects(proxy: Proxy) -> list[str]:
    return [line for line in proxy.asked if line.startswith("GET /faulty/m/")]


@pytest.mark.parametrize("archive", [False, True])
def test_bytes_that_came_wrong_are_found_out_by_the_pin_and_do_not_make_the_next_fetch_fail(
    road: Road, root: Path, archive: bool
) -> None:
    tree = {"1/model.py": b"x = 1", "1/weights.bin": os.urandom(5000)}
    road.hold(packed(tree) if archive else tree)
    road.proxy.faults[:] = [] if archive else [Fault.NONE, Fault.WRONG_BYTES]
    if archive:  # altered in a way that unpacks
        road.hold(packed({**tree, "1/model.py": b"x = 2"}))
    mismatch(road.world(root), source(tree))
    if archive:
        road.hold(packed(tree))
    assert isinstance(road.world(root).volume.resolve(spec(source(tree))), Unfetched)
    assert fetched(road.world(root), source(tree)) is None
    assert is_there(road.world(root), source(tree), tree)


def test_bytes_that_came_wrong_before_there_was_a_pin_are_read_again_in_the_fetch_that_has_one(
    road: Road, root: Path
) -> None:
    tree = {"1/model.py": b"x = 1", "1/weights.bin": os.urandom(5000)}
    road.hold(tree)
    road.proxy.faults[:] = [Fault.NONE, Fault.WRONG_BYTES]
    assert fetched(road.world(root), source()) is None
    assert not is_there(road.world(root), source(), tree)
    assert isinstance(road.world(root).volume.resolve(spec(source(tree))), Unfetched)
    assert fetched(road.world(root), source(tree)) is None
    assert is_there(road.world(root), source(tree), tree)
    assert is_there(road.world(root), source(), tree)


def test_a_range_that_came_wrong_before_a_crash_is_not_what_a_later_fetch_ends_with(road: Road, root: Path) -> None:
    tree = {"1/big.bin": os.urandom(20 * RANGE)}
    road.hold(tree)
    road.proxy.faults[:] = [Fault.NONE, Fault.NONE, *[Fault.WRONG_BYTES] * 3, *[Fault.FORBIDDEN_403] * 20]
    assert fetched(road.world(root), source(tree)) is not None
    road.proxy.calm()
    assert len(os.listdir(root / ".reconciler/partial")) == 2
    assert fetched(road.world(root), source(tree)) is None
    assert is_there(road.world(root), source(tree), tree)


@pytest.mark.parametrize("archive", [False, True])
def test_what_is_really_not_what_is_pinned_is_read_twice_and_then_only_once_a_day(
    road: Road, root: Path, archive: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree, other = {"1/model.py": b"x = 1"}, {"1/model.py": b"x = 2"}
    road.hold(packed(tree) if archive else tree)
    mismatch(road.world(root), source(other))
    mismatch(road.world(root), source(other))
    road.proxy.asked.clear()
    content = road.world(root).volume.resolve(spec(source(other)))
    assert isinstance(content, Unavailable)
    assert (content.reason, content.terminal) == (Reason.DIGEST_MISMATCH, True)
    assert of_objects(road.proxy) == []
    monkeypatch.setattr(memory, "_PROOF", 0.0)
    assert isinstance(road.world(root).volume.resolve(spec(source(other))), Unfetched)


def test_more_bytes_than_were_asked_for_never_reach_the_next_range(road: Road, root: Path) -> None:
    tree = {"1/big.bin": os.urandom(20 * RANGE)}
    road.hold(tree)
    road.proxy.faults[:] = [Fault.NONE, Fault.NONE, *[Fault.NONE, Fault.EXTRA_BYTES] * 10]
    assert fetched(road.world(root), source()) is None
    assert is_there(road.world(root), source(), tree)


def test_a_source_that_changes_while_it_is_read_is_read_again_in_the_same_fetch(road: Road, root: Path) -> None:
    before, after = big(1), {**big(2), "new.txt": b"n"}
    road.hold(before)
    road.proxy.faults[:] = [Fault.NONE, Fault.NONE, Fault.NONE, Fault.CHANGED]
    road.proxy.replace = lambda: road.hold(after)
    assert fetched(road.world(root), source()) is None
    assert is_there(road.world(root), source(), after)
    assert os.listdir(root / ".reconciler/partial") == []


def test_a_source_that_never_holds_still_is_given_up_until_the_next_pass(road: Road, root: Path) -> None:
    road.hold({"a.txt": b"0"})
    turns = iter(range(1, 100))
    road.proxy.replace = lambda: road.hold({"a.txt": str(next(turns)).encode()})
    road.proxy.faults[:] = [Fault.NONE, Fault.CHANGED] * 20
    error = fetched(road.world(root), source())
    assert isinstance(error, TransientError)
    assert error.reason is Reason.SOURCE_CHANGED
    assert len(of_objects(road.proxy)) == 4
    assert manifests(root) == set()


def test_an_object_that_is_gone_when_it_is_asked_for_is_not_waited_for(road: Road, root: Path) -> None:
    road.hold({"a.txt": b"a", "b.txt": b"b"})
    road.proxy.replace = lambda: road.hold({"b.txt": b"b"})
    road.proxy.faults[:] = [Fault.NONE, Fault.CHANGED]
    assert fetched(road.world(root), source()) is None
    assert is_there(road.world(root), source(), {"b.txt": b"b"})


@pytest.mark.parametrize("fault", [Fault.SHORT, Fault.RESET_INSIDE, Fault.HANGS])
def test_a_listing_that_breaks_off_is_asked_for_again(road: Road, root: Path, fault: Fault) -> None:
    road.hold({"a.txt": b"a"})
    road.proxy.faults[:] = [fault, fault]
    assert fetched(road.world(root), source()) is None
    assert is_there(road.world(root), source(), {"a.txt": b"a"})


@pytest.mark.parametrize("fault", [Fault.BUSY_503, Fault.THROTTLED_429, Fault.ERROR_500, Fault.RESET, Fault.SHORT])
def test_a_store_that_is_busy_for_a_while_is_sat_out(road: Road, root: Path, fault: Fault) -> None:
    road.hold({"a.txt": b"a" * 1000})
    road.proxy.faults[:] = [Fault.NONE, *[fault] * 9]
    assert fetched(road.world(root), source()) is None
    assert is_there(road.world(root), source(), {"a.txt": b"a" * 1000})


def test_a_web_server_that_asks_for_rest_gets_it(web: Web, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "_PAUSE", 0.01)
    wanted = Source(uri=web.put("/m/model.onnx", b"weights", ETag='"1"'))
    page = web.pages["/m/model.onnx"]
    page.on_get = Page(status=503, headers={"Retry-After": "1"})
    web.answered = lambda request: setattr(page, "on_get", None if request.startswith("GET") else page.on_get)
    started = time.monotonic()
    assert fetched(open_world(root), wanted) is None
    assert 1.0 <= time.monotonic() - started < 10
    assert web.requests.count("GET /m/model.onnx") == 2
