"""What came of an import, in words and as JSON."""

from reconciler.core.imports.drafts import Draft, Refused
from reconciler.core.imports.fates import Fate, ImportReport, Told
from reconciler.render import importing
from reconciler.render.line import text

DRAFT = Draft(name="m", origin="x", spec={}, notes=("spec.replicas: 2",))
REPORT = ImportReport(
    models=(
        Told(result=DRAFT, fate=Fate.WRITTEN, file="models.d/m.yaml", content=b"a: 1\n"),
        Told(result=DRAFT, fate=Fate.EXISTS, file="models.d/m.yaml", why="it is there already"),
        Told(result=Refused(name="\x1b[31mred", origin="x", why="no"), fate=Fate.REFUSED, why="no"),
    ),
    passed_over=("Pipeline p: not a Model",),
)


def test_everything_that_was_left_out_is_said() -> None:
    assert text(importing.lines(REPORT)) == (
        "+ m (models.d/m.yaml)\n"
        "    look at spec.replicas: 2\n"
        "! m (models.d/m.yaml): it is there already\n"
        "    look at spec.replicas: 2\n"
        "! \\x1b[31mred: no\n"
        "· Pipeline p: not a Model\n"
        "Models: 1 written, 1 already there, 1 refused.\n"
    )


def test_a_script_finds_the_same() -> None:
    document = importing.document(REPORT)
    models = document["models"]
    assert isinstance(models, list)
    states = [(one["state"], one["not_carried_over"]) for one in models if isinstance(one, dict)]
    assert states == [("written", ["spec.replicas: 2"]), ("exists", ["spec.replicas: 2"]), ("refused", [])]


def test_nothing_is_said_to_be_nothing() -> None:
    assert text(importing.lines(ImportReport(models=()))) == "Nothing to import: there is no model in it.\n"
