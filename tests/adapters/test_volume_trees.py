"""Trees on the volume: made, pointed at, damaged, mended, taken away."""

import os
import shutil
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.adapters.volume.disk import PAST
from reconciler.adapters.volume.mounted import Volume
from reconciler.core.artifact import stamp_of
from reconciler.core.configs.modelconfig import from_pbtxt
from reconciler.core.digest import hexdigits
from reconciler.core.errors import Reason, TerminalError, TransientError
from reconciler.core.observed import ForeignEntry
from reconciler.core.plan import Prune
from tests.volume_world import MODEL, World, everything, open_world, spec, write


@pytest.fixture
def source(tmp_path: Path) -> str:
    return write(tmp_path / "source", MODEL)


def test_an_activated_model_is_a_relative_link_to_a_complete_read_only_stamped_tree(world: World, source: str) -> None:
    tree = world.serve(spec(source))
    assert os.readlink(world.model()) == f"../.reconciler/trees/{hexdigits(tree.generation)}"
    assert (world.model() / "1/model.py").read_bytes() == b"one"
    assert (world.model() / "1/weights.bin").read_bytes() == b"\0" * 5000
    assert stamp_of(from_pbtxt((world.model() / "config.pbtxt").read_bytes())) == tree.generation
    assert stat.S_IMODE((world.model() / "1").stat().st_mode) == 0o555
    assert stat.S_IMODE((world.model() / "1/model.py").stat().st_mode) == 0o444
    assert os.listdir(world.root / "models") == ["m"]


def test_files_of_a_tree_are_hard_links_of_blobs_with_an_old_mtime(world: World, source: str) -> None:
    world.serve(spec(source))
    status = (world.model() / "1/weights.bin").stat()
    assert status.st_nlink == 2
    assert status.st_mtime_ns == PAST


def test_a_file_that_comes_once_more_leaves_the_blob_that_trees_are_linked_to(
    world: World, source: str, tmp_path: Path
) -> None:
    """link(2) fails where the blob is replaced at that moment, and what is replaced takes its room twice."""
    world.serve(spec(source))
    linked = (world.model() / "1/weights.bin").stat().st_ino
    another = write(tmp_path / "another", {**MODEL, "1/model.py": b"two"})
    world.serve(spec(another, "n"))
    assert (world.model("n") / "1/weights.bin").stat().st_ino == linked
    assert not os.listdir(world.ours / "partial")


def test_a_document_of_a_tree_that_the_disk_has_damaged_unnoticed_is_written_again(world: World, source: str) -> None:
    """Else each run would find it damaged, activate and load the model once more, and never come to an end."""
    generation = hexdigits(world.serve(spec(source)).generation)
    document = world.ours / "blobs" / generation[:2] / generation
    whole = document.read_bytes()
    document.chmod(0o644)
    document.write_bytes(bytes([whole[0] ^ 1]) + whole[1:])
    os.utime(document, ns=(PAST, PAST))
    assert world.active().tree is None
    world.serve(spec(source))
    assert document.read_bytes() == whole
    assert world.active().damage == ()


def test_a_whole_active_model_has_no_damage_and_its_tree_is_read_back(world: World, source: str) -> None:
    tree = world.serve(spec(source))
    active = world.active()
    assert (active.generation, active.tree, active.damage) == (tree.generation, tree, ())
    view = world.volume.observe()
    assert view.trees == {tree.generation: tree}
    assert tree.blobs() <= view.blobs.keys()
    assert view.partials == ()
    assert view.free_bytes is not None
    assert view.free_bytes > 0


def test_going_back_to_an_older_tree_makes_its_root_newer(world: World, source: str) -> None:
    old = world.serve(spec(source))
    new = world.tree(spec(source), default_model_filename="model.py")
    world.activate(new)
    before = world.model().stat().st_mtime_ns
    world.activate(old)
    assert world.active().generation == old.generation
    assert world.model().stat().st_mtime_ns > before


