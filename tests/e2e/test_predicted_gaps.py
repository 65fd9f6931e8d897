"""What a plan says of gaps in service is what clients meet, on the real Triton, with requests all the while."""

import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from reconciler.core.jsonvalue import JsonObject
from reconciler.core.plan import GapKind, Load, Outcome, Unload
from reconciler.demo.inference import Question, ask
from tests.e2e.desired_models import Models, ensemble, python
from tests.e2e.real_world import World, started

pytestmark = pytest.mark.triton

TOLERANCE = 0.25
"""Seconds between what a client sees and what the run's clock says."""


@dataclass(slots=True)
class Seen:
    """Moments of one model's requests: when each was sent and answered, and which of them failed."""

    sent: int = 0
    failed: list[tuple[float, float]] = field(default_factory=list)


@contextmanager
def clients(world: World, *models: str) -> Iterator[Mapping[str, Seen]]:
    """A client for each model, which asks a hundred times a second or as often as it is answered."""
    seen, over = {name: Seen() for name in models}, threading.Event()

    def send(name: str) -> None:
        question = Question(model=name, given=(3.0,), right=())
        while not over.wait(0.01):
            began = time.monotonic()
            answer = ask(world.server.info.http_url, question)
            seen[name].sent += 1
            if isinstance(answer, str):
                seen[name].failed.append((began, time.monotonic()))

    threads = [threading.Thread(target=send, args=(name,), name=f"client-{name}") for name in models]
    for thread in threads:
        thread.start()
    try:
        yield seen
    finally:
        over.set()
        for thread in threads:
            thread.join()


def models(factor: int) -> Models:
    taking: JsonObject = {"memory": "60Mi"}
    return {
        "times": python(f"{factor} * x", factor * 3.0, resources=taking),
        "plus": python("x + 1", 4.0, resources={"memory": "20Mi"}),
        "both": ensemble(factor * 3.0 + 1, "times", "plus"),
        "beside": ensemble(4.0, "plus"),
    }


def declare(world: World, memory: str) -> None:
    """What the target has; committed with what is wanted next."""
    target = {
        "servers": [world.server.info.grpc_url],
        "volume": str(world.volume),
        "capacity": {"memory": memory},
        "backends": ["python"],
    }
    head = {"apiVersion": "reconciler/v1", "kind": "Repository"}
    text = json.dumps({**head, "spec": {"targets": {"default": target}}})
    (world.clone.folder / "reconciler.yaml").write_text(text)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with started(tmp_path_factory.mktemp("gaps")) as world:
        declare(world, "100Mi")
        world.want(models(2))
        world.apply()
        yield world


def span(outcomes: tuple[Outcome, ...], model: str) -> tuple[float, float]:
    """From when the unload of the model was sent until its load was read back."""
    own = [one for one in outcomes if isinstance(one.step.action, (Load, Unload)) and one.step.action.model == model]
    return own[0].began, own[-1].began + own[-1].seconds


def noted_for(world: World, model: str) -> object:
    """What its served config says that it was declared to take."""
    parameters = world.served_config(model)["parameters"]
    assert isinstance(parameters, dict)
    return parameters.get("reconciler.resources")


def test_a_first_rollout_notes_what_members_were_declared_to_take(world: World) -> None:
    """Triton would have loaded them once more with the ensemble above, from the files alone."""
    for model, memory in (("times", 60), ("plus", 20)):
        assert noted_for(world, model) == {"string_value": f'{{"memory":{memory << 20}}}'}


def test_a_recreated_model_and_the_ensemble_above_it_fail_within_the_measured_gap_and_nothing_else_does(
    world: World,
) -> None:
    world.want(models(3))
    plan = world.look().plan
    predicted = {line.model: line.gap_kind for line in plan.models if line.gap_kind is not None}
    assert predicted == {"times": GapKind.RECREATED, "both": GapKind.NEEDS_RECREATED}
    with clients(world, "times", "plus", "both", "beside") as seen:
        report = world.apply()
    assert {name for name, one in seen.items() if one.failed} == predicted.keys()
    assert min(one.sent for one in seen.values()) > 10
    measured = {gap.model: gap for gap in report.gaps}
    assert {name: gap.expected for name, gap in measured.items()} == predicted
    for name, gap in measured.items():
        began, ended = span(report.outcomes, name)
        assert all(began - TOLERANCE <= sent <= ended + TOLERANCE for sent, _ in seen[name].failed)
        lasted = seen[name].failed[-1][0] - seen[name].failed[0][0]
        assert gap.seconds is not None
        assert lasted <= gap.seconds + TOLERANCE
    assert ask(world.server.info.http_url, Question(model="both", given=(3.0,), right=())) == (10.0,)


def test_with_room_for_both_copies_it_is_replaced_and_no_request_fails(world: World) -> None:
    declare(world, "200Mi")
    world.want(models(4))
    with clients(world, "times", "plus", "both", "beside") as seen:
        report = world.apply()
    assert {name: one.failed for name, one in seen.items() if one.failed} == {}
    assert report.gaps == ()
    assert any(isinstance(one.step.action, Load) and one.step.action.model == "times" for one in report.outcomes)
    assert noted_for(world, "times") == {"string_value": f'{{"memory":{60 << 20}}}'}


def test_what_is_gone_from_git_is_counted_as_it_was_loaded_and_given_back_before_its_successor_comes(
    world: World,
) -> None:
    declare(world, "100Mi")
    before = models(4)
    successor = python("5 * x", 15.0, resources={"memory": "70Mi"})
    world.want({"plus": before["plus"], "beside": before["beside"], "successor": successor})
    report = world.apply()
    spans = {one.name: one for one in report.look.plan.spans}
    assert (spans["memory"].before, spans["memory"].peak, spans["memory"].after) == (80 << 20, 90 << 20, 90 << 20)
    ended = {one.step.id.partition("@")[0]: one.began + one.seconds for one in report.outcomes}
    began = {one.step.id.partition("@")[0]: one.began for one in report.outcomes}
    assert ended["unload:times"] <= began["load:successor"]
    assert world.ready() >= {"plus", "beside", "successor"}
    assert "times" not in world.ready()
