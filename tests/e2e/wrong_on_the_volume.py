"""Wrong states of the volume: each function takes a converged world away from what git says, past our own code."""

import hashlib
import os
import shutil
import subprocess
import time
from pathlib import Path

from tests.e2e.desired_models import BASE, THRICE, without
from tests.e2e.real_world import World
from tests.e2e.running import wipe

_ZEROS = "0" * 64


def everything_is_empty(world: World) -> None:
    world.server.kill()
    the_volume_was_wiped(world)
    world.server.restart()


def the_volume_was_wiped(world: World) -> None:
    for name in BASE:
        wipe(world.link(name))
    wipe(world.ours())


def models_as_a_whole_was_removed(world: World) -> None:
    wipe(world.volume / "models")
    # Triton's index fails without its repository, so somebody has made it again.
    (world.volume / "models").mkdir()


def a_link_was_removed(world: World) -> None:
    wipe(world.link("twice"))


def a_link_and_its_tree_were_removed(world: World) -> None:
    tree = world.tree("both")
    wipe(world.link("both"))
    wipe(tree)


def a_link_names_an_older_generation(world: World) -> None:
    older = _with_an_older_generation(world)
    _repoint(world, "twice", older.name)


def a_link_names_an_older_generation_and_somebody_loaded_it(world: World) -> None:
    a_link_names_an_older_generation(world)
    world.load("twice")


def a_link_names_another_models_tree(world: World) -> None:
    _repoint(world, "both", world.tree("tower").name)


def two_links_were_swapped(world: World) -> None:
    both, tower = world.tree("both").name, world.tree("tower").name
    _repoint(world, "both", tower)
    _repoint(world, "tower", both)


def a_link_dangles(world: World) -> None:
    _repoint(world, "square", _ZEROS)


def a_tree_was_deleted(world: World) -> None:
    wipe(world.tree("powers"))


def a_file_of_a_tree_was_deleted(world: World) -> None:
    (_writable(world.tree("powers") / "2") / "model.py").unlink()


def a_file_of_a_tree_was_truncated(world: World) -> None:
    os.truncate(_writable(world.tree("powers") / "2" / "model.py"), 10)


def a_byte_of_a_file_of_a_tree_was_flipped(world: World) -> None:
    _flip(world.tree("plus") / "1" / "model.py")


def a_file_of_a_tree_was_edited_and_loaded(world: World) -> None:
    """Hard links: the stored copy changes with it. The stamp is the right one."""
    model = _writable(world.tree("plus") / "1" / "model.py")
    model.write_text(model.read_text().replace("x + self.amount", "x - self.amount"))
    world.load("plus")


def a_file_of_a_tree_was_edited_and_loaded_and_mended_without_the_server(world: World) -> None:
    """As by a run that was killed before its load, or by an init container: the tree is whole, what serves is not."""
    a_file_of_a_tree_was_edited_and_loaded(world)
    world.apply(servers=False)


def a_file_of_a_tree_was_replaced_by_a_link(world: World) -> None:
    model = _writable(world.tree("powers") / "1") / "model.py"
    shutil.copy(model, world.ours("copy.py"))
    world.afterwards.append(world.ours("copy.py").unlink)
    model.unlink()
    model.symlink_to(world.ours("copy.py"))


def an_extra_file_lies_in_a_tree(world: World) -> None:
    (_writable(world.tree("powers")) / "notes.txt").write_text("do not forget")


def an_extra_version_lies_in_a_tree_and_is_served(world: World) -> None:
    tree = _writable(world.tree("powers"))
    (tree / "3").mkdir()
    shutil.copy(tree / "1" / "model.py", tree / "3" / "model.py")
    world.load("powers")


def the_config_of_a_tree_was_edited_and_loaded(world: World) -> None:
    config = _writable(world.tree("plus") / "config.pbtxt")
    config.write_text(config.read_text().replace('"10"', '"11"'))
    world.load("plus")


def the_config_of_a_tree_was_deleted(world: World) -> None:
    (_writable(world.tree("tower")) / "config.pbtxt").unlink()


def the_empty_version_directory_of_an_ensemble_was_removed(world: World) -> None:
    (_writable(world.tree("both")) / "1").rmdir()


def a_file_of_a_tree_comes_from_the_future_and_its_model_changed_in_git(world: World) -> None:
    model = _writable(world.tree("twice") / "1" / "model.py")
    os.utime(model, (time.time() + 3e9, time.time() + 3e9))
    world.load("twice")
    world.want(THRICE)


def the_clock_was_a_year_ahead_when_all_was_loaded_and_then_a_model_changed_in_git(world: World) -> None:
    """As a machine leaves it whose clock was set right since: nothing that is made now is newer than what serves."""
    ahead = time.time() + 365 * 86400
    for name in ("twice", "both", "tower"):
        _writable(world.tree(name))
        os.utime(world.tree(name), (ahead, ahead))
        world.tree(name).chmod(0o555)
        world.load(name)
    world.want(THRICE)


def a_disk_flipped_a_bit_and_the_server_restarted(world: World) -> None:
    """Size and mtime tell nobody."""
    model = world.tree("plus") / "1" / "model.py"
    before = model.stat().st_mtime_ns
    _flip(model)
    os.utime(model, ns=(before, before))
    world.server.restart()


def all_blobs_were_deleted(world: World) -> None:
    wipe(world.ours("blobs"))


def a_blob_was_deleted_and_the_server_restarted(world: World) -> None:
    _blob_of(world, world.tree("plus") / "1" / "model.py").unlink()
    world.server.restart()


