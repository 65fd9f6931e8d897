"""What others do to a volume and a server, past our own code: each function does one thing and tells it in words.

None of them where there is nothing to do it to.
"""

import json
import random
import time
import urllib.error
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from tests.crash.judging import links
from tests.e2e.desired_models import tensors
from tests.e2e.real_world import World
from tests.e2e.running import wipe

T = TypeVar("T")
Harm = Callable[[World, random.Random], str | None]
_LINKED = "../.reconciler/trees/"


def a_file_was_edited(world: World, dice: random.Random) -> str | None:
    """One bit of it: the number in it becomes one that nobody ever asked for. The stored copy changes with it."""
    path = _any([path for path in _files(world, "trees") if path.name == "factor"], dice)
    if path is None:
        return None
    content = bytearray(path.read_bytes())
    digits = [at for at, byte in enumerate(content) if chr(byte).isdigit()]
    if not digits:
        return None
    content[digits[0]] ^= 4
    path.chmod(0o644)
    path.write_bytes(content)
    return f"a bit of {path.relative_to(world.volume)} was flipped"


def a_blob_was_deleted(world: World, dice: random.Random) -> str | None:
    path = _any(_files(world, "blobs"), dice)
    if path is None:
        return None
    path.unlink()
    return f"{path.relative_to(world.volume)} was deleted"


def a_blob_was_replaced(world: World, dice: random.Random) -> str | None:
    """By another file: the trees keep what they have."""
    path = _any(_files(world, "blobs"), dice)
    if path is None:
        return None
    path.unlink()
    path.write_text("not what it says\n")
    return f"{path.relative_to(world.volume)} was replaced"


def a_tree_was_deleted(world: World, dice: random.Random) -> str | None:
    path = _any(_entries(world.ours("trees")), dice)
    if path is None:
        return None
    wipe(path)
    return f"the tree {path.name} was deleted"


def something_of_a_tree_was_deleted(world: World, dice: random.Random) -> str | None:
    path = _any(_files(world, "trees"), dice)
    if path is None:
        return None
    path.parent.chmod(0o755)
    path.unlink()
    return f"{path.relative_to(world.volume)} was deleted"


def something_lies_in_a_tree(world: World, dice: random.Random) -> str | None:
    tree = _any(_entries(world.ours("trees")), dice)
    if tree is None:
        return None
    tree.chmod(0o755)
    (tree / "notes.txt").write_text("do not forget\n")
    return f"notes lie in {tree.name}"


def a_link_was_removed(world: World, dice: random.Random) -> str | None:
    name = _any([*links(world.volume)], dice)
    if name is None:
        return None
    world.link(name).unlink()
    return f"the link of {name} was removed"


def a_link_names_another_tree(world: World, dice: random.Random) -> str | None:
    name, tree = _any([*links(world.volume)], dice), _any(_entries(world.ours("trees")), dice)
    if name is None or tree is None:
        return None
    _repoint(world, name, tree.name)
    return f"the link of {name} names {tree.name}"


def a_link_dangles(world: World, dice: random.Random) -> str | None:
    name = _any([*links(world.volume)], dice)
    if name is None:
        return None
    _repoint(world, name, f"{dice.getrandbits(256):064x}")
    return f"the link of {name} dangles"


def a_foreign_directory_is_there(world: World, dice: random.Random) -> str | None:
    folder = world.link(f"stranger{dice.randint(1, 3)}")
    if folder.exists():
        wipe(folder)
        return f"{folder.name} is gone"
    (folder / "1").mkdir(parents=True)
    (folder / "1/factor").write_text("11\n")
    return f"{folder.name} is there"


def a_foreign_directory_is_in_the_way(world: World, dice: random.Random) -> str | None:
    """Where git wants a model of ours; Whole takes it away at last."""
    name = _any([*links(world.volume)], dice)
    if name is None:
        return None
    world.link(name).unlink()
    world.link(name).mkdir()
    (world.link(name) / "README").write_text("not yours\n")
    world.afterwards.append(lambda: wipe(world.link(name)))
    return f"{name} is a directory of somebody else's"


