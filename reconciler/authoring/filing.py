"""Files of models.d that an import has made: written where none is replaced that was not meant to be."""

import os
from collections.abc import Mapping
from dataclasses import dataclass

from reconciler.adapters import gitrepo
from reconciler.core.errors import Reason, TerminalError
from reconciler.core.imports.drafts import Imported, Refused, Result
from reconciler.core.imports.fates import Fate, ImportReport, Told
from reconciler.core.imports.files import checked, file_name, text


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the files go, and whether they may replace others; nothing is written `dry`."""

    folder: str
    force: bool = False
    dry: bool = False


def kept(imported: Imported, place: Place) -> ImportReport:
    """Writes what may be written. Raises TerminalError where the disk refuses."""
    imported = checked(imported)
    there = _there(place.folder)
    models = tuple(_one(result, place, there) for result in sorted(imported.results, key=lambda result: result.name))
    return ImportReport(models=models, passed_over=imported.passed_over)


def _there(folder: str) -> dict[str, str]:
    """Files of models by the model's name, wherever below the folder they are."""
    return {
        name.removesuffix(".yaml"): os.path.join(path, name)
        for path, _, names in os.walk(folder)
        for name in names
        if name.endswith(".yaml")
    }


def _one(result: Result, place: Place, there: Mapping[str, str]) -> Told:
    if isinstance(result, Refused):
        return Told(result=result, fate=Fate.REFUSED, why=result.why)
    content = text(result)
    file = there.get(result.name, os.path.join(place.folder, file_name(result)))
    if result.name in there and not place.force:
        return Told(result=result, fate=Fate.EXISTS, file=file, why="it is there already: --force replaces it")
    if not place.dry:
        _write(file, content)
    return Told(result=result, fate=Fate.SHOWN if place.dry else Fate.WRITTEN, file=file, content=content)


def _write(file: str, content: bytes) -> None:
    try:
        os.makedirs(os.path.dirname(file) or ".", exist_ok=True)
    except OSError as error:
        words = f"{os.path.dirname(file)} cannot be made: {error.strerror}"
        raise TerminalError(Reason.REPOSITORY_UNWRITABLE, words, "give another --out") from error
    gitrepo.write_file(os.path.dirname(file) or ".", os.path.basename(file), content)
