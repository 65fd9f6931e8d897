"""Whether a world is as git wants it, looked at past our own code: files, links, stamps, answers, the status branch."""

import hashlib
import os
import urllib.error
from collections.abc import Iterator
from pathlib import Path

from reconciler.core.plan import Result
from reconciler.demo.inference import Question, ask
from reconciler.passes.committing import Report
from tests.e2e.desired_models import GIVEN
from tests.e2e.real_world import STATUS, World

_STAMP = "reconciler.generation"


def converges(world: World) -> Report:
    """One apply, and nothing is left to be done, to be told, or to complain of."""
    strangers, visitors = foreign_files(world), foreign_models(world)
    report = world.apply()
    assert [outcome for outcome in report.outcomes if outcome.result is not Result.DONE] == []
    assert report.publish_error is None
    assert complaints(world) == []
    assert foreign_files(world) == strangers
    assert foreign_models(world) >= visitors
    assert world.look().plan.steps == ()
    again = world.apply()
    assert (again.outcomes, again.published) == ((), None)
    return report


def complaints(world: World) -> list[str]:
    """Everything that is not as it is wanted, in words."""
    checks = (_volume, _server, _answers, _status)
    try:
        return [complaint for check in checks for complaint in check(world)]
    except urllib.error.HTTPError as error:
        with error:
            return [f"{error.url} says {error.read().decode()}"]


def foreign_files(world: World) -> dict[str, object]:
    """All in models/ that is not ours."""
    entries = sorted((world.volume / "models").iterdir())
    return {entry.name: _contents(entry) for entry in entries if not _our_link(entry)}


def foreign_models(world: World) -> set[str]:
    """All that is served from there."""
    return {name for name, stamp in served(world).items() if not stamp and not _our_link(world.link(name))}


def served(world: World) -> dict[str, str]:
    """The models that are READY with their stamps, empty for one without."""
    return {name: _stamp(world, name) for name in sorted(world.ready())}


def _stamp(world: World, name: str) -> str:
    parameters = world.served_config(name).get("parameters")
    entry = parameters.get(_STAMP) if isinstance(parameters, dict) else None
    return str(entry["string_value"]) if isinstance(entry, dict) else ""


def _our_link(entry: Path) -> bool:
    return entry.is_symlink() and str(entry.readlink()).startswith("../.reconciler/trees/")


def _contents(path: Path) -> object:
    if path.is_symlink():
        return f"link to {path.readlink()}"
    if path.is_dir():
        return {child.name: _contents(child) for child in sorted(path.iterdir()) if child.name != "__pycache__"}
    return path.read_bytes()


def _volume(world: World) -> Iterator[str]:
    links = {entry.name for entry in (world.volume / "models").iterdir() if _our_link(entry)}
    if links != world.wanted.keys():
        yield f"links to {sorted(links)}"
    for name in sorted(links & world.wanted.keys()):
        yield from _tree(world, name)
    trees = {entry.name for entry in world.ours("trees").iterdir()}
    if trees != {Path(world.link(name).readlink()).name for name in links}:
        yield f"there are trees that no link names, or the other way round: {sorted(trees)}"
    if left := os.listdir(world.ours("partial")):
        yield f"half-made things: {left}"
    yield from _blobs(world)


def _blobs(world: World) -> Iterator[str]:
    for blob in world.ours("blobs").rglob("*"):
        if blob.is_file() and hashlib.sha256(blob.read_bytes()).hexdigest() != blob.name:
            yield f"the blob {blob.name} is not what its name says"


def _tree(world: World, name: str) -> Iterator[str]:
    model, tree = world.wanted[name], world.tree(name)
    if not tree.is_dir():
        yield f"{name} dangles"
        return
    found = {str(file.relative_to(tree)): file for file in tree.rglob("*") if file.is_file()}
    has = {path: file.read_text() for path, file in found.items() if "__pycache__" not in path}
    wanted = {_in_tree(path): text for path, text in model.files.items()}
    config = has.pop("config.pbtxt", "")
    wanted.pop("config.pbtxt", None)
    if has != wanted:
        yield f"the tree of {name} has {sorted(has)} instead of {sorted(wanted)}, or another content"
    if f"sha256:{tree.name}" not in config:
        yield f"the config of {name} on the volume is not stamped with {tree.name}"


def _in_tree(path: str) -> str:
    """A version's single file becomes the file that Triton looks for."""
    number, dot, ending = path.partition(".")
    return f"{number}/model.py" if number.isdigit() and dot + ending == ".py" else path


def _server(world: World) -> Iterator[str]:
    stamps = served(world)
    ours = {name for name, stamp in stamps.items() if stamp}
    if ours != world.wanted.keys():
        yield f"served with our stamp: {sorted(ours)}"
    for name in sorted(ours & world.wanted.keys()):
        if world.link(name).is_symlink() and stamps[name] != f"sha256:{world.tree(name).name}":
            yield f"{name} serves {stamps[name]}, but its link names {world.tree(name).name}"


def _answers(world: World) -> Iterator[str]:
    for name, model in sorted(world.wanted.items()):
        for version, right in model.answers.items():
            question = Question(model=name, version=version, given=(GIVEN,), right=(right,))
            answer = ask(world.server.info.http_url, question)
            if answer != question.right:
                yield f"{name} (version {version}) answers {answer} instead of {right}"


def _status(world: World) -> Iterator[str]:
    files = set(world.clone.git("ls-tree", "--name-only", f"{STATUS}:default").split())
    if files != {"@routes.json", "README.md", *(f"{name}.yaml" for name in world.wanted)}:
        yield f"the status branch has {sorted(files)}"
    for name in sorted(world.wanted):
        if f"{name}.yaml" in files:
            yield from _model_status(world, name)


def _model_status(world: World, name: str) -> Iterator[str]:
    conditions = {kind: row["status"] for kind, row in world.told(name).items()}
    if (conditions.get("Ready"), conditions.get("Stalled")) != ("True", "False"):
        yield f"the status of {name} says {conditions}"
