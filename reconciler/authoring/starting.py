"""`reconcile init`: the files of a new configuration repository, none of them over what is there."""

import os
from collections.abc import Iterator, Mapping

from reconciler import starter
from reconciler.adapters import gitrepo
from reconciler.core.errors import Reason, RefusedError, TerminalError
from reconciler.core.started import Started

MODELS = "models.d"


def start(folder: str, version: str, *, git: bool) -> Started:
    """Writes what is missing, and makes it a git repository if it is not part of one and `git` says so.

    Raises RefusedError, and has written nothing, where something else is in the way.
    """
    wanted = dict(starter.files(version))
    there = {path for path in wanted if os.path.lexists(os.path.join(folder, path))}
    others = sorted({*_in_the_way(folder, wanted, there), *_other_models(folder, wanted)})
    if others:
        message = f"there is something in {folder} already: {', '.join(others)}"
        hint = "nothing was written: name another DIR, or move these away"
        raise RefusedError(Reason.IN_THE_WAY, message, hint)
    for path in wanted.keys() - there:
        _write(folder, path, wanted[path])
    begun = git and gitrepo.begin(folder)
    inside = "" if begun else gitrepo.around(folder)
    return Started(
        folder=folder,
        written=tuple(sorted(wanted.keys() - there)),
        same=tuple(sorted(there)),
        begun=begun,
        inside=inside,
        below=os.path.relpath(os.path.realpath(folder), inside) if inside else "",
    )


def _in_the_way(folder: str, wanted: Mapping[str, bytes], there: set[str]) -> Iterator[str]:
    """Files that are not as wanted, and what is not a folder where one must be: a link could lead anywhere."""
    yield from (path for path in there if not _holds(os.path.join(folder, path), wanted[path]))
    above = {path.rsplit("/", count)[0] for path in wanted for count in range(1, path.count("/") + 1)}
    for path in above:
        whole = os.path.join(folder, path)
        if os.path.lexists(whole) and (os.path.islink(whole) or not os.path.isdir(whole)):
            yield path
    if os.path.lexists(folder) and not os.path.isdir(folder):
        yield os.path.basename(folder)


def _holds(path: str, content: bytes) -> bool:
    try:
        with open(path, "rb") as stream:
            return not os.path.islink(path) and stream.read(len(content) + 1) == content
    except OSError:
        return False


def _other_models(folder: str, wanted: Mapping[str, bytes]) -> Iterator[str]:
    """With models of its own it is a configuration repository already."""
    for above, _, names in os.walk(os.path.join(folder, MODELS)):
        for name in names:
            path = os.path.relpath(os.path.join(above, name), folder)
            if path not in wanted and name.endswith((".yaml", ".yml", ".lock")):
                yield path


def _write(folder: str, path: str, content: bytes) -> None:
    above, name = os.path.split(os.path.join(folder, path))
    try:
        os.makedirs(above, exist_ok=True)
    except OSError as error:
        message = f"{above} cannot be made: {error.strerror}"
        raise TerminalError(Reason.REPOSITORY_UNWRITABLE, message, "name another DIR") from error
    gitrepo.write_file(above, name, content)
