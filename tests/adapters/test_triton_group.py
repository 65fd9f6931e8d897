"""Many loads in one request on the real Triton: what is up afterwards, and that nothing is left of the request."""

import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import pytest

from reconciler.adapters.triton import endpoint, grouping
from reconciler.adapters.triton.client import Triton, connect
from reconciler.adapters.triton.endpoint import Access
from reconciler.adapters.triton.grpcwire import GrpcWire
from reconciler.adapters.triton.wire import CallFailed, Wire
from reconciler.core.errors import TerminalError
from reconciler.core.jsonvalue import JsonObject
from reconciler.core.observed import Serving
from tests.conftest import start_or_skip
from tests.e2e.scale_models import built
from tests.triton_models import (
    Bench,
    Model,
    ensemble,
    multiplier,
    python_model,
    scaler,
    together_action,
    unique,
    unload_action,
)

pytestmark = pytest.mark.triton

AUTO_COMPLETED = """
import triton_python_backend_utils as pb

class TritonPythonModel:
    @staticmethod
    def auto_complete_config(config):
        config.set_max_batch_size(4)
        config.add_input({"name": "GIVEN", "data_type": "TYPE_INT64", "dims": [3]})
        config.add_output({"name": "MADE", "data_type": "TYPE_INT64", "dims": [3]})
        return config

    def execute(self, requests):
        return [pb.InferenceResponse([]) for _ in requests]
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scales:
    """A real Triton with the `scale` backend, whose models load in milliseconds."""

    bench: Bench

    def ask(self, models: Iterable[Model], client: Triton | None = None) -> set[str]:
        """Those that one request brings up; it leaves the last of what it is given, so it is given one more."""
        asked = [*models]
        last = self.bench.put(scaler(unique("last")))
        found = (client or self.bench.client).load_together([together_action(one) for one in [*asked, last]])
        assert last.name not in self.bench.seen()
        return set(found)

    def put(self, *models: Model) -> tuple[Model, ...]:
        for model in models:
            self.bench.put(model)
        return models

    def said(self, words: str) -> int:
        """How often Triton's log says this."""
        return self.bench.server.info.log.read_text().count(words)

    def up(self, *models: Model) -> bool:
        """Whether each of them serves what it is to serve."""
        seen = self.bench.seen()
        return all(model.name in seen and seen[model.name].generation == model.tree.generation for model in models)

    @property
    def wire(self) -> Wire:
        return GrpcWire(endpoint.parse(self.bench.server.info.grpc_url), Access())

    def ready(self) -> int:
        """How the server answers for its readiness."""
        try:
            self.get(f"{self.bench.server.info.http_url}/v2/health/ready")
        except urllib.error.HTTPError as error:
            error.close()
            return error.code
        return 200

    def get(self, url: str) -> str:
        with urllib.request.urlopen(url, timeout=30) as response:
            text: bytes = response.read()
        return text.decode()


@pytest.fixture(scope="module")
def scales(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scales]:
    folder = tmp_path_factory.mktemp("group")
    repository = folder / "models"
    repository.mkdir()
    with start_or_skip(repository, f"--backend-directory={built(folder)}") as server:
        with connect(server.info.grpc_url) as client:
            yield Scales(bench=Bench(repository=repository, server=server, client=client))
        server.kill()


def some(count: int) -> list[Model]:
    return [scaler(unique("m"), str(number + 2)) for number in range(count)]


def test_one_request_brings_up_all_but_the_last_with_the_stamps_that_are_on_the_disk(scales: Scales) -> None:
    models = scales.put(*some(20))
    assert scales.ask(models) == {model.name for model in models}
    assert scales.up(*models)
    assert all(scales.bench.answers(model.name, 3, 3 * (number + 2)) for number, model in enumerate(models))


def test_over_http_it_is_the_same(scales: Scales) -> None:
    models = scales.put(*some(5))
    with connect(scales.bench.server.info.http_url) as client:
        assert scales.ask(models, client) == {model.name for model in models}
    assert scales.up(*models)


