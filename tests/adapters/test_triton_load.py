"""Loads on the real Triton: what serves afterwards, and what a person is told when it does not."""

import threading
import time
from dataclasses import replace

import pytest

from reconciler.adapters.triton.client import connect
from reconciler.adapters.triton.grpcwire import GrpcWire
from reconciler.adapters.triton.wire import CallFailed, Kind
from reconciler.core.artifact import UNKNOWN
from reconciler.core.configs import modelconfig
from reconciler.core.errors import Reason, TerminalError, TransientError
from reconciler.core.jsonvalue import JsonObject
from tests.triton_models import (
    Bench,
    Model,
    ensemble,
    golden,
    load_action,
    multiplier,
    python_model,
    unique,
    unload_action,
)

pytestmark = pytest.mark.triton


def test_a_loaded_model_serves_its_generation(triton_bench: Bench) -> None:
    model = triton_bench.serve(ensemble(unique("e"), "twice"))
    assert triton_bench.seen()[model.name].generation == model.tree.generation
    assert triton_bench.answers(model.name, 3, 6)


def test_everything_goes_over_http_with_an_http_address(triton_bench: Bench) -> None:
    model = triton_bench.put(ensemble(unique("e"), "twice", "twice"))
    with connect(triton_bench.server.info.http_url) as client:
        client.load(load_action(model, probes=(golden(3, 12),)))
        view = client.observe()
    assert view == triton_bench.client.observe()
    assert triton_bench.seen()[model.name].generation == model.tree.generation


def test_an_older_tree_behind_the_link_is_really_served_again(triton_bench: Bench) -> None:
    name = unique("m")
    older, newer = multiplier(name, "3"), multiplier(name, "5")
    for model, factor in ((older, 3), (newer, 5), (older, 3)):
        triton_bench.serve(model)
        assert triton_bench.answers(name, 2, 2 * factor)
        assert triton_bench.seen()[name].generation == model.tree.generation


def test_an_older_ensemble_behind_the_link_is_really_served_again(triton_bench: Bench) -> None:
    name = unique("e")
    older, newer = ensemble(name, "twice"), ensemble(name, "twice", "twice")
    for model, factor in ((older, 2), (newer, 4), (older, 2)):
        triton_bench.serve(model)
        assert triton_bench.answers(name, 3, 3 * factor)


def test_a_mended_file_is_served_although_the_generation_is_the_same(triton_bench: Bench) -> None:
    model = triton_bench.put(multiplier(unique("m"), "7"))
    file = triton_bench.repository / model.name / "1" / "model.py"
    file.write_bytes(model.contents["1/model.py"].replace(b"* 7", b"* 0"))
    triton_bench.client.load(load_action(model))
    assert triton_bench.answers(model.name, 3, 0)
    file.write_bytes(model.contents["1/model.py"])
    triton_bench.client.load(load_action(model))
    assert triton_bench.answers(model.name, 3, 21)


def test_an_ensemble_goes_on_over_a_reloaded_member(triton_bench: Bench) -> None:
    member = triton_bench.serve(multiplier(unique("m"), "3"))
    above = triton_bench.serve(ensemble(unique("e"), member.name))
    changed = triton_bench.put(multiplier(member.name, "4"))
    triton_bench.client.load(load_action(changed, dependents=(above,)))
    assert triton_bench.answers(above.name, 2, 8)


