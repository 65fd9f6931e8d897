"""What Python compiles beside a model's modules: believed by their size and mtime, and so as if it were theirs.

These are the same for a flipped bit and for what mended it.
"""

import contextlib
import os

from reconciler.adapters.volume import disk, trees
from reconciler.core.artifact import Tree


def forget(tree: Tree, path: str) -> None:
    """Takes it out of a tree, but for what belongs to another user and cannot be removed."""
    found = trees.scan(path)
    strange = set(found) - trees.directories(tree) - {file.path for file in tree.files} - set(tree.configs())
    for name in sorted(strange - set(trees.extras(tree, found))):
        with contextlib.suppress(OSError):
            disk.take_out(os.path.join(path, name))
