"""A model's lock as part of the model: only where both say the same is there a model at all (spec §2).

A lock that does not fit is an error and never a reason to do without it: it was written so that nothing else is served.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import cast

from reconciler.core.checking.checked import Checked, check_lock, recalled
from reconciler.core.checking.lock_rows import locked_source
from reconciler.core.checking.nodes import MAX_PROBLEMS, START, Path, problem_at, quoted
from reconciler.core.errors import Problem
from reconciler.core.jsonvalue import JsonObject
from reconciler.core.memo import Memo, row_name
from reconciler.core.parsing.lock import lock_file
from reconciler.core.parsing.rules_lock import LockedAt, contradictions, misfits
from reconciler.core.spec import ModelSpec


def orphans(stem: str, locks: list[str], models: list[str]) -> Iterator[Problem]:
    """Locks that lie beside no file of their model; `models` are those files."""
    for path in sorted(locks):
        if path not in map(lock_file, models):
            where = " or ".join(models) or f"{path.rpartition('.')[0]}.yaml, which does not exist"
            yield problem_at(path, START, (), f"a lock of {stem}", f"it beside its model, {where}: delete the lock")


def with_lock(model: ModelSpec, content: bytes, memo: Memo) -> tuple[ModelSpec | None, tuple[Problem, ...]]:
    """The model with what its lock says, or what is wrong with the lock."""
    row = row_name("lock", model.name.encode(), content)
    value = memo.recall(row)
    if isinstance(value, dict):
        known = recalled(lock_file(model.file), value)
        found = _sources(known)
        if not any(contradictions(known, found)) and not any(misfits(known, model, found)):
            return _joined(model, found), ()
    return _read_afresh(model, content, memo, row)


def _read_afresh(
    model: ModelSpec, content: bytes, memo: Memo, row: str
) -> tuple[ModelSpec | None, tuple[Problem, ...]]:
    checked = check_lock(lock_file(model.file), content)
    if not isinstance(checked, Checked):
        return None, checked
    problems = (*_misnamed(checked, model.name), *checked.problems)
    if problems:
        return None, problems
    found = _sources(checked)
    problems = (*contradictions(checked, found), *misfits(checked, model, found))[:MAX_PROBLEMS]
    if problems:
        return None, problems
    memo.keep(row, checked.value)
    return _joined(model, found), ()


def _joined(model: ModelSpec, found: LockedAt) -> ModelSpec:
    versions = {number: replace(source, locked=found[number][1]) for number, source in model.versions.items()}
    return replace(model, source=model.source and replace(model.source, locked=found[None][1]), versions=versions)


def _misnamed(checked: Checked, stem: str) -> Iterator[Problem]:
    name = checked.sound("metadata", "name")
    if isinstance(name, str) and name != stem:
        yield checked.fault(("metadata", "name"), quoted(name), f"{quoted(stem)}, as the file is called")


def _sources(checked: Checked) -> LockedAt:
    paths: dict[int | None, Path] = {None: ("spec", "source")} if checked.at("spec", "source") is not None else {}
    numbers = cast("JsonObject", checked.at("spec", "versions") or {})
    paths |= {int(number): ("spec", "versions", number) for number in sorted(numbers, key=int)}
    return {key: (path, locked_source(cast("JsonObject", checked.at(*path)))) for key, path in paths.items()}
