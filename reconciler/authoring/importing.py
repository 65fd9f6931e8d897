"""`reconcile import`: models of other systems as files of models.d, read by our own parser before they are kept."""

from collections.abc import Callable, Mapping, Sequence

from reconciler.authoring.filing import Place, kept
from reconciler.core.errors import Reason, UsageError
from reconciler.core.imports import kserve, seldon, tfserving
from reconciler.core.imports.drafts import Imported
from reconciler.core.imports.fates import ImportReport

READERS: Mapping[str, Callable[[str, bytes, str | None], Imported]] = {
    "kserve": kserve.configmaps,
    "trainedmodel": kserve.trainedmodels,
    "seldon": seldon.models,
    "tfserving": tfserving.models,
}
"""By kind: what reads a file, given its name, its bytes and the framework for models whose own nobody knows."""


def from_files(kind: str, files: Sequence[tuple[str, bytes]], framework: str | None, place: Place) -> ImportReport:
    """The models in these files (name, bytes). Raises UsageError for what is no such file, TerminalError for disks."""
    found: list[Imported] = []
    for name, content in files:
        try:
            found.append(READERS[kind](name, content, framework))
        except ValueError as error:
            raise UsageError(Reason.INVALID, str(error)) from error
    results = tuple(result for one in found for result in one.results)
    passed_over = tuple(text for one in found for text in one.passed_over)
    return kept(Imported(results=results, passed_over=passed_over), place)