def test_models_of_every_kind_of_tensors_go_together(scales: Scales) -> None:
    one: JsonObject = {"name": "A", "data_type": "TYPE_INT32", "dims": ["2", "3"]}
    other: JsonObject = {"name": "B", "data_type": "TYPE_INT32", "dims": ["-1"]}
    base, batched = scaler(unique("m")), scaler(unique("m"), max_batch_size=8)
    models = scales.put(
        base,
        batched,
        scaler(unique("m"), max_batch_size=3, input=[one], output=[other]),
        scaler(unique("m"), input=[one, other], output=[one, other]),
        scaler(unique("m"), input=[], output=[]),
        scaler(unique("m"), input=[one, {**other, "optional": True}]),
        scaler(unique("m"), model_transaction_policy={"decoupled": True}),
        scaler(unique("m"), versions=(1, 2, 7), version_policy={"specific": {"versions": ["2", "7"]}}),
        scaler(unique("m"), versions=(3,)),
        ensemble(unique("e"), base.name),
    )
    assert scales.ask(models) == {model.name for model in models}
    assert scales.up(*models)


def test_ensembles_above_each_other_go_together(scales: Scales) -> None:
    base, lower, middle = scaler(unique("m")), unique("e"), unique("e")
    models = scales.put(
        ensemble(unique("e"), middle, lower), ensemble(middle, lower, base.name), ensemble(lower, base.name), base
    )
    assert scales.ask(models) == {model.name for model in models}
    assert scales.bench.answers(models[0].name, 1, 8)


def test_who_fails_fails_alone_and_is_told_why_by_itself(scales: Scales) -> None:
    good, bad = scales.put(*some(6)), scaler(unique("m"), "no number")
    scales.put(bad)
    assert scales.ask([*good[:3], bad, *good[3:]]) == {model.name for model in good}
    assert scales.up(*good)
    with pytest.raises(TerminalError, match="no number in the file"):
        scales.bench.client.load(together_action(bad))


def test_who_is_not_there_or_cannot_be_read_is_left_out(scales: Scales) -> None:
    (good,) = scales.put(scaler(unique("m")))
    absent, unreadable, versionless = scaler(unique("m")), scaler(unique("m")), scaler(unique("m"), versions=())
    scales.put(unreadable, versionless)
    (scales.bench.repository / unreadable.name / "config.pbtxt").write_text("no config")
    above_nothing = ensemble(unique("e"), "ghost")
    scales.put(above_nothing)
    assert scales.ask([absent, unreadable, versionless, above_nothing, good]) == {good.name}
    scales.bench.client.load(together_action(unreadable))  # by itself its config comes with the request
    assert scales.up(unreadable)


def test_nothing_is_left_of_the_request(scales: Scales) -> None:
    bad = scaler(unique("m"), "no number")
    models = scales.put(*some(3))
    scales.put(bad)
    http, ready = scales.bench.server.info.http_url, scales.ready()
    for group in (models, [*models, bad]):
        assert scales.ready() == ready
        scales.ask(group)
        view = scales.bench.client.observe()
        assert isinstance(view, Serving)
        assert grouping.NAME not in view.models
        assert grouping.NAME not in scales.get(f"{http}/v2/models/stats")
        assert grouping.NAME not in scales.get(scales.bench.server.info.metrics_url)
    before = scales.said(grouping.NAME)
    scales.bench.serve(scaler(models[0].name, "11"))
    assert scales.said(grouping.NAME) == before


def test_who_is_up_already_is_not_loaded_again(scales: Scales) -> None:
    models = scales.put(*some(5))
    for model in models[:2]:
        scales.bench.client.load(together_action(model))
    above = scales.bench.serve(ensemble(unique("e"), models[0].name))
    loaded = [scales.said(f'loading: {model.name}:1"') for model in (*models[:2], above)]
    # The first two were loaded with a config in the request: Triton takes the files for newer once, as after any such.
    assert scales.ask(models) == {model.name for model in models}
    again = [scales.said(f'loading: {model.name}:1"') for model in (*models[:2], above)]
    assert scales.ask(models) == {model.name for model in models}
    assert [scales.said(f'loading: {model.name}:1"') for model in (*models[:2], above)] == again
    assert all(count <= before + 1 for count, before in zip(again, loaded, strict=True))
    assert scales.up(above, *models)


def test_who_serves_another_generation_is_never_taken_for_the_wanted_one(scales: Scales) -> None:
    older = scaler(unique("m"), "3")
    newer = scaler(older.name, "5")
    scales.put(newer, older)  # both trees are there, and the first one is the older
    scales.bench.serve(newer)
    scales.put(older)
    found = scales.ask([older, *scales.put(*some(2))])
    assert (older.name in found) == scales.up(older)
    scales.bench.client.load(together_action(older))
    assert scales.bench.answers(older.name, 2, 6)
    assert not scales.ask([replace(newer, contents={})]) & {newer.name}