def a_blob_is_corrupt_and_the_tree_is_not(world: World) -> None:
    blob = _blob_of(world, world.tree("plus") / "1" / "model.py")
    blob.unlink()
    blob.write_text("# not what it says\n")


def the_document_of_a_tree_was_lost(world: World) -> None:
    generation = world.tree("square").name
    world.ours("blobs", generation[:2], generation).unlink()


def all_of_ours_but_the_trees_was_deleted(world: World) -> None:
    for name in ("blobs", "fingerprints", "partial", "lock"):
        wipe(world.ours(name))


def a_killed_run_left_half_made_things(world: World) -> None:
    left = world.ours("partial", "tmpdeadbeef")
    (left / "tree" / "1").mkdir(parents=True)
    (left / "tree" / "1" / "model.py").write_text("half of i")
    (left / "tree").chmod(0o555)


def a_tree_and_a_blob_are_there_that_nothing_names(world: World) -> None:
    _with_an_older_generation(world)


def a_tree_is_there_that_nobody_knows(world: World) -> None:
    (world.ours("trees", _ZEROS) / "1").mkdir(parents=True)


def a_removed_model_is_only_on_the_volume(world: World) -> None:
    world.unload("square")
    world.want(without(BASE, "square"))


def the_link_of_a_removed_model_dangles_while_it_is_served(world: World) -> None:
    wipe(world.tree("square"))
    world.want(without(BASE, "square"))


def a_foreign_link_dangles_beside_what_is_to_be_removed_and_loaded(world: World) -> None:
    """Triton cannot list its models as long as it does."""
    world.unload("tower")
    world.link("elsewhere").symlink_to("nowhere")
    world.afterwards.append(world.link("elsewhere").unlink)
    world.want(without(BASE, "square"))


def fingerprints_are_garbage(world: World) -> None:
    for file in world.ours("fingerprints").iterdir():
        _writable(file).write_bytes(b'{"files": [\xff')


def fingerprints_are_gone(world: World) -> None:
    wipe(world.ours("fingerprints"))


def the_lock_names_a_dead_process(world: World) -> None:
    world.ours("lock").write_text('{"host": "elsewhere", "pid": 4194304, "owner": "x", "since": "2001-01-01"}')


def the_lock_is_garbage(world: World) -> None:
    world.ours("lock").write_bytes(b"\xff\x00")


def _blob_of(world: World, file: Path) -> Path:
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    return world.ours("blobs", digest[:2], digest)


def _writable(path: Path) -> Path:
    path.chmod(0o755)
    return path


def _flip(path: Path) -> None:
    content = bytearray(_writable(path).read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def _repoint(world: World, name: str, generation: str) -> None:
    beside = world.volume / "beside"
    beside.symlink_to(f"../.reconciler/trees/{generation}")
    beside.replace(world.link(name))


def _with_an_older_generation(world: World) -> Path:
    """Git moves on; whatever that pruned comes back, as if the prune had been killed. Gives the older tree."""
    older, kept = world.tree("twice"), world.volume / "kept"
    subprocess.run(["cp", "-a", world.ours(), kept], check=True)
    world.want(THRICE)
    world.apply()
    subprocess.run(["cp", "-an", f"{kept}/.", world.ours()], check=True)
    wipe(kept)
    return older


ON_THE_VOLUME = (
    everything_is_empty,
    the_volume_was_wiped,
    models_as_a_whole_was_removed,
    a_link_was_removed,
    a_link_and_its_tree_were_removed,
    a_link_names_an_older_generation,
    a_link_names_an_older_generation_and_somebody_loaded_it,
    a_link_names_another_models_tree,
    two_links_were_swapped,
    a_link_dangles,
    a_tree_was_deleted,
    a_file_of_a_tree_was_deleted,
    a_file_of_a_tree_was_truncated,
    a_byte_of_a_file_of_a_tree_was_flipped,
    a_file_of_a_tree_was_edited_and_loaded,
    a_file_of_a_tree_was_edited_and_loaded_and_mended_without_the_server,
    a_file_of_a_tree_was_replaced_by_a_link,
    an_extra_file_lies_in_a_tree,
    an_extra_version_lies_in_a_tree_and_is_served,
    the_config_of_a_tree_was_edited_and_loaded,
    the_config_of_a_tree_was_deleted,
    the_empty_version_directory_of_an_ensemble_was_removed,
    a_file_of_a_tree_comes_from_the_future_and_its_model_changed_in_git,
    the_clock_was_a_year_ahead_when_all_was_loaded_and_then_a_model_changed_in_git,
    a_disk_flipped_a_bit_and_the_server_restarted,
    all_blobs_were_deleted,
    a_blob_was_deleted_and_the_server_restarted,
    a_blob_is_corrupt_and_the_tree_is_not,
    the_document_of_a_tree_was_lost,
    all_of_ours_but_the_trees_was_deleted,
    a_killed_run_left_half_made_things,
    a_tree_and_a_blob_are_there_that_nothing_names,
    a_tree_is_there_that_nobody_knows,
    a_removed_model_is_only_on_the_volume,
    the_link_of_a_removed_model_dangles_while_it_is_served,
    a_foreign_link_dangles_beside_what_is_to_be_removed_and_loaded,
)
"""Each of these shows in the plan."""

HARMLESS = (
    fingerprints_are_garbage,
    fingerprints_are_gone,
    the_lock_names_a_dead_process,
    the_lock_is_garbage,
)
"""Nothing that is to be changed: the plan is empty, and stays so."""