def test_a_volume_moved_to_another_path_is_still_whole(world: World, source: str, tmp_path: Path) -> None:
    tree = world.serve(spec(source))
    world.root.rename(tmp_path / "elsewhere")
    moved = open_world(tmp_path / "elsewhere")
    assert moved.active().generation == tree.generation
    assert moved.active().damage == ()
    assert (moved.model() / "1/model.py").read_bytes() == b"one"


def _delete_file(world: World) -> None:
    (world.model() / "1").chmod(0o755)
    (world.model() / "1/model.py").unlink()


def _edit_through_the_hard_link(world: World) -> None:
    (world.model() / "1/model.py").chmod(0o644)
    (world.model() / "1/model.py").write_bytes(b"two")


def _replace_file(world: World) -> None:
    _delete_file(world)
    (world.model() / "1/model.py").write_bytes(b"other")


def _edit_config(world: World) -> None:
    config = world.model() / "config.pbtxt"
    config.chmod(0o644)
    config.write_bytes(config.read_bytes() + b"max_batch_size: 4\n")


def _break_config(world: World) -> None:
    (world.model() / "config.pbtxt").chmod(0o644)
    (world.model() / "config.pbtxt").write_bytes(b"{{{")


def _add_version(world: World) -> None:
    world.model().chmod(0o755)
    (world.model() / "2").mkdir()
    (world.model() / "2/model.py").write_bytes(b"surprise")


def _delete_tree(world: World) -> None:
    shutil.rmtree(world.model().resolve())


def _turn_a_file_into_a_link(world: World) -> None:
    _delete_file(world)
    (world.model() / "1/model.py").symlink_to("/etc/passwd")


def _turn_a_file_into_a_directory(world: World) -> None:
    _delete_file(world)
    (world.model() / "1/model.py").mkdir()


def _turn_a_directory_into_a_file(world: World) -> None:
    world.model().chmod(0o755)
    shutil.rmtree(world.model() / "1")
    (world.model() / "1").write_bytes(b"")


def _delete_blob(world: World) -> None:
    tree = world.active().tree
    assert tree is not None
    digits = hexdigits(tree.files[0].digest)
    (world.ours / "blobs" / digits[:2] / digits).unlink()


_DAMAGES: dict[str, tuple[Callable[[World], None], str]] = {
    "file deleted": (_delete_file, "1/model.py is missing"),
    "file edited in place": (_edit_through_the_hard_link, "1/model.py was changed"),
    "file replaced": (_replace_file, "1/model.py has 5 bytes instead of 3"),
    "config edited": (_edit_config, "config.pbtxt is changed"),
    "config broken": (_break_config, "config.pbtxt is changed"),
    "version added": (_add_version, "2 does not belong there"),
    "tree deleted": (_delete_tree, "the tree's directory is missing"),
    "file now a link": (_turn_a_file_into_a_link, "1/model.py is not a file any more"),
    "file now a directory": (_turn_a_file_into_a_directory, "1/model.py is not a file any more"),
    "directory now a file": (_turn_a_directory_into_a_file, "the directory 1 is missing"),
    "blob deleted": (_delete_blob, "the stored copy of 1/model.py is missing or changed"),
}


@pytest.mark.parametrize("kind", _DAMAGES)
def test_damage_is_found_in_words_and_mended(world: World, source: str, kind: str) -> None:
    tree = world.serve(spec(source))
    whole = everything(world.model().resolve())
    damage, words = _DAMAGES[kind]
    damage(world)
    assert words in world.active().damage
    if world.known(spec(source)).missing:
        world.fetch(spec(source))
    world.activate(tree)
    assert world.active().damage == ()
    assert everything(world.model().resolve()) == whole
    assert (world.model() / "1/model.py").read_bytes() == b"one"
    assert world.volume.observe().partials == ()


