"""Whatever a network or a store does to answers: a fetched tree is right or absent, and comes right in the end."""

import contextlib
import io
import os
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from reconciler.adapters.sources import buckets
from reconciler.adapters.volume import Volume, delivery, part
from reconciler.core.content import Known
from reconciler.core.digest import Digest, FileDigest, of_bytes, parse_manifest, tree_digest
from reconciler.core.errors import ReconcileError, TerminalError, TransientError
from reconciler.core.spec import Credentials, Source
from tests.fault_proxy import Fault, Proxy, fault_proxy
from tests.volume_world import World, open_world, spec
from tests.web import KEY, SECRET, moto_server, s3_client

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
        return World(root=root, volume=Volume(str(root), credentials=credentials, environment=environment))


@pytest.fixture(scope="module")
def road() -> Iterator[Road]:
    with pytest.MonkeyPatch.context() as patch, moto_server(BUCKET) as endpoint, fault_proxy(endpoint) as proxy:
        patch.setattr(part, "RANGE", RANGE)
        patch.setattr(delivery, "RANGE", RANGE)
        patch.setattr(delivery, "_PAUSE", 0.01)
        patch.setattr(buckets, "STALL", "1s")
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
    """What a source is, and what happens to the answers during each fetch of it."""

    archive: bool
    pinned: bool
    bouts: list[list[Fault]]
    seed: int

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
    with volume() as root:
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
