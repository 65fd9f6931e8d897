"""The files of a configuration repository as Desired (spec §2): total for any bytes, the same for any order of files.

A file with a fault is rejected, never absent. While reconciler.yaml is at fault its policy and defaults are unknown, so
every model is rejected for that, and still checked as far as it can be.
"""

import posixpath
from collections.abc import Mapping
from dataclasses import replace

from reconciler.core.checking.opaque import opaque
from reconciler.core.memo import Memo
from reconciler.core.parsing.lock import SUFFIX
from reconciler.core.parsing.parse_lock import orphans
from reconciler.core.parsing.parse_one import duplicates, read_model
from reconciler.core.parsing.parse_repository import Settings
from reconciler.core.parsing.parse_settings import allowed_removals, read_settings
from reconciler.core.spec import Desired, ModelSpec

MODELS_FOLDER = "models.d"

_ENDINGS = (".yaml", ".yml", SUFFIX)


def parse(
    files: Mapping[str, bytes], *, revision: str, message: str = "", root: str | None = None, locking: bool = False
) -> Desired:
    """What the files (paths inside the repository to bytes) say is to be served.

    `message` is the commit's; `root` is the absolute path of the repository's folder if it has one: relative sources
    are meant from there. Without one they are faults. `locking`: the locks are about to be written, so neither what
    they say nor that they are missing counts.
    """
    settings = replace(read_settings(files, root), locking=locking)
    return _desired(files, settings, revision, message)


def parse_again(files: Mapping[str, bytes], memo: Memo, *, revision: str, message: str, root: str | None) -> Desired:
    """The same, with what `memo` knows of files that were sound before."""
    settings = replace(read_settings(files, root), memo=memo)
    return _desired(files, settings, revision, message)


def _desired(files: Mapping[str, bytes], settings: Settings, revision: str, message: str) -> Desired:
    models: dict[str, ModelSpec] = {}
    rejected = dict(opaque(files, MODELS_FOLDER, _ENDINGS))
    claims, locks = _claims(files, _ENDINGS[:2]), _claims({} if settings.locking else files, (SUFFIX,))
    for stem in sorted(claims.keys() | locks.keys()):
        paths = sorted(claims.get(stem, []))
        results = [read_model(path, files, settings) for path in paths]
        faults = (*(problem for _, found in results for problem in found), *duplicates(paths, stem))
        problems = (*faults, *orphans(stem, locks.get(stem, []), paths))
        spec = results[0][0] if results else None
        if problems or spec is None:
            rejected[stem] = problems
        else:
            models[stem] = spec
    return Desired(
        revision=revision,
        models=models,
        rejected=rejected,
        repository=settings.repository,
        problems=settings.broken,
        allowed_removals=allowed_removals(message),
    )


def _claims(files: Mapping[str, bytes], endings: tuple[str, ...]) -> dict[str, list[str]]:
    """The files of models.d by the model that each is about."""
    claims: dict[str, list[str]] = {}
    for path in files:
        folder, *rest = path.split("/")
        stem, suffix = posixpath.splitext(path.rpartition("/")[2])
        hidden = any(part.startswith(".") for part in rest)
        if folder == MODELS_FOLDER and rest and not hidden and suffix.lower() in endings:
            claims.setdefault(stem, []).append(path)
    return claims