def test_reformatting_a_config_is_no_damage(world: World, source: str) -> None:
    world.serve(spec(source))
    config = world.model() / "config.pbtxt"
    text = b"# a comment\n\n" + config.read_bytes().replace(b"\n", b"  \n")
    config.chmod(0o644)
    config.write_bytes(text)
    assert world.active().damage == ()


def test_what_python_writes_beside_its_modules_is_no_damage(world: World, source: str) -> None:
    tree = world.serve(spec(source))
    (world.model() / "1").chmod(0o755)
    (world.model() / "1/__pycache__").unlink()  # which bars it
    (world.model() / "1/__pycache__").mkdir()
    (world.model() / "1/__pycache__/model.cpython-311.pyc").write_bytes(b"x")
    assert world.active().damage == ()
    world.activate(tree)
    assert (world.model() / "1/__pycache__").is_dir()


def test_a_corrupt_blob_is_dropped_when_mending_and_comes_back_with_a_fetch(world: World, source: str) -> None:
    tree = world.serve(spec(source))
    _edit_through_the_hard_link(world)
    with pytest.raises(TransientError, match=r"lost or corrupt: 1/model\.py") as raised:
        world.activate(tree)
    assert raised.value.reason is Reason.TREE_DAMAGED
    assert tree.files[0].digest not in world.volume.observe().blobs
    assert world.known(spec(source)).missing == {tree.files[0].digest}
    world.fetch(spec(source))
    world.activate(tree)
    assert world.active().damage == ()


def test_a_lost_document_is_said_and_written_anew(world: World, source: str) -> None:
    tree = world.serve(spec(source))
    digits = hexdigits(tree.generation)
    (world.ours / "blobs" / digits[:2] / digits).unlink()
    assert world.active().tree is None
    assert world.active().damage == ("the tree's document is lost or changed",)
    assert world.volume.observe().trees == {tree.generation: None}
    world.activate(tree)
    assert world.active().tree == tree


def test_a_link_repointed_to_another_of_our_trees_is_seen_and_put_right(world: World, source: str) -> None:
    old = world.serve(spec(source))
    new = world.serve(spec(source), default_model_filename="model.py")
    world.model().unlink()
    world.model().symlink_to(f"../.reconciler/trees/{hexdigits(old.generation)}")
    assert world.active().generation == old.generation
    world.activate(new)
    assert world.active().generation == new.generation


def test_a_link_to_a_tree_that_is_gone_is_ours_and_damaged(world: World) -> None:
    (world.root / "models").mkdir()
    world.model().symlink_to(f"../.reconciler/trees/{'0' * 64}")
    active = world.active()
    assert active.generation == "sha256:" + "0" * 64
    assert active.damage


def _foreign_directory(path: Path) -> None:
    (path / "1").mkdir(parents=True)
    (path / "1/model.onnx").write_bytes(b"theirs")


def _foreign_link(path: Path) -> None:
    path.symlink_to("/etc")


def _foreign_absolute_link(path: Path) -> None:
    path.symlink_to(path.parent.parent / ".reconciler/trees" / ("0" * 64))


def _foreign_file(path: Path) -> None:
    path.write_bytes(b"theirs")


@pytest.mark.parametrize("make", [_foreign_directory, _foreign_link, _foreign_absolute_link, _foreign_file])
def test_what_is_foreign_is_shown_refused_and_never_touched(
    world: World, source: str, make: Callable[[Path], None]
) -> None:
    tree = world.serve(spec(source, name="other"))
    make(world.model())
    before = everything(world.root / "models")
    assert isinstance(world.volume.observe().entries["m"], ForeignEntry)
    with pytest.raises(TerminalError, match="did not make") as raised:
        world.activate(tree)
    assert raised.value.reason is Reason.FOREIGN
    with pytest.raises(TerminalError, match="did not make"):
        world.deactivate(tree.generation)
    assert everything(world.root / "models") == before


def test_deactivating_takes_the_link_away_and_keeps_the_tree(world: World, source: str) -> None:
    tree = world.serve(spec(source))
    world.deactivate(tree.generation)
    world.deactivate(tree.generation)
    assert not os.path.lexists(world.model())
    assert world.volume.observe().entries == {}
    assert tree.generation in world.volume.observe().trees


