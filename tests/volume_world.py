"""A volume and sources in a temporary directory, and the actions that a plan would hold for them."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from reconciler.adapters.volume.mounted import Volume
from reconciler.core.artifact import Tree
from reconciler.core.content import Content, Known
from reconciler.core.digest import Generation
from reconciler.core.observed import Active
from reconciler.core.plan import Activate, Deactivate, Fetch
from reconciler.core.progress import Moved
from reconciler.core.spec import ModelSpec, Source

MODEL = {"config.pbtxt": b'name: "m"\nbackend: "python"\n', "1/model.py": b"one", "1/weights.bin": b"\0" * 5000}


def write(directory: Path, files: Mapping[str, bytes]) -> str:
    """Writes files below a directory, and gives its path."""
    for path, content in files.items():
        file = directory / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    return str(directory)


def spec(source: Source | str, name: str = "m") -> ModelSpec:
    """A model with one source."""
    given = source if isinstance(source, Source) else Source(uri=source)
    return ModelSpec(name=name, file=f"models.d/{name}.yaml", framework="python", source=given)


def everything(root: Path) -> dict[str, bytes | str]:
    """Every file below a directory with its content, links with their text."""
    found: dict[str, bytes | str] = {}
    for directory, names, files in os.walk(root):
        for name in (*names, *files):
            path = Path(directory, name)
            if path.is_symlink():
                found[str(path.relative_to(root))] = str(path.readlink())
            elif path.is_file():
                found[str(path.relative_to(root))] = path.read_bytes()
    return found


@dataclass(frozen=True)
class World:
    """A volume with what a run does to it."""

    root: Path
    volume: Volume

    @property
    def ours(self) -> Path:
        return self.root / ".reconciler"

    def model(self, name: str = "m") -> Path:
        return self.root / "models" / name

    def fetch(self, model: ModelSpec) -> list[int]:
        """Fetches, and gives the bytes that were reported."""
        moved: list[Moved] = []
        action = Fetch(model=model.name, sources=model.sources(), size=None)
        self.volume.fetch(action, progress=moved.append, cancelled=lambda: False)
        return [more.count for more in moved if not more.here]

    def known(self, model: ModelSpec) -> Known:
        content: Content = self.volume.resolve(model)
        assert isinstance(content, Known), content
        return content

    def tree(self, model: ModelSpec, **config: str) -> Tree:
        """The tree of a whole-model source, with this config."""
        files = tuple(f for f in self.known(model).files[None] if f.path != "config.pbtxt")
        return Tree(files=files, config={"name": model.name, "backend": "python", **config})

    def activate(self, tree: Tree, name: str = "m", previous: Generation | None = None) -> None:
        self.volume.activate(Activate(model=name, tree=tree, previous=previous))

    def deactivate(self, generation: Generation, name: str = "m") -> None:
        self.volume.deactivate(Deactivate(model=name, generation=generation))

    def serve(self, model: ModelSpec, **config: str) -> Tree:
        """Fetches and activates."""
        self.fetch(model)
        tree = self.tree(model, **config)
        self.activate(tree, model.name)
        return tree

    def active(self, name: str = "m") -> Active:
        entry = self.volume.observe().entries[name]
        assert isinstance(entry, Active), entry
        return entry


def open_world(root: Path, *, links: bool | None = None) -> World:
    """A new empty volume."""
    root.mkdir(parents=True, exist_ok=True)
    return World(root=root, volume=Volume(str(root), links=links))
