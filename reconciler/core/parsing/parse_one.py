"""One file of models.d with the lock beside it: a model, or everything that is wrong with it."""

from collections.abc import Mapping

from reconciler.core.checking.checked import Checked, check_model, recalled
from reconciler.core.checking.nodes import MAX_PROBLEMS, START, problem_at
from reconciler.core.errors import Problem
from reconciler.core.jsonvalue import JsonObject
from reconciler.core.memo import row_name
from reconciler.core.parsing.lock import lock_file
from reconciler.core.parsing.parse_lock import with_lock
from reconciler.core.parsing.parse_model import model_of
from reconciler.core.parsing.parse_repository import Settings
from reconciler.core.parsing.rules import broken_rules, policy_faults
from reconciler.core.spec import ModelSpec


def read_model(
    path: str, files: Mapping[str, bytes], settings: Settings
) -> tuple[ModelSpec | None, tuple[Problem, ...]]:
    """The model, or its problems."""
    stem, _, suffix = path.rpartition("/")[2].rpartition(".")
    if suffix != "yaml":
        return None, (misnamed(path, f"{stem}.yaml"), *settings.broken)
    lock = None if settings.locking else files.get(lock_file(path))
    locked = settings.locking or lock is not None
    row = row_name("model", stem.encode(), files[path])
    value = _recalled(path, row, settings, locked=locked)
    if value is None:
        value, problems = _read_afresh(path, files[path], settings, locked=locked)
        if problems or value is None:
            return None, problems
        settings.memo.keep(row, value)
    model = model_of(path, value, settings)
    return (model, ()) if lock is None else with_lock(model, lock, settings.memo)


def _recalled(path: str, row: str, settings: Settings, *, locked: bool) -> JsonObject | None:
    """The value of a file that had no fault, if it has none under these settings either."""
    value = settings.memo.recall(row)
    if not isinstance(value, dict) or settings.broken:
        return None
    return None if any(policy_faults(recalled(path, value), settings, locked=locked)) else value


def _read_afresh(
    path: str, content: bytes, settings: Settings, *, locked: bool
) -> tuple[JsonObject | None, tuple[Problem, ...]]:
    """The checked value, or all that is wrong with it."""
    stem = path.rpartition("/")[2].rpartition(".")[0]
    checked = check_model(path, content)
    if not isinstance(checked, Checked):
        return None, (*checked, *settings.broken)
    faults = [*broken_rules(checked, stem, settings, locked=locked)][:MAX_PROBLEMS]
    return checked.value, (*checked.problems, *faults, *settings.broken)


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
