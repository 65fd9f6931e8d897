"""The files of a configuration repository as Desired (spec §2): total for any bytes, the same for any order of files.

A file with a fault is rejected, never absent. While reconciler.yaml is at fault its policy and defaults are unknown, so
every model is rejected for that, and still checked as far as it can be.
"""

import posixpath
import re
from collections import defaultdict
from collections.abc import Mapping
from itertools import islice

from reconciler.core.checked import Checked, check_model, check_repository
from reconciler.core.errors import Problem
from reconciler.core.nodes import MAX_PROBLEMS, START, problem_at
from reconciler.core.parse_model import model_of
from reconciler.core.parse_repository import Settings, settings_of
from reconciler.core.rules import broken_defaults, broken_rules
from reconciler.core.spec import Desired, ModelSpec

REPOSITORY_FILE = "reconciler.yaml"
MODELS_FOLDER = "models.d"

_TRAILER = re.compile(r"^Reconcile-Allow-Removals:[ \t]*([0-9]{1,9})[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)


def parse(files: Mapping[str, bytes], *, revision: str, message: str = "", root: str | None = None) -> Desired:
    """What the files (paths inside the repository to bytes) say is to be served.

    `message` is the commit's; `root` is the absolute path of the repository's folder if it has one: relative sources
    are meant from there. Without one they are faults.
    """
    settings = _settings(files, root)
    models: dict[str, ModelSpec] = {}
    rejected: dict[str, tuple[Problem, ...]] = {}
    for stem, paths in sorted(_claims(files).items()):
        results = [_model(path, files[path], settings) for path in sorted(paths)]
        problems = (*(problem for _, found in results for problem in found), *_duplicates(sorted(paths), stem))
        spec = results[0][0]
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
        allowed_removals=_allowed_removals(message),
    )


def _settings(files: Mapping[str, bytes], root: str | None) -> Settings:
    others = (path for path in sorted(files) if path.lower() in ("reconciler.yml", REPOSITORY_FILE))
    misnamed = tuple(_misnamed(path, REPOSITORY_FILE) for path in others if path != REPOSITORY_FILE)
    if REPOSITORY_FILE not in files:
        return Settings(root=root, broken=misnamed)
    checked = check_repository(REPOSITORY_FILE, files[REPOSITORY_FILE])
    if not isinstance(checked, Checked):
        return Settings(root=root, broken=(*misnamed, *checked))
    if problems := (*misnamed, *checked.problems, *broken_defaults(checked, files)):
        return Settings(root=root, broken=problems)
    return settings_of(checked.value, root, files)


def _claims(files: Mapping[str, bytes]) -> dict[str, list[str]]:
    """The files of models.d by the model that each is about."""
    claims: dict[str, list[str]] = defaultdict(list)
    for path in files:
        folder, *rest = path.split("/")
        stem, suffix = posixpath.splitext(path.rpartition("/")[2])
        hidden = any(part.startswith(".") for part in rest)
        if folder == MODELS_FOLDER and rest and not hidden and suffix.lower() in (".yaml", ".yml"):
            claims[stem].append(path)
    return claims


def _model(path: str, content: bytes, settings: Settings) -> tuple[ModelSpec | None, tuple[Problem, ...]]:
    stem, suffix = posixpath.splitext(path.rpartition("/")[2])
    if suffix != ".yaml":
        return None, (_misnamed(path, f"{stem}.yaml"), *settings.broken)
    checked = check_model(path, content)
    if not isinstance(checked, Checked):
        return None, (*checked, *settings.broken)
    faults = islice(broken_rules(checked, stem, settings), MAX_PROBLEMS)
    problems = (*checked.problems, *faults, *settings.broken)
    return (None, problems) if problems else (model_of(path, checked.value, settings), ())


def _misnamed(path: str, name: str) -> Problem:
    return problem_at(path, START, (), "a name that is not read", f"the name {name}")


def _duplicates(paths: list[str], stem: str) -> tuple[Problem, ...]:
    """One fault per file when several claim one model, each naming the others."""
    if len(paths) == 1:
        return ()
    return tuple(
        problem_at(
            path, START, ("metadata", "name"), f"the model {stem} also in {', '.join(sorted({*paths} - {path}))}",
            "one file for each model",
        )
        for path in paths
    )  # fmt: skip


def _allowed_removals(message: str) -> int | None:
    """What the commit allows; the smallest number where it says it twice, since this lifts a guard."""
    return min((int(number) for number in _TRAILER.findall(message)), default=None)
