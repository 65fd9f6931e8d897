"""Golden requests over both protocols on the real Triton, with every datatype that Python models can answer in."""

from collections.abc import Iterator
from typing import TypeAlias

import pytest

from reconciler.adapters.triton.client import Triton, connect
from reconciler.core.errors import Reason, TerminalError, TransientError
from reconciler.core.jsonvalue import Json
from reconciler.core.spec import Probe, ProbeTensor
from tests.triton_models import Bench, golden, load_action, multiplier, python_model, unique

pytestmark = pytest.mark.triton

TYPES = ("BOOL", "INT8", "INT16", "INT32", "INT64", "UINT8", "UINT16", "UINT32", "UINT64", "FP16", "FP32", "FP64")
Value: TypeAlias = bool | int | float | str
ECHO = """
import triton_python_backend_utils as pb

class TritonPythonModel:
    def execute(self, requests):
        return [
            pb.InferenceResponse([pb.Tensor(t.name()[3:], t.as_numpy()) for t in request.inputs()])
            for request in requests
        ]
"""


@pytest.fixture(scope="module")
def echo(triton_bench: Bench) -> str:
    """A model that gives each input IN_<type> back as <type>."""
    kinds = (*TYPES, "STRING")
    ins: list[Json] = [
        {"name": f"IN_{kind}", "data_type": f"TYPE_{kind}", "dims": ["-1"], "optional": True} for kind in kinds
    ]
    outs: list[Json] = [{"name": kind, "data_type": f"TYPE_{kind}", "dims": ["-1"]} for kind in kinds]
    model = python_model(unique("echo"), ECHO, input=ins, output=outs)
    return triton_bench.serve(model).name


@pytest.fixture(params=["grpc", "http"])
def client(triton_bench: Bench, request: pytest.FixtureRequest) -> Iterator[Triton]:
    info = triton_bench.server.info
    with connect(info.grpc_url if request.param == "grpc" else info.http_url) as opened:
        yield opened


def echoed(
    kind: str, given: tuple[bool | int | float | str, ...], expected: tuple[bool | int | float | str, ...]
) -> Probe:
    datatype = "BYTES" if kind == "STRING" else kind
    return Probe(
        inputs=(ProbeTensor(name=f"IN_{kind}", datatype=datatype, shape=(len(given),), data=given),),
        outputs=(ProbeTensor(name=kind, datatype=datatype, shape=(len(expected),), data=expected),),
    )


def wrong(client: Triton, model: str, probe: Probe) -> str:
    """What is said of a golden request that is not met."""
    with pytest.raises(TerminalError) as caught:
        client.probe(model, (probe,))
    assert caught.value.reason is Reason.PROBE_FAILED
    return caught.value.message


def test_every_datatype_goes_there_and_back(client: Triton, echo: str) -> None:
    for kind in TYPES:
        client.probe(echo, (echoed(kind, (True, False), (True, False)),))
    client.probe(echo, (echoed("STRING", ("ä", ""), ("ä", "")),))
    client.probe(echo, (echoed("FP32", (0.1, 1e30), (0.1, 1e30)),))


def test_integers_of_64_bits_are_compared_exactly(client: Triton, echo: str) -> None:
    big = 2**63 - 1
    client.probe(echo, (echoed("INT64", (big,), (big,)),))
    assert f"expected {big - 1}" in wrong(client, echo, echoed("INT64", (big,), (big - 1,)))


def test_not_a_number_equals_itself_and_infinities_keep_their_sign(client: Triton, echo: str) -> None:
    special = (float("nan"), float("inf"), float("-inf"))
    client.probe(echo, (echoed("FP64", special, special),))
    assert "expected -inf" in wrong(client, echo, echoed("FP64", (float("inf"),), (float("-inf"),)))


def test_a_wrong_string_is_told_with_what_came(client: Triton, echo: str) -> None:
    message = wrong(client, echo, echoed("STRING", ("cat", "dog"), ("cat", "cow")))
    assert "STRING[1] is 'dog', expected 'cow' (1 of 2 values differ)" in message


def test_a_value_off_by_more_than_the_tolerance_fails(client: Triton) -> None:
    client.probe("twice", (golden(1.5, 3.0625, tolerance=0.0625),))
    assert "OUT[0] is 3.0, expected 3.125 within 0.0625" in wrong(client, "twice", golden(1.5, 3.125, tolerance=0.0625))


def test_another_shape_datatype_or_output_fails(client: Triton, echo: str) -> None:
    probe = echoed("FP32", (1.0, 2.0), (1.0,))
    assert "FP32 has the shape [2], expected [1]" in wrong(client, echo, probe)
    double = ProbeTensor(name="FP32", datatype="FP64", shape=(2,), data=(1.0, 2.0))
    assert "FP32 is FP32, expected FP64" in wrong(client, echo, Probe(inputs=probe.inputs, outputs=(double,)))
    absent = ProbeTensor(name="NOPE", datatype="FP32", shape=None, data=(1.0,))
    assert "NOPE" in wrong(client, echo, Probe(inputs=probe.inputs, outputs=(absent,)))


def test_a_probe_that_does_not_fit_its_own_shape_is_told_before_it_is_sent(client: Triton) -> None:
    tensor = ProbeTensor(name="IN", datatype="FP32", shape=(3,), data=(1.0,))
    assert "IN does not fit" in wrong(client, "twice", Probe(inputs=(tensor,), outputs=()))
    tensor = ProbeTensor(name="IN", datatype="FLOAT", shape=(1,), data=(1.0,))
    assert "datatype FLOAT" in wrong(client, "twice", Probe(inputs=(tensor,), outputs=()))


def test_an_answer_that_does_not_come_in_time_may_pass(client: Triton, triton_bench: Bench) -> None:
    model = triton_bench.serve(multiplier(unique("m"), answering="1"))
    with pytest.raises(TransientError, match=r"within 0\.2 s") as caught:
        client.probe(model.name, (golden(1, 2, timeout=0.2),))
    assert caught.value.reason is Reason.PROBE_FAILED


def test_a_load_fails_with_its_golden_request(triton_bench: Bench) -> None:
    model = triton_bench.put(multiplier(unique("m"), "3"))
    with pytest.raises(TerminalError, match=r"OUT\[0\] is 6.0, expected 4.0") as caught:
        triton_bench.client.load(load_action(model, probes=(golden(1, 3), golden(2, 4))))
    assert "golden request 2" in caught.value.message


def test_an_output_without_datatype_and_shape_is_compared_by_its_values(client: Triton, echo: str) -> None:
    asked = echoed("INT16", (1, 2), ()).inputs
    for expected in ((1, 2), (1, 3)):
        probe = Probe(inputs=asked, outputs=(ProbeTensor(name="INT16", datatype="", shape=None, data=expected),))
        if expected == (1, 2):
            client.probe(echo, (probe,))
        else:
            assert "INT16[1] is 2, expected 3" in wrong(client, echo, probe)