def litter_is_there(world: World, dice: random.Random) -> str | None:
    """As killed runs and curious people leave it."""
    if not world.ours("partial").is_dir():
        return None
    half = world.ours("partial", f"tmp{dice.getrandbits(32):08x}")
    (half / "tree/1").mkdir(parents=True)
    (half / "tree/1/factor").write_text("half of i")
    (half / "tree").chmod(0o555)
    unknown = world.ours("trees", f"{dice.getrandbits(256):064x}")
    (unknown / "1").mkdir(parents=True)
    return f"{half.name} and the tree {unknown.name} are there"


def what_is_remembered_is_garbage(world: World, dice: random.Random) -> str | None:
    notes = [world.ours(name) for name in ("memo.json", "quiet.json", "lock")]
    path = _any([*(note for note in notes if note.exists()), *_files(world, "fingerprints")], dice)
    if path is None:
        return None
    path.write_bytes(dice.choice((b"", b"\xff\x00", b"{", b'{"files": [1]}', b"null")))
    return f"{path.relative_to(world.volume)} is garbage"


def ours_is_gone(world: World, dice: random.Random) -> str | None:
    part = dice.choice(("", "blobs", "trees", "fingerprints", "mends"))
    if not world.ours(part).is_dir():
        return None
    wipe(world.ours(part))
    return f".reconciler/{part} is gone"


def the_server_was_restarted(world: World, dice: random.Random) -> str | None:
    del dice
    world.server.kill()
    world.server.restart()
    return "the server was killed and restarted"


def something_was_unloaded(world: World, dice: random.Random) -> str | None:
    name = _any(sorted(world.ready()), dice)
    if name is None:
        return None
    world.call(f"repository/models/{name}/unload", {})
    while name in world.ready():
        time.sleep(0.02)
    return f"{name} was unloaded by hand"


def something_was_loaded(world: World, dice: random.Random) -> str | None:
    """What lies behind its link, whatever that is."""
    name = _any([*links(world.volume)], dice)
    return _loaded(world, name) if name is not None else None


def something_was_loaded_with_another_config(world: World, dice: random.Random) -> str | None:
    name = _any([*links(world.volume)], dice)
    if name is None:
        return None
    return _loaded(world, name, {"backend": "scale", **tensors(dice.choice(("TYPE_FP32", "TYPE_INT32")))})


def something_foreign_was_loaded(world: World, dice: random.Random) -> str | None:
    """From a directory of somebody else's, beside ours."""
    folder = world.link(f"stranger{dice.randint(1, 3)}")
    if not folder.is_dir():
        return None
    return _loaded(world, folder.name, {"backend": "scale", **tensors()})


def _loaded(world: World, name: str, config: Mapping[str, object] | None = None) -> str:
    try:
        world.load(name, json.loads(json.dumps(config)) if config is not None else None)
    except urllib.error.HTTPError as error:
        with error:
            return f"{name} could not be loaded by hand"
    return f"{name} was loaded by hand{' with another config' if config else ''}"


def _repoint(world: World, name: str, generation: str) -> None:
    beside = world.volume / "beside"
    with suppress(FileNotFoundError):
        beside.unlink()
    beside.symlink_to(_LINKED + generation)
    beside.replace(world.link(name))


def _entries(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []


def _files(world: World, part: str) -> list[Path]:
    folder = world.ours(part)
    return sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


def _any(choices: list[T], dice: random.Random) -> T | None:
    return dice.choice(choices) if choices else None


ON_THE_VOLUME: tuple[Harm, ...] = (
    a_file_was_edited,
    a_file_was_edited,
    a_blob_was_deleted,
    a_blob_was_replaced,
    a_tree_was_deleted,
    something_of_a_tree_was_deleted,
    something_lies_in_a_tree,
    a_link_was_removed,
    a_link_names_another_tree,
    a_link_dangles,
    a_foreign_directory_is_there,
    a_foreign_directory_is_in_the_way,
    litter_is_there,
    what_is_remembered_is_garbage,
    ours_is_gone,
)
ON_THE_SERVER: tuple[Harm, ...] = (
    something_was_unloaded,
    something_was_loaded,
    something_was_loaded_with_another_config,
    something_foreign_was_loaded,
)
