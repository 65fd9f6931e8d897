"""What a load will read is read before it; what was read in this pass, and nobody has touched since, is not read twice.

A disk that alters content tells nobody: size and mtime stay what they were. So are the files altered here.
"""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.adapters.volume.links import Links
from reconciler.adapters.volume.mounted import Volume
from reconciler.adapters.volume.places import Places
from reconciler.core.artifact import Tree
from reconciler.core.digest import hexdigits
from reconciler.core.errors import Reason, TransientError
from reconciler.core.jsonvalue import JsonObject
from reconciler.core.plan import Load, Prune
from tests.volume_world import MODEL, World, open_world, spec, write

BIG = 8 << 20


@pytest.fixture
def world(tmp_path: Path) -> World:
    return open_world(tmp_path / "volume")


@pytest.fixture
def source(tmp_path: Path) -> str:
    return write(tmp_path / "source", {**MODEL, "1/weights.bin": os.urandom(BIG)})


def load(tree: Tree, name: str = "m") -> Load:
    return Load(model=name, server="s", tree=tree, timeout=1.0, retries=0)


def flip(path: Path) -> None:
    """One bit, as a disk does it."""
    before = path.stat()
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.chmod(0o644)
    path.write_bytes(content)
    path.chmod(0o444)
    os.utime(path, ns=(before.st_mtime_ns, before.st_mtime_ns))


def bytes_read(effect: Callable[[], object]) -> int:
    """How much this process reads meanwhile, as the kernel counts it."""

    def count() -> int:
        return int(Path("/proc/self/io").read_text().partition("rchar: ")[2].partition("\n")[0])

    before = count()
    effect()
    return count() - before


def another_pass(world: World) -> World:
    """The same volume as the next run finds it."""
    return World(root=world.root, volume=Volume(str(world.root)))


def refused(world: World, action: Load, reason: Reason, words: str) -> None:
    with pytest.raises(TransientError, match=words) as raised:
        world.volume.prove(action)
    assert raised.value.reason is reason


def test_a_flipped_bit_is_found_before_a_load_then_seen_by_every_look_and_mended_by_a_fetch(
    world: World, source: str
) -> None:
    tree = world.serve(spec(source))
    flip(world.model() / "1/weights.bin")
    later = another_pass(world)
    assert later.active().damage == ()
    refused(
        later, load(tree), Reason.TREE_DAMAGED, r"m is damaged on the volume: 1/weights\.bin was changed; the stored"
    )
    later = another_pass(world)
    assert later.active().damage == ("the stored copy of 1/weights.bin is missing or changed",)
    later.serve(spec(source))
    later.volume.prove(load(tree))
    assert later.active().damage == ()
    assert (world.model() / "1/weights.bin").read_bytes() == Path(source, "1/weights.bin").read_bytes()


def test_what_has_just_been_fetched_is_not_read_again_before_its_load(world: World, source: str) -> None:
    tree = world.serve(spec(source))
    assert bytes_read(lambda: world.volume.prove(load(tree))) < BIG


def test_every_pass_reads_what_it_loads_once_and_a_second_server_costs_nothing(world: World, source: str) -> None:
    tree = world.serve(spec(source))
    for later in (another_pass(world), another_pass(world)):
        assert bytes_read(lambda: later.volume.prove(load(tree))) > BIG  # noqa: B023 - called at once
        assert bytes_read(lambda: later.volume.prove(load(tree))) < BIG  # noqa: B023


def test_a_second_model_of_the_same_files_does_not_have_them_read_again(world: World, source: str) -> None:
    later = another_pass(world)
    first = world.serve(spec(source))
    later.volume.prove(load(first))
    second = later.tree(spec(source, "other"))
    later.activate(second, "other")
    assert bytes_read(lambda: later.volume.prove(load(second, "other"))) < BIG


def test_what_was_proven_is_read_again_once_somebody_has_touched_it(world: World, source: str) -> None:
    tree = world.serve(spec(source))
    world.volume.prove(load(tree))
    flip(world.model() / "1/weights.bin")
    refused(world, load(tree), Reason.TREE_DAMAGED, "1/weights.bin was changed")


def test_a_file_of_the_tree_alone_that_is_another_one_is_taken_away_and_comes_back_from_the_stored_copy(
    world: World, source: str
) -> None:
    tree = world.serve(spec(source))
    inside = world.model() / "1/weights.bin"
    content, before = inside.read_bytes(), inside.stat()
    inside.parent.chmod(0o755)
    inside.unlink()
    inside.write_bytes(bytes(len(content)))
    os.utime(inside, ns=(before.st_mtime_ns, before.st_mtime_ns))
    later = another_pass(world)
    assert later.active().damage == ()
    refused(later, load(tree), Reason.TREE_DAMAGED, r"1/weights\.bin was changed")
    assert another_pass(world).active().damage == ("1/weights.bin is missing",)
    assert not later.known(spec(source)).missing
    later.activate(tree)
    later.volume.prove(load(tree))
    assert inside.read_bytes() == content