def test_after_a_reload_under_an_ensemble_the_server_gets_a_rest(
    triton_bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    rests: list[float] = []
    monkeypatch.setattr(time, "sleep", rests.append)
    below = triton_bench.serve(ensemble(unique("e"), "twice"))
    alone = list(rests)
    above = triton_bench.serve(ensemble(unique("e"), below.name))
    triton_bench.client.load(load_action(below, dependents=(above,)))
    assert alone == []
    assert rests[-1:] == [0.1]


def test_a_member_that_no_longer_fits_is_reported_with_the_ensemble_it_took_down(triton_bench: Bench) -> None:
    member = triton_bench.serve(multiplier(unique("m"), "3"))
    above = triton_bench.serve(ensemble(unique("e"), member.name))
    code = member.contents["1/model.py"].decode()
    unfit = triton_bench.put(python_model(member.name, code, datatype="TYPE_FP64"))
    with pytest.raises(TerminalError, match=above.name) as caught:
        triton_bench.client.load(load_action(unfit, dependents=(above,)))
    assert caught.value.reason is Reason.DEPENDENT_DOWN
    assert not triton_bench.seen()[above.name].up
    # The way back that the executor goes: the former tree, loaded again.
    triton_bench.put(member)
    triton_bench.client.load(load_action(member, dependents=(above,)))
    assert triton_bench.answers(above.name, 2, 6)


def test_an_ensemble_above_is_asked_as_long_as_a_busy_server_needs(
    triton_bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = GrpcWire.config

    def slowly(wire: GrpcWire, model: str, version: str, timeout: float) -> JsonObject:
        if timeout < 5:
            raise CallFailed(Kind.TIMEOUT, "Deadline Exceeded")
        return real(wire, model, version, timeout)

    member = triton_bench.serve(multiplier(unique("m"), "3"))
    above = triton_bench.serve(ensemble(unique("e"), member.name))
    monkeypatch.setattr(GrpcWire, "config", slowly)
    triton_bench.client.load(load_action(triton_bench.put(multiplier(member.name, "4")), dependents=(above,)))
    assert triton_bench.answers(above.name, 2, 8)


def test_a_dependent_with_another_generation_is_reported(triton_bench: Bench) -> None:
    name = unique("e")
    wanted = ensemble(name, "twice", "twice")
    triton_bench.serve(ensemble(name, "twice"))
    with pytest.raises(TransientError, match=name) as caught:
        triton_bench.client.load(load_action(multiplier("twice"), dependents=(wanted,)))
    assert caught.value.reason is Reason.DEPENDENT_DOWN


def test_a_failed_ensemble_reload_takes_those_above_down_and_the_former_brings_all_back(triton_bench: Bench) -> None:
    lower = triton_bench.serve(ensemble(unique("e"), "twice"))
    upper = triton_bench.serve(ensemble(unique("e"), lower.name))
    broken = triton_bench.put(ensemble(lower.name, "twice", "ghost"))
    with pytest.raises(TerminalError, match="ghost") as caught:
        triton_bench.client.load(load_action(broken, dependents=(upper,)))
    assert caught.value.reason is Reason.LOAD_FAILED
    seen = triton_bench.seen()
    assert not seen[lower.name].up
    assert not seen[upper.name].up
    triton_bench.put(lower)
    triton_bench.client.load(load_action(lower, dependents=(upper,)))
    assert triton_bench.answers(upper.name, 3, 6)


def test_a_failed_reload_leaves_the_former_generation_serving(triton_bench: Bench) -> None:
    good = triton_bench.serve(multiplier(unique("m"), "3"))
    bad = triton_bench.put(multiplier(good.name, initialize='raise Exception("no weights")'))
    with pytest.raises(TerminalError, match="no weights") as caught:
        triton_bench.client.load(load_action(bad))
    assert caught.value.reason is Reason.LOAD_FAILED
    assert triton_bench.seen()[good.name].generation == good.tree.generation
    triton_bench.put(good)
    triton_bench.client.load(load_action(good))
    assert triton_bench.answers(good.name, 2, 6)


def test_running_out_of_memory_may_pass(triton_bench: Bench) -> None:
    model = triton_bench.put(multiplier(unique("m"), initialize='raise Exception("CUDA out of memory")'))
    with pytest.raises(TransientError, match="out of memory") as caught:
        triton_bench.client.load(load_action(model))
    assert caught.value.reason is Reason.LOAD_FAILED


def test_a_model_that_triton_does_not_find_is_reported_with_what_to_check(triton_bench: Bench) -> None:
    model = ensemble(unique("absent"), "twice")
    with pytest.raises(TransientError, match="failed to poll") as caught:
        triton_bench.client.load(load_action(model))
    assert caught.value.reason is Reason.LOAD_FAILED
    assert "does not see the directory" in caught.value.hint


def test_a_load_that_outlasts_its_timeout_is_reported_and_found_done_by_the_next(triton_bench: Bench) -> None:
    model = triton_bench.put(multiplier(unique("slow"), loading="2"))
    with pytest.raises(TransientError, match="may still finish") as caught:
        triton_bench.client.load(load_action(model, timeout=0.5))
    assert caught.value.reason is Reason.TIMED_OUT
    assert triton_bench.seen()[model.name].busy
    triton_bench.client.load(load_action(model))
    assert triton_bench.answers(model.name, 3, 6)


def test_every_version_of_a_policy_carries_the_generation(triton_bench: Bench) -> None:
    plain = multiplier(unique("m"), "3")
    code = plain.contents["1/model.py"].decode()
    model = python_model(plain.name, code, versions=(1, 2, 3), version_policy={"specific": {"versions": ["1", "3"]}})
    triton_bench.serve(model)
    served = triton_bench.seen()[model.name]
    assert [version.version for version in served.versions] == [1, 3]
    assert served.generation == model.tree.generation


def test_a_model_unloaded_by_hand_is_served_again_by_the_same_load(triton_bench: Bench) -> None:
    model = triton_bench.serve(ensemble(unique("e"), "twice"))
    with connect(triton_bench.server.info.grpc_url) as somebody:
        somebody.unload(unload_action(model.name))
    assert not triton_bench.seen()[model.name].up
    triton_bench.client.load(load_action(model))
    assert triton_bench.answers(model.name, 3, 6)


def test_a_server_that_dies_during_a_load_is_reported_as_unreachable(private_bench: Bench) -> None:
    model = private_bench.put(multiplier("slow", loading="20"))
    killer = threading.Timer(1.0, private_bench.server.kill)
    killer.start()
    with pytest.raises(TransientError) as caught:
        private_bench.client.load(load_action(model))
    killer.join()
    assert caught.value.reason is Reason.SERVER_UNREACHABLE


def test_after_a_restart_nothing_is_loaded_and_the_same_load_serves_again(private_bench: Bench) -> None:
    model = private_bench.serve(multiplier("m", "3"))
    private_bench.server.restart()
    assert private_bench.seen() == {}
    private_bench.client.load(load_action(model))
    assert private_bench.seen()["m"].generation == model.tree.generation
    assert private_bench.answers("m", 2, 6)


def strange(model: Model, text: str) -> Model:
    """The model with this in its config, as if we did not know what it means."""
    tree = replace(model.tree, config={**model.tree.config, UNKNOWN: text})
    return replace(model, tree=tree)


def put_strange(bench: Bench, plain: Model, model: Model) -> None:
    """On the disk as the volume writes it."""
    bench.put(plain)
    config = modelconfig.to_pbtxt(model.tree.configs()["config.pbtxt"])
    (bench.repository / model.name / "config.pbtxt").write_text(config)


def test_a_config_that_cannot_be_told_in_json_is_loaded_from_the_disk(triton_bench: Bench) -> None:
    plain = triton_bench.serve(multiplier(unique("m"), "3"))
    model = strange(plain, "response_cache { enable: false } metric_tags { key: 'a' value: 'b' }")
    put_strange(triton_bench, plain, model)
    triton_bench.client.load(load_action(model))
    assert triton_bench.seen()[model.name].generation == model.tree.generation != plain.tree.generation
    assert triton_bench.answers(model.name, 2, 6)


def test_a_server_that_does_not_know_a_field_either_is_told_apart_from_other_riddles(triton_bench: Bench) -> None:
    plain = triton_bench.serve(multiplier(unique("m"), "3"))
    model = strange(plain, "speculation { depth: 4 }")
    put_strange(triton_bench, plain, model)
    with pytest.raises(TransientError, match="failed to poll") as caught:
        triton_bench.client.load(load_action(model))
    assert "does not know (speculation): a server that does not know it either refuses" in caught.value.hint
    assert triton_bench.answers(model.name, 2, 6)
    assert triton_bench.seen()[model.name].generation == plain.tree.generation
