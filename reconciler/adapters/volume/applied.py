"""Which saved plans were carried out on a volume: each of them is good for once."""

import os

from reconciler.adapters.volume import disk
from reconciler.adapters.volume.places import Places

_KEPT = 1000
"""Plans that are remembered, the latest; what is older has long been overtaken."""


def was_applied(root: str, plan: str) -> bool:
    """Whether the plan with this id was begun on the volume already. Raises TransientError or TerminalError."""
    return plan in _known(root)


def note_applied(root: str, plan: str) -> None:
    """Notes that it is begun now, durably. The volume's lock must be held."""
    Places(root).prepare()
    path = _path(root)
    content = "".join(f"{each}\n" for each in (*_known(root), plan)[-_KEPT:])
    with disk.translated(f"note the plan in {path}"):
        disk.erase(path + ".new")
        disk.receive([content.encode()], path + ".new")
        os.rename(path + ".new", path)
        disk.sync_directory(os.path.dirname(path))


def _known(root: str) -> list[str]:
    with disk.translated(f"read {_path(root)}"):
        return (disk.read_or_none(_path(root)) or b"").decode("utf-8", "replace").split()


def _path(root: str) -> str:
    return Places(root).below("applied-plans")
