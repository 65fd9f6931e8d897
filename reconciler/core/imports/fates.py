"""What came of an import, model by model."""

from dataclasses import dataclass
from enum import StrEnum

from reconciler.core.imports.drafts import Result


class Fate(StrEnum):
    """What became of one model."""

    WRITTEN = "written"
    SHOWN = "shown"
    EXISTS = "exists"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One model: its file and the text of it, or why there is none."""

    result: Result
    fate: Fate
    file: str = ""
    content: bytes = b""
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """What came of an import."""

    models: tuple[Told, ...]
    passed_over: tuple[str, ...] = ()