def test_deactivating_leaves_a_link_alone_that_has_moved_on(world: World, source: str) -> None:
    old = world.serve(spec(source))
    new = world.serve(spec(source), default_model_filename="model.py")
    with pytest.raises(TransientError, match="left alone") as raised:
        world.deactivate(old.generation)
    assert raised.value.reason is Reason.LINK_REPOINTED
    assert world.active().generation == new.generation


def test_pruning_deletes_what_is_named_and_can_be_done_again(world: World, source: str) -> None:
    tree = world.serve(spec(source))
    world.deactivate(tree.generation)
    (world.ours / "partial/left-over").mkdir()
    view = world.volume.observe()
    action = Prune(trees=tuple(view.trees), blobs=tuple(view.blobs), partials=view.partials, size=0)
    world.volume.prune(action)
    world.volume.prune(action)
    after = world.volume.observe()
    assert (after.trees, after.blobs, after.partials) == ({}, {}, ())
    assert not [name for name in everything(world.ours) if name.endswith(".sizes")]


def test_pruning_never_deletes_what_a_link_names_now(world: World, source: str) -> None:
    tree = world.serve(spec(source))
    view = world.volume.observe()
    world.volume.prune(Prune(trees=tuple(view.trees), blobs=tuple(view.blobs), partials=(), size=0))
    assert world.active().damage == ()
    assert tree.blobs() <= world.volume.observe().blobs.keys()


def test_pruning_never_leaves_the_partial_directory(world: World, source: str, tmp_path: Path) -> None:
    world.serve(spec(source))
    (tmp_path / "precious").mkdir()
    world.volume.prune(Prune(trees=(), blobs=(), partials=("..", "../../precious", "", "."), size=0))
    assert (tmp_path / "precious").is_dir()
    assert world.active().damage == ()


def test_without_links_trees_are_copied_and_directories_renamed(
    tmp_path: Path, source: str, caplog: pytest.LogCaptureFixture
) -> None:
    world = open_world(tmp_path / "linkless", links=False)
    old = world.serve(spec(source))
    assert not world.model().is_symlink()
    assert (world.model() / "1/model.py").stat().st_nlink == 1
    assert world.active().tree == old
    assert world.active().damage == ()
    new = world.serve(spec(source), default_model_filename="model.py")
    assert world.active().generation == new.generation
    (world.model() / "1").chmod(0o755)
    (world.model() / "1/weights.bin").unlink()
    assert world.active().damage == ("1/weights.bin is missing",)
    world.activate(new)
    world.activate(new)
    assert world.active().damage == ()
    world.deactivate(new.generation)
    assert world.volume.observe().entries == {}
    assert everything(world.root / "models") == {}
    assert world.volume.observe().partials == ()
    assert not caplog.records


def test_without_links_a_directory_that_is_not_ours_is_foreign_all_the_same(tmp_path: Path, source: str) -> None:
    world = open_world(tmp_path / "linkless", links=False)
    tree = world.serve(spec(source))
    _foreign_directory(world.model("theirs"))
    with pytest.raises(TerminalError, match="did not make"):
        world.activate(tree, "theirs")
    assert (world.model("theirs") / "1/model.onnx").read_bytes() == b"theirs"


def test_a_missing_volume_is_an_error_and_is_not_created(tmp_path: Path) -> None:
    with pytest.raises(TerminalError, match="does not exist") as raised:
        Volume(str(tmp_path / "unmounted"))
    assert raised.value.reason is Reason.VOLUME_UNUSABLE
    assert "mount it" in raised.value.hint
    assert not (tmp_path / "unmounted").exists()


def test_looking_at_an_empty_volume_writes_nothing(world: World, source: str) -> None:
    assert world.volume.observe().entries == {}
    assert world.known(spec(source)).missing
    assert os.listdir(world.root) == []
