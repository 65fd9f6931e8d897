"""Which models are locked, and what is said of each."""

from collections.abc import Mapping
from typing import TypeAlias

from reconciler.core import nearest
from reconciler.core.digest import FileDigest
from reconciler.core.errors import Problem, Reason, UsageError
from reconciler.core.locked import LockedSource
from reconciler.core.memo import Memo
from reconciler.core.parsing.lock import SUFFIX, lock_file
from reconciler.core.parsing.lock_report import Locked, Locking
from reconciler.core.parsing.parse_lock import with_lock
from reconciler.core.spec import Desired, ModelSpec

Found: TypeAlias = Mapping[int | None, LockedSource]
"""What the sources of a model hold, keyed as ModelSpec.sources()."""


def to_lock(desired: Desired, names: tuple[str, ...]) -> list[ModelSpec]:
    """The models that were asked for (all without names) and have sources. Raises UsageError for an unknown name."""
    unknown = sorted(set(names) - desired.models.keys() - desired.rejected.keys())
    if unknown and not desired.problems:
        hint = nearest.hint(unknown, desired.models, "the repository has", "no models")
        raise UsageError(Reason.USAGE, f"there is no model called {', '.join(unknown)}", hint)
    wanted = [model for name, model in sorted(desired.models.items()) if not names or name in names]
    return [model for model in wanted if model.sources()]


def problems_left(desired: Desired, strict: Desired) -> tuple[Problem, ...]:
    """The faults of models and of reconciler.yaml, and of locks that belong to no model.

    `desired` was read as if there were no locks, `strict` with them.
    """
    ours = {lock_file(model.file) for model in desired.models.values()}
    of_models = {problem for problems in desired.rejected.values() for problem in problems}
    of_all = {problem for problems in strict.rejected.values() for problem in problems}
    lost = {problem for problem in of_all if problem.file.endswith(SUFFIX) and problem.file not in ours}
    found = {*desired.problems, *of_models, *lost}
    return tuple(sorted(found, key=lambda problem: (problem.file, problem.line, problem.column, str(problem))))


def with_old_lock(
    model: ModelSpec, files: Mapping[str, bytes]
) -> tuple[bytes | None, ModelSpec | None, tuple[Problem, ...]]:
    """The lock's text, if there is one, and the model with what it says, or why it does not fit."""
    content = files.get(lock_file(model.file))
    return content, *((None, ()) if content is None else with_lock(model, content, Memo()))


def unusable(model: ModelSpec, file: str, faults: tuple[Problem, ...]) -> Locked:
    """A lock that is not there, or does not fit."""
    if not faults:
        return Locked(model=model.name, file=file, state=Locking.MISSING, message="it has no lock")
    more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
    return Locked(model=model.name, file=file, state=Locking.UNFIT, message=str(faults[0]) + more)


def compared(model: ModelSpec, found: Found) -> Locked:
    """A model with its lock, against what its sources hold now."""
    changes = []
    for key, source in model.sources().items():
        words = _difference(source.locked.content if source.locked is not None else (), found[key].content)
        changes += [f"{words} (version {key})" if key is not None else words] if words else []
    return told(model, found, Locking.STALE if changes else Locking.TRUE, "; ".join(changes))


def told(model: ModelSpec, found: Found, state: Locking, message: str = "") -> Locked:
    """A model whose sources were read."""
    return Locked(
        model=model.name,
        file=lock_file(model.file),
        state=state,
        files=sum(len(source.files) for source in found.values()),
        size=sum(source.size for source in found.values()),
        message=message,
    )


def _difference(before: tuple[FileDigest, ...], now: tuple[FileDigest, ...]) -> str:
    """What has changed since, in words; empty for nothing."""
    old, new = ({file.path: file.digest for file in files} for files in (before, now))
    told = (
        ("changed", sorted(path for path in old.keys() & new.keys() if old[path] != new[path])),
        ("new", sorted(new.keys() - old.keys())),
        ("gone", sorted(old.keys() - new.keys())),
    )
    return "; ".join(f"{word}: {_few(paths)}" for word, paths in told if paths)


def _few(paths: list[str]) -> str:
    return ", ".join(paths[:3]) + (f" and {len(paths) - 3} more" if len(paths) > 3 else "")
