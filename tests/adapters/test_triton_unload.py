"""Unloads on the real Triton: gone means gone."""

import threading
import time

import pytest

from reconciler.core.errors import Reason, TransientError
from tests.triton_models import Bench, ensemble, multiplier, unique, unload_action

pytestmark = pytest.mark.triton


def test_an_unloaded_model_is_not_up_and_those_below_it_stay(triton_bench: Bench) -> None:
    model = triton_bench.serve(ensemble(unique("e"), "twice"))
    triton_bench.client.unload(unload_action(model.name))
    assert not triton_bench.seen()[model.name].up
    assert triton_bench.answers("twice", 3, 6)


def test_to_unload_what_is_not_there_is_done(triton_bench: Bench) -> None:
    triton_bench.client.unload(unload_action(unique("never")))
    assert triton_bench.seen()["twice"].up


def test_an_unload_waits_for_requests_that_are_still_running(triton_bench: Bench) -> None:
    model = triton_bench.serve(multiplier(unique("m"), "3", answering="1.5"))
    answered: list[bool] = []
    request = threading.Thread(target=lambda: answered.append(triton_bench.answers(model.name, 2, 6)))
    request.start()
    time.sleep(0.4)
    triton_bench.client.unload(unload_action(model.name))
    request.join(timeout=1)
    assert answered == [True]
    served = triton_bench.seen()[model.name]
    assert not served.up
    assert not served.busy


def test_an_unload_that_does_not_end_in_time_is_reported(triton_bench: Bench) -> None:
    model = triton_bench.serve(multiplier(unique("m"), "3", answering="1.5"))
    request = threading.Thread(target=triton_bench.answers, args=(model.name, 2, 6))
    request.start()
    time.sleep(0.4)
    with pytest.raises(TransientError, match="UNLOADING") as caught:
        triton_bench.client.unload(unload_action(model.name, timeout=0.3))
    request.join()
    assert caught.value.reason is Reason.TIMED_OUT
