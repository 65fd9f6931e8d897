"""What must be so whenever a run is killed, and once the next one is over, looked at past our own code."""

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path

from tests.e2e.desired_models import Models

_LINKED = "../.reconciler/trees/"


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def links(volume: Path) -> dict[str, str]:
    """Our links: the generation that each names."""
    entries = sorted((volume / "models").iterdir()) if (volume / "models").is_dir() else []
    texts = {entry.name: os.readlink(entry) for entry in entries if entry.is_symlink()}
    return {name: text.removeprefix(_LINKED) for name, text in texts.items() if text.startswith(_LINKED)}


def foreign(volume: Path) -> dict[str, object]:
    """All below models/ that is not ours: modes, times, contents, texts of links."""
    ours = links(volume)
    entries = [entry for entry in sorted((volume / "models").iterdir()) if entry.name not in ours]
    below = [path for entry in entries if entry.is_dir() and not entry.is_symlink() for path in entry.rglob("*")]
    return {str(path): _state(path) for path in (*entries, *below)}


def _state(path: Path) -> tuple[object, ...]:
    status = path.lstat()
    content = os.readlink(path) if path.is_symlink() else path.read_bytes() if path.is_file() else ""
    return status.st_mode, status.st_mtime_ns, content


def incomplete(volume: Path, generation: str) -> Iterator[str]:
    """What a tree lacks of what its own generation says, every file read."""
    ours = volume / ".reconciler"
    tree, written = ours / "trees" / generation, ours / "blobs" / generation[:2] / generation
    if not written.is_file() or _digest(written.read_bytes()) != generation:
        yield f"nothing says what the tree {generation} must hold"
        return
    document = json.loads(written.read_bytes())
    has = {str(path.relative_to(tree)): path for path in tree.rglob("*") if path.is_file()}
    for path, file in document["files"].items():
        if path not in has or f"sha256:{_digest(has.pop(path).read_bytes())}" != file["digest"]:
            yield f"{path} of {generation} is missing or changed"
    for path in ("config.pbtxt", *document["variants"]):
        if path not in has or f"sha256:{generation}" not in has.pop(path).read_text():
            yield f"{path} of {generation} is missing or is not stamped with it"
    yield from (f"{path} does not belong to {generation}" for path in has if "__pycache__" not in path)
    yield from (f"{name} of {generation} is missing" for name in document["directories"] if not (tree / name).is_dir())


def half_made(volume: Path) -> list[str]:
    """Whatever has a final name and is not what that name promises."""
    ours = volume / ".reconciler"
    trees = {path.name for path in (ours / "trees").glob("*")}
    found = [complaint for generation in sorted(trees) for complaint in incomplete(volume, generation)]
    found += [f"{name} dangles" for name, generation in links(volume).items() if generation not in trees]
    blobs = (path for path in (ours / "blobs").rglob("*") if path.is_file())
    found += [f"the blob {path.name} is something else" for path in blobs if _digest(path.read_bytes()) != path.name]
    return found


def unlike(volume: Path, wanted: Models) -> list[str]:
    """How what the links name differs from what git says, file by file."""
    named = links(volume)
    found = [f"links to {sorted(named)} instead of {sorted(wanted)}"] if named.keys() != wanted.keys() else []
    for name in named.keys() & wanted.keys():
        tree = volume / "models" / name
        has = sorted(path.read_text() for path in tree.rglob("*") if path.is_file() and path.name != "config.pbtxt")
        if has != sorted(wanted[name].files.values()):
            found.append(f"the tree of {name} holds something else than git says")
    return found


def orphans(volume: Path, *said: Models) -> list[str]:
    """What is on the volume and belongs neither to a link nor to what git says."""
    ours, named = volume / ".reconciler", set(links(volume).values())
    told = {_digest(text.encode()) for models in said for model in models.values() for text in model.files.values()}
    trees = {path.name for path in (ours / "trees").iterdir()}
    held = named | {generation for generation in trees if _files(volume, generation) <= told}
    needed = told.union(held, *(_files(volume, generation) for generation in held))
    blobs = {path.name: path for path in (ours / "blobs").rglob("*") if path.is_file()}
    stray = {name for name in blobs.keys() - needed if not _lists(blobs[name], needed)}
    found = [f"the tree {name}" for name in trees - held] + [f"the blob {name}" for name in stray]
    return found + half_way(volume)


def half_way(volume: Path) -> list[str]:
    """What killed runs have left half-made."""
    return [f"the half-made {name}" for name in os.listdir(volume / ".reconciler/partial")]


def _files(volume: Path, generation: str) -> set[str]:
    """The digests of a tree's files, of whose own document nobody asks whether it is right."""
    document = json.loads((volume / ".reconciler/blobs" / generation[:2] / generation).read_bytes())
    return {file["digest"].removeprefix("sha256:") for file in document["files"].values()}


def _lists(blob: Path, needed: set[str]) -> bool:
    """Whether it is a manifest of what is needed: a digest and a path on each line."""
    rows = [line.partition("  ")[0] for line in blob.read_text(errors="replace").splitlines()]
    return bool(rows) and set(rows) <= needed
