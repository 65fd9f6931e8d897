"""Trees: what one must look like, what is wrong with one, and how it is built or mended from blobs."""

import os
import shutil
import stat
from collections.abc import Iterator

from reconciler.adapters.volume import disk
from reconciler.adapters.volume.blobs import Blobs
from reconciler.core.artifact import Tree
from reconciler.core.configs.modelconfig import from_pbtxt, to_pbtxt
from reconciler.core.digest import FileDigest
from reconciler.core.errors import Reason, TransientError
from reconciler.core.jsonvalue import JsonObject
from reconciler.core.memo import Memo, row_name

_LINKINGS = 5
"""Tries."""

_HEADER = "# Written by reconcile from the desired state in git: the next run undoes edits made here.\n"


def config_text(config: JsonObject) -> bytes:
    """What a config file of a tree holds."""
    return (_HEADER + to_pbtxt(config)).encode()


def same_config(text: bytes | None, config: JsonObject) -> bool:
    """Whether the text means this config, however it is formatted."""
    wanted = config_text(config)
    if text is None or text == wanted:
        return text is not None
    try:
        return from_pbtxt(text) == from_pbtxt(wanted)
    except ValueError:
        return False


def faults(tree: Tree, path: str, blobs: Blobs, memo: Memo, *, linked: bool) -> Iterator[str]:
    """What is wrong with the tree at `path`, in words.

    Files are judged by size, and by mtime where they are `linked`: only a file that somebody wrote to is read, unless
    the blobs are thorough.
    """
    if not os.path.isdir(path) or os.path.islink(path):
        yield "the tree's directory is missing"
        return
    found = scan(path)
    for file in tree.files:
        fault = _file_fault(file, os.path.join(path, file.path), found.get(file.path), blobs, linked=linked)
        if fault:
            yield f"{file.path} {fault}"
        if not blobs.sound(file.digest, file.size):
            yield f"the stored copy of {file.path} is missing or changed"
    for name in tree.config_paths:
        if not _is_config(tree, name, disk.read_or_none(os.path.join(path, name)), memo):
            yield f"{name} is {'changed' if name in found else 'missing'}"
    yield from _wrong_directories(tree, found)
    yield from (f"{name} does not belong there" for name in extras(tree, found))


def _is_config(tree: Tree, name: str, text: bytes | None, memo: Memo) -> bool:
    """Whether the text is this config file of the tree; to write it only to compare it takes its time."""
    if text is None:
        return False
    row = row_name("config", tree.generation.encode(), name.encode(), text)
    if memo.recall(row) is True:
        return True
    same = same_config(text, tree.configs()[name])
    if same:
        memo.keep(row, value=True)
    return same


def scan(path: str) -> dict[str, os.stat_result]:
    """Everything below a directory by '/'-separated path; links are not followed."""
    found: dict[str, os.stat_result] = {}
    pending = [""]
    while pending:
        prefix = pending.pop()
        for entry in disk.entries(os.path.join(path, prefix)):
            name = prefix + entry.name
            try:
                found[name] = entry.stat(follow_symlinks=False)
            except FileNotFoundError:
                continue  # another run is mending it
            if stat.S_ISDIR(found[name].st_mode):
                pending.append(name + "/")
    return found


def directories(tree: Tree) -> set[str]:
    """Every directory that the tree has."""
    wanted = set(tree.directories)
    paths = [*tree.directories, *(file.path for file in tree.files), *tree.configs()]
    for path in paths:
        while path := path.rpartition("/")[0]:
            wanted.add(path)
    return wanted


def extras(tree: Tree, found: dict[str, os.stat_result]) -> list[str]:
    """What is in the tree and should not be; what Python writes beside its modules may stay."""
    wanted = directories(tree) | {file.path for file in tree.files} | set(tree.configs())
    strange = (name for name in found if name not in wanted)
    return sorted(name for name in strange if "__pycache__" not in name.split("/") and not name.endswith(".pyc"))


def build(tree: Tree, path: str, blobs: Blobs, *, link: bool) -> None:
    """Makes the tree at `path`, durable and read-only below its root.

    Raises TransientError(TREE_DAMAGED) if a blob is lost, and then forgets it.
    """
    os.makedirs(path)
    for directory in sorted(directories(tree)):
        os.makedirs(os.path.join(path, directory), exist_ok=True)
    _insist([file for file in tree.files if not blobs.sound(file.digest, file.size)], blobs)
    for file in tree.files:
        _put(file, os.path.join(path, file.path), blobs, link=link)
    for name, config in tree.configs().items():
        disk.receive([config_text(config)], os.path.join(path, name))
    disk.sync_tree(path)
    disk.set_modes(path, disk.READ_ONLY)
    os.chmod(path, disk.WRITABLE)  # a directory must be writable to be moved


