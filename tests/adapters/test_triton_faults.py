"""A server that lies or stumbles: what the real one does not do on demand."""

from collections.abc import Iterator

import grpc
import pytest

from reconciler.adapters.triton.client import Triton, connect
from reconciler.core.errors import Reason, TerminalError, TransientError
from reconciler.core.observed import Serving
from reconciler.core.plan import Unload
from tests.fakes.triton import State, fake_triton
from tests.triton_models import ensemble, load_action, together_action


@pytest.fixture
def fake() -> Iterator[tuple[Triton, State]]:
    with fake_triton() as (url, state), connect(url) as client:
        yield client, state


def test_a_load_that_is_answered_ok_and_changes_nothing_is_tried_once_more(fake: tuple[Triton, State]) -> None:
    client, state = fake
    model = ensemble("e", "twice")
    state.ignored_loads = 1
    client.load(load_action(model))
    view = client.observe()
    assert isinstance(view, Serving)
    assert view.models["e"].generation == model.tree.generation


def test_a_server_that_goes_on_serving_another_generation_is_found_out(fake: tuple[Triton, State]) -> None:
    client, state = fake
    client.load(load_action(ensemble("e", "twice")))
    state.ignored_loads = 9
    wanted = ensemble("e", "twice", "twice")
    with pytest.raises(TransientError, match=wanted.tree.generation) as caught:
        client.load(load_action(wanted))
    assert caught.value.reason is Reason.STAMP_MISMATCH


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (grpc.StatusCode.UNAVAILABLE, "can not create model 'e': memory limit set for GPU 0 has exceeded"),
        (grpc.StatusCode.INVALID_ARGUMENT, "load failed: Internal: Stub process 'e_0_0' is not healthy."),
        (grpc.StatusCode.INTERNAL, "failed to load 'e', failed to poll from model repository"),
    ],
)
def test_a_refusal_that_may_pass_is_worth_another_try(
    fake: tuple[Triton, State], code: grpc.StatusCode, words: str
) -> None:
    client, state = fake
    state.refusals = [(code, words)]
    with pytest.raises(TransientError) as caught:
        client.load(load_action(ensemble("e", "twice")))
    assert caught.value.reason is Reason.LOAD_FAILED
    assert words in caught.value.message


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (grpc.StatusCode.INVALID_ARGUMENT, "unable to find backend library for backend 'nope', try specifying runtime"),
        (grpc.StatusCode.INVALID_ARGUMENT, "at least one version must be available under the version policy"),
        (grpc.StatusCode.INTERNAL, "SyntaxError: invalid syntax (model.py, line 1)"),
    ],
)
def test_a_refusal_of_the_content_is_final(fake: tuple[Triton, State], code: grpc.StatusCode, words: str) -> None:
    client, state = fake
    state.refusals = [(code, words)]
    with pytest.raises(TerminalError) as caught:
        client.load(load_action(ensemble("e", "twice")))
    assert caught.value.reason is Reason.LOAD_FAILED
    assert words in caught.value.message


def test_an_index_that_fails_while_directories_change_is_asked_again(fake: tuple[Triton, State]) -> None:
    client, state = fake
    state.index_failures = 3
    assert isinstance(client.observe(), Serving)
    assert state.index_failures == 0


def test_a_connection_lost_while_the_stamp_is_read_back_is_no_success(fake: tuple[Triton, State]) -> None:
    client, state = fake
    state.config_refusals = [(grpc.StatusCode.UNAVAILABLE, "Socket closed")]
    with pytest.raises(TransientError) as caught:
        client.load(load_action(ensemble("e", "twice")))
    assert caught.value.reason is Reason.SERVER_UNREACHABLE


def test_a_model_that_goes_down_while_it_is_looked_at_has_no_generation(fake: tuple[Triton, State]) -> None:
    client, state = fake
    client.load(load_action(ensemble("e", "twice")))
    state.config_refusals = [(grpc.StatusCode.NOT_FOUND, "Request for unknown model: 'e' has no available versions")]
    view = client.observe()
    assert isinstance(view, Serving)
    assert view.models["e"].generation is None


def test_what_triton_says_comes_without_the_marks_that_it_ends_with(fake: tuple[Triton, State]) -> None:
    client, state = fake
    words = "load failed: version 1: boom\n\nAt:\n  /m/1/model.py(7): initialize\n;\nversion 2: bang\n;"
    state.refusals = [(grpc.StatusCode.INVALID_ARGUMENT, words)]
    with pytest.raises(TerminalError) as caught:
        client.load(load_action(ensemble("e", "twice")))
    told = " ".join(str(caught.value).split())
    assert told.endswith("(7): initialize; version 2: bang; the model's content or config has to change")


RELOADED = (grpc.StatusCode.INTERNAL, "failed to unload 'e', versions that are still available: 1")


@pytest.mark.parametrize(("refusals", "gone"), [(1, True), (6, True), (7, False)])
def test_an_unload_that_meets_a_reload_of_triton_s_own_is_asked_for_again(
    fake: tuple[Triton, State], refusals: int, gone: bool
) -> None:
    client, state = fake
    client.load(load_action(ensemble("e", "twice")))
    state.unload_refusals = [RELOADED] * refusals
    unload = Unload(model="e", server="s", timeout=30.0)
    if gone:
        client.unload(unload)
    else:
        with pytest.raises(TransientError, match="comes up again each time") as refused:
            client.unload(unload)
        assert refused.value.reason is Reason.UNLOAD_FAILED
    assert ("e" not in state.configs) == gone


def test_an_unload_that_is_refused_for_another_reason_is_not_repeated(fake: tuple[Triton, State]) -> None:
    client, state = fake
    state.unload_refusals = [(grpc.StatusCode.INTERNAL, "no")] * 2
    with pytest.raises(TransientError, match="could not unload e: no"):
        client.unload(Unload(model="e", server="s", timeout=30.0))
    assert len(state.unload_refusals) == 1


def test_a_server_that_takes_a_group_and_loads_nothing_of_it_brings_up_nobody_and_keeps_no_group() -> None:
    models = [ensemble(f"e{number}", "below") for number in range(3)]
    with fake_triton() as (url, state), connect(url) as client:
        assert client.load_together([together_action(model) for model in models]) == frozenset()
        assert state.configs == {}
        client.load(together_action(models[0]))
        assert state.configs.keys() == {models[0].name}


def test_a_server_that_knows_no_such_request_goes_on_with_single_loads() -> None:
    models = [ensemble(f"e{number}", "below") for number in range(3)]
    with fake_triton() as (url, state), connect(url) as client:
        state.refusals = [(grpc.StatusCode.INVALID_ARGUMENT, "unrecognized load parameter 'file:1/none'")]
        assert client.load_together([together_action(model) for model in models]) == frozenset()
        client.load(together_action(models[0]))
        assert state.configs.keys() == {models[0].name}
