"""The library: values in, values out, and every example of its page."""

import dataclasses
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from reconciler import api
from reconciler.core.errors import ReconcileError
from tests.e2e.bad_world import document, payload

PAGE = (Path(__file__).parents[1] / "docs" / "api.md").read_text()


@pytest.fixture
def ground(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository of two models beside an empty volume."""
    (tmp_path / "volume").mkdir()
    (tmp_path / "models" / "models.d").mkdir(parents=True)
    for name in ("double", "triple"):
        source = payload(tmp_path / "sources" / name, factor=2 if name == "double" else 3)
        (tmp_path / "models" / "models.d" / f"{name}.yaml").write_text(document(name, str(source)))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def request(**more: object) -> api.Request:
    return dataclasses.replace(api.Request(repo="models", volume="volume", server_none=True), **more)  # type: ignore[arg-type]


@pytest.mark.usefixtures("ground")
def test_what_is_planned_is_applied_and_then_stands_as_wanted() -> None:
    planned = api.plan(request())
    assert (planned.changes, planned.complete, planned.refusal, planned.problems) == (True, True, None, ())
    assert [(model.name, model.change, model.before) for model in planned.models] == [
        ("double", "create", None),
        ("triple", "create", None),
    ]
    seen: list[api.Plan] = []

    def confirm(plan: api.Plan) -> bool:
        seen.append(plan)
        return True

    done = api.apply(request(), confirm=confirm)
    assert [plan.steps for plan in seen] == [planned.steps]
    assert done.ok
    assert {outcome.step for outcome in done.outcomes} >= {step.id for step in planned.steps}
    assert Path("volume/models/double/1/model.py").read_text() == Path("sources/double/1/model.py").read_text()
    now = api.status(request())
    assert [(model.name, model.settled, model.desired == model.on_disk) for model in now.models] == [
        ("double", True, True),
        ("triple", True, True),
    ]
    assert api.plan(request()).steps == ()


@pytest.mark.usefixtures("ground")
def test_what_is_not_confirmed_is_not_done() -> None:
    with pytest.raises(api.RefusedError) as raised:
        api.apply(request(), confirm=lambda _: False)
    assert raised.value.reason is api.Reason.NOT_CONFIRMED
    assert not Path("volume/models/double").exists()


def test_a_fault_is_told_with_its_place_and_keeps_nothing_else_from_being_done(ground: Path) -> None:
    (ground / "models" / "models.d" / "triple.yaml").write_text("kind: Modle\n")
    found = api.validate("models")
    assert (found.ok, found.models) == (False, 1)
    assert {problem.file for problem in found.problems} == {"models.d/triple.yaml"}
    done = api.apply(request())
    assert [model.name for model in done.plan.models if model.change == "create"] == ["double"]
    assert done.plan.problems == found.problems


def test_what_is_wrong_with_one_model_is_no_exception_and_the_others_are_done(ground: Path) -> None:
    source = f"{{uri: {ground / 'sources' / 'double'}, digest: 'sha256:{'0' * 64}'}}"
    (ground / "models" / "models.d" / "double.yaml").write_text(document("double", source))
    done = api.apply(request())
    assert {model.name: model.change for model in done.plan.models} == {"double": "held", "triple": "create"}
    assert done.ready["double"] is False
    assert Path("volume/models/triple/1/model.py").is_file()


@pytest.mark.usefixtures("ground")
def test_a_plan_that_is_refused_is_not_applied() -> None:
    planned = api.plan(request())
    refused = dataclasses.replace(planned, refusal=api.Refusal(reason="EmptyRefused", message="all", hint="say so"))
    assert api.Applied(plan=planned, outcomes=(), ready={}, status_commit=None, status_error=None).ok
    assert not api.Applied(plan=refused, outcomes=(), ready={}, status_commit=None, status_error=None).ok


@pytest.mark.usefixtures("ground")
def test_every_value_is_frozen_and_its_document_is_json() -> None:
    planned, now = api.plan(request()), api.status(request())
    for value in (request(), planned, planned.steps[0], planned.models[0], now, now.models[0], api.validate("models")):
        with pytest.raises((dataclasses.FrozenInstanceError, TypeError)):
            setattr(value, dataclasses.fields(value)[0].name, None)
    assert json.loads(json.dumps(planned.document))["format_version"] == now.document["format_version"]


@pytest.mark.usefixtures("ground")
@pytest.mark.parametrize(
    ("asked", "kind"),
    [
        (request(models=("no-such-model",)), api.UsageError),
        (request(target="no/target"), api.UsageError),
        (request(volume="nowhere"), ReconcileError),
        (request(repo="nowhere"), api.TerminalError),
    ],
)
def test_what_cannot_be_done_at_all_raises_what_the_page_says(asked: api.Request, kind: type[ReconcileError]) -> None:
    with pytest.raises(kind) as raised:
        api.plan(asked)
    assert raised.value.message
    assert raised.value.hint


def test_the_page_names_all_that_is_exported_to_call_and_to_catch() -> None:
    callables = [name for name in api.__all__ if name.islower()]
    errors = [name for name in api.__all__ if name.endswith("Error")]
    assert [name for name in callables if f"| `{name}(" not in PAGE] == []
    assert [name for name in errors if f"`{name}`" not in PAGE] == []
    fields = [field.name for field in dataclasses.fields(api.Request)]
    assert [name for name in fields if f"`{name}`" not in PAGE] == []


def test_the_examples_of_the_page_run_one_after_the_other(ground: Path) -> None:
    examples = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert len(examples) == 4
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", "\n".join(examples)],
        cwd=ground,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told = done.stdout.splitlines()
    assert "fetch double NotOnVolume" in told
    assert "double as wanted" in told
    assert told[-1].startswith("Usage there is no model called no-such-model")