def mend(tree: Tree, path: str, blobs: Blobs, workshop: str) -> None:
    """Makes a damaged tree of hard links whole where it is, file by file; each content is checked by reading it.

    Raises TransientError(TREE_DAMAGED) if a blob is lost or corrupt, and then forgets it.
    """
    disk.set_modes(path, disk.WRITABLE)
    _rescue(tree, path, blobs, workshop)
    _insist([file for file in tree.files if not blobs.true(file.digest)], blobs)
    for name in reversed(_obstacles(tree, path)):
        disk.erase(os.path.join(path, name))
    for directory in sorted(directories(tree)):
        os.makedirs(os.path.join(path, directory), exist_ok=True)
    for file in tree.files:
        blob, final = blobs.path(file.digest), os.path.join(path, file.path)
        if not os.path.lexists(final) or not os.path.samestat(os.lstat(final), os.lstat(blob)):
            beside = os.path.join(workshop, "file")
            blobs.link(file.digest, beside, _link)
            os.rename(beside, final)
    for name, config in tree.configs().items():
        if not same_config(disk.read_or_none(os.path.join(path, name)), config):
            disk.receive([config_text(config)], os.path.join(workshop, "config"))
            os.rename(os.path.join(workshop, "config"), os.path.join(path, name))
    disk.sync_tree(path)
    disk.set_modes(path, disk.READ_ONLY)


def _file_fault(file: FileDigest, path: str, status: os.stat_result | None, blobs: Blobs, *, linked: bool) -> str:
    if status is None:
        return "is missing"
    if not stat.S_ISREG(status.st_mode):
        return "is not a file any more"
    if status.st_size != file.size:
        return f"has {status.st_size} bytes instead of {file.size}"
    doubtful = blobs.thorough or (linked and status.st_mtime_ns != disk.PAST)
    return "was changed" if doubtful and not blobs.proofs.holds(path, file.digest) else ""


def _wrong_directories(tree: Tree, found: dict[str, os.stat_result]) -> Iterator[str]:
    for name in sorted(directories(tree)):
        if name not in found or not stat.S_ISDIR(found[name].st_mode):
            yield f"the directory {name} is missing"


def _put(file: FileDigest, final: str, blobs: Blobs, *, link: bool) -> None:
    if link:
        blobs.link(file.digest, final, _link)
        return
    shutil.copyfile(blobs.path(file.digest), final)
    with open(final, "rb") as stream:
        disk.seal(stream.fileno())


def _link(blob: str, final: str) -> None:
    """link(2) fails with ENOENT, too, where a rename puts another file in the place of this one meanwhile."""
    for left in reversed(range(_LINKINGS)):
        try:
            return os.link(blob, final)
        except FileNotFoundError:
            if not left:
                raise
    raise AssertionError


def is_apart(tree: Tree, path: str, blobs: Blobs) -> bool:
    """Whether a file of a whole tree is another one than the blob: it may be what the blob was fetched again for."""
    pairs = ((os.path.join(path, file.path), blobs.path(file.digest)) for file in tree.files)
    return not all(os.path.samestat(os.lstat(inside), os.lstat(blob)) for inside, blob in pairs)


def expose(tree: Tree, path: str, blobs: Blobs) -> None:
    """Takes away what has another content than it should, so that each later look, which reads nothing, sees that."""
    for file in tree.files:
        inside = os.path.join(path, file.path)
        if not blobs.true(file.digest):
            blobs.drop(file.digest)
        elif disk.is_file(inside) and not blobs.proofs.holds(inside, file.digest):
            disk.take_out(inside)


def _rescue(tree: Tree, path: str, blobs: Blobs, workshop: str) -> None:
    """A lost blob whose content is still whole in the tree comes back from there."""
    for file in tree.files:
        inside = os.path.join(path, file.path)
        if blobs.true(file.digest) or not disk.is_file(inside):
            continue
        if disk.hash_file(inside) == file.digest:
            beside = os.path.join(workshop, "rescued")
            with open(inside, "rb") as stream:
                disk.receive(iter(lambda: stream.read(disk.BLOCK), b""), beside)
            blobs.place(beside, file.digest)


def _insist(lost: list[FileDigest], blobs: Blobs) -> None:
    for file in lost:
        blobs.drop(file.digest)
    if lost:
        names = ", ".join(file.path for file in lost[:3]) + (" …" if len(lost) > 3 else "")
        words = f"the stored copies of {len(lost)} files are lost or corrupt: {names}"
        raise TransientError(Reason.TREE_DAMAGED, words, "They were dropped; the next pass fetches them again.")


def _obstacles(tree: Tree, path: str) -> list[str]:
    """What must go before the tree's files fit: extras, and things of the wrong kind under a right name."""
    found = scan(path)
    wanted = directories(tree)
    kinds = {name: stat.S_ISDIR(status.st_mode) for name, status in found.items()}
    files = {file.path for file in tree.files} | set(tree.configs())
    wrong = {name for name, is_directory in kinds.items() if is_directory != (name in wanted)} & (files | wanted)
    links = {name for name, status in found.items() if stat.S_ISLNK(status.st_mode)} & files
    return sorted({*extras(tree, found), *wrong, *links})
