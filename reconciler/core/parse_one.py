"""One file of models.d with the lock beside it: a model, or everything that is wrong with it."""

import posixpath
from collections.abc import Mapping
from itertools import islice

from reconciler.core.checked import Checked, check_model
from reconciler.core.errors import Problem
from reconciler.core.lock import lock_file
from reconciler.core.nodes import MAX_PROBLEMS, START, problem_at
from reconciler.core.parse_lock import with_lock
from reconciler.core.parse_model import model_of
from reconciler.core.parse_repository import Settings
from reconciler.core.rules import broken_rules
from reconciler.core.spec import ModelSpec


def read_model(
    path: str, files: Mapping[str, bytes], settings: Settings
) -> tuple[ModelSpec | None, tuple[Problem, ...]]:
    """The model, or its problems."""
    stem, suffix = posixpath.splitext(path.rpartition("/")[2])
    if suffix != ".yaml":
        return None, (misnamed(path, f"{stem}.yaml"), *settings.broken)
    checked = check_model(path, files[path])
    if not isinstance(checked, Checked):
        return None, (*checked, *settings.broken)
    lock = None if settings.locking else files.get(lock_file(path))
    locked = settings.locking or lock is not None
    faults = islice(broken_rules(checked, stem, settings, locked=locked), MAX_PROBLEMS)
    problems = (*checked.problems, *faults, *settings.broken)
    if problems:
        return None, problems
    model = model_of(path, checked.value, settings)
    return (model, ()) if lock is None else with_lock(model, lock)


def misnamed(path: str, name: str) -> Problem:
    """A file that would be read under another name."""
    return problem_at(path, START, (), "a name that is not read", f"the name {name}")


def duplicates(paths: list[str], stem: str) -> tuple[Problem, ...]:
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