def test_copies_on_a_volume_without_links_are_read_too(tmp_path: Path, source: str) -> None:
    world = open_world(tmp_path / "plain", links=False)
    tree = world.serve(spec(source))
    flip(world.model() / "1/weights.bin")
    later = World(root=world.root, volume=Volume(str(world.root), links=False))
    assert later.active().damage == ()
    refused(later, load(tree), Reason.TREE_DAMAGED, "1/weights.bin was changed")
    later.activate(tree)
    later.volume.prove(load(tree))


def test_an_ensemble_is_not_loaded_over_a_damaged_member_which_triton_may_load_with_it(
    world: World, source: str
) -> None:
    world.serve(spec(source))
    above = Tree(
        files=(),
        directories=("1",),
        config={"name": "e", "platform": "ensemble", "ensemble_scheduling": {"step": [{"model_name": "m"}]}},
    )
    world.activate(above, "e")
    world.volume.prove(load(above, "e"))
    flip(world.model() / "1/weights.bin")
    refused(world, load(above, "e"), Reason.TREE_DAMAGED, r"m is damaged on the volume: 1/weights\.bin was changed")


def test_a_member_whose_document_is_lost_is_damaged(world: World, source: str) -> None:
    member = world.serve(spec(source))
    steps: JsonObject = {"step": [{"model_name": "m"}, {"model_name": "nobody"}]}
    above = Tree(files=(), config={"name": "e", "platform": "ensemble", "ensemble_scheduling": steps})
    world.activate(above, "e")
    digits = hexdigits(member.generation)
    (world.ours / "blobs" / digits[:2] / digits).unlink()
    refused(world, load(above, "e"), Reason.TREE_DAMAGED, "m is damaged on the volume: the tree's document is lost")


@pytest.mark.parametrize("what", ["another tree", "a directory", "nothing"])
def test_what_a_link_does_not_name_any_more_is_not_loaded(world: World, source: str, what: str) -> None:
    tree = world.serve(spec(source))
    if what == "another tree":
        world.serve(spec(source), default_model_filename="other.py")
    else:
        world.model().unlink()
    if what == "a directory":
        world.model().mkdir()
    refused(world, load(tree), Reason.LINK_REPOINTED, "models/m is .* by now, not sha256:.*: it was not loaded")


def test_who_reads_all_sees_a_flipped_bit_at_once_and_it_is_taken_away_unless_it_is_mended(
    world: World, source: str
) -> None:
    tree = world.serve(spec(source))
    weights = next(file.digest for file in tree.files if file.path == "1/weights.bin")
    flip(world.model() / "1/weights.bin")
    later = another_pass(world)
    later.volume.read_all()
    seen = later.volume.observe()
    assert seen.damaged == {weights}
    assert later.active().damage == (
        "1/weights.bin was changed",
        "the stored copy of 1/weights.bin is missing or changed",
    )
    assert later.known(spec(source)).missing == {weights}
    prune = Prune(trees=(), blobs=(), partials=(), size=0, damaged=(weights,))
    later.volume.prune(prune)
    assert weights not in later.volume.observe().blobs
    later.serve(spec(source))
    later.volume.prune(prune)
    assert later.volume.observe().damaged == frozenset()
    assert weights in later.volume.observe().blobs
    assert later.active().damage == ()


def test_a_disk_that_fails_while_links_are_tried_is_not_taken_for_one_without_links(world: World) -> None:
    links = Links(Places(str(world.root)), None)
    with pytest.raises(OSError, match="No such file"):
        links.work(str(world.root / "gone"))
    (world.root / "here").mkdir()
    assert links.work(str(world.root / "here"))


def test_what_python_has_compiled_goes_before_a_load_and_with_a_mending_and_its_place_is_barred(
    world: World, source: str
) -> None:
    tree = world.serve(spec(source))
    compiled = world.model() / "1/__pycache__/model.cpython-311.pyc"
    bar = compiled.parent

    def barred() -> bool:
        return bar.is_file() and bar.stat().st_size == 0 and bar.parent.stat().st_mode & 0o777 == 0o555

    def compile_it() -> None:
        bar.parent.chmod(0o755)
        bar.unlink(missing_ok=True)
        bar.mkdir()
        compiled.write_bytes(b"of who knows what")
        bar.parent.chmod(0o555)

    assert barred()
    before = bar.parent.stat()
    world.volume.prove(load(tree))
    assert bar.parent.stat().st_ctime_ns == before.st_ctime_ns  # Triton would load what has changed once more
    compile_it()
    world.volume.prove(load(tree))
    assert barred()
    compile_it()
    world.model().chmod(0o755)
    (world.model() / "stray").write_bytes(b"does not belong there")
    world.activate(tree)
    assert barred()
    assert world.active().damage == ()
