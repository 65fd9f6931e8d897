"""What Python compiles beside a model's modules is kept out of trees, by an empty file in the place of `__pycache__`.

Python believes it by the size and mtime of the source, which are the same for a flipped bit and for what mended it. And
what is written after a load makes the model look changed: Triton would load it once more with the next ensemble above
it, by itself and from the files alone (triton-facts §2; what a load says beside them is lost then: docs/adr/0006).
"""

import contextlib
import os
import stat
from collections.abc import Iterator

from reconciler.adapters.volume import disk, trees
from reconciler.core.artifact import Tree

_NAME = "__pycache__"


def keep_out(tree: Tree, path: str) -> None:
    """Takes it out of a tree and bars its place, but for what belongs to another user and cannot be changed."""
    found, bars = trees.scan(path), set(_bars(tree))
    there = {name for name in bars if name in found and stat.S_ISREG(found[name].st_mode) and not found[name].st_size}
    ours = trees.directories(tree) | {file.path for file in tree.files} | set(tree.configs()) | there
    for name in sorted(set(found) - ours - set(trees.extras(tree, found))):
        with contextlib.suppress(OSError):
            disk.take_out(os.path.join(path, name))
    for name in sorted(bars - there):
        with contextlib.suppress(OSError):
            disk.put_in(os.path.join(path, name))


def _bars(tree: Tree) -> Iterator[str]:
    for file in tree.files:
        folder, slash, name = file.path.rpartition("/")
        if name.endswith(".py"):
            yield f"{folder}{slash}{_NAME}"