def test_what_came_in_a_group_stays_while_others_come_and_go(scales: Scales) -> None:
    models = scales.put(*some(4))
    scales.ask(models)
    above = scales.bench.serve(ensemble(unique("e"), models[0].name))
    other = scales.bench.serve(scaler(unique("m")))
    for gone in (above, other):
        scales.bench.client.unload(unload_action(gone.name))
    scales.ask(scales.put(*some(2)))
    assert scales.up(*models)
    changed = scales.bench.serve(scaler(models[1].name, "9"))
    assert scales.up(models[0], changed, *models[2:])


def test_served_ensembles_over_the_same_models_are_not_loaded_again(scales: Scales) -> None:
    base = scaler(unique("m"))
    served = [ensemble(unique("e"), base.name) for _ in range(5)]
    for model in (base, *served):
        scales.put(model)
    scales.ask([base, *served])
    before = [scales.said(f'loading: {model.name}:1"') for model in (base, *served)]
    fresh = scales.put(*(ensemble(unique("e"), base.name) for _ in range(5)))
    scales.ask(fresh)
    assert scales.up(base, *served, *fresh)
    assert [scales.said(f'loading: {model.name}:1"') for model in (base, *served)] == before


def test_what_a_killed_run_left_is_gone_with_the_first_new_load_of_the_next(scales: Scales) -> None:
    models = scales.put(*some(3))
    with pytest.raises(CallFailed, match="REFUSED_ON_PURPOSE"):
        scales.wire.load(grouping.NAME, grouping.request([model.name for model in models]), 30.0, {"file:1/x": b"-"})
    complaints = scales.said(grouping.NAME)
    scales.bench.serve(scaler(models[0].name, "11"))
    assert scales.said(grouping.NAME) > complaints, "Triton does not mind what is left, so this test proves nothing"
    with connect(scales.bench.server.info.grpc_url) as client:
        client.load(together_action(scales.bench.put(scaler(unique("m")))))
    complaints = scales.said(grouping.NAME)
    scales.bench.serve(scaler(models[0].name, "12"))
    assert scales.said(grouping.NAME) == complaints
    assert scales.up(*models[1:])


def test_a_stranger_s_model_of_that_name_is_never_touched(scales: Scales) -> None:
    stranger = scales.bench.serve(scaler(grouping.NAME, "4"))
    with connect(scales.bench.server.info.grpc_url) as client:
        assert scales.ask(scales.put(*some(3)), client) == set()
        client.load(together_action(scales.bench.put(scaler(unique("m")))))
    assert scales.bench.answers(stranger.name, 2, 8)
    assert scales.said(f'loading: {stranger.name}:1"') == 1
    scales.bench.client.unload(unload_action(stranger.name))


def test_a_server_that_is_gone_brings_up_nobody_and_does_not_raise() -> None:
    with connect("grpc://127.0.0.1:1") as client:
        assert client.load_together([together_action(model) for model in some(3)]) == frozenset()


def test_models_that_complete_their_own_config_go_together(triton_bench: Bench) -> None:
    complete = python_model(unique("m"), AUTO_COMPLETED, input=[], output=[])
    models = [complete, ensemble(unique("e"), "twice"), ensemble(unique("e"), "twice", "twice")]
    found = triton_bench.client.load_together([together_action(triton_bench.put(model)) for model in models])
    assert found == {model.name for model in models[:2]}
    assert triton_bench.seen()[complete.name].generation == complete.tree.generation


def test_who_takes_too_long_does_not_hold_up_the_others(private_bench: Bench) -> None:
    private_bench.serve(multiplier("twice"))
    private_bench.serve(ensemble(unique("e"), "twice"))  # Triton may load `twice` anew for its first ensemble
    slow = multiplier(unique("m"), loading="6")
    quick = [ensemble(unique("e"), "twice") for _ in range(3)]
    actions = [together_action(private_bench.put(model), timeout=3.0) for model in (slow, *quick)]
    with connect(private_bench.server.info.grpc_url) as client:
        assert client.load_together(actions) == {model.name for model in quick[:2]}
        assert client.load_together(actions) == frozenset(), "the next group would wait for the slow one"
        client.load(together_action(slow))
    assert private_bench.seen()[slow.name].generation == slow.tree.generation
    complaints = private_bench.server.info.log.read_text().count(grouping.NAME)
    private_bench.serve(multiplier(slow.name, "3"))
    assert private_bench.server.info.log.read_text().count(grouping.NAME) == complaints
