"""What came of writing or checking locks, model by model."""

from dataclasses import dataclass
from enum import StrEnum

from reconciler.core.errors import Problem, Reason


class Locking(StrEnum):
    """How it stands with one model's lock."""

    WRITTEN = "written"
    UNCHANGED = "unchanged"
    TRUE = "true"
    MISSING = "missing"
    UNFIT = "unfit"
    STALE = "stale"
    FAILED = "failed"


SOUND = frozenset({Locking.WRITTEN, Locking.UNCHANGED, Locking.TRUE})
"""Where nothing is left to be done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Locked:
    """One model: `file` is its lock; what it holds in files and bytes, if that is known; else why it is not so."""

    model: str
    file: str
    state: Locking
    files: int | None = None
    size: int | None = None
    reason: Reason | None = None
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LockReport:
    """All models that were asked for, and the faults of documents that keep others from being locked."""

    models: tuple[Locked, ...]
    problems: tuple[Problem, ...]
