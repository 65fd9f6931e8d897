"""Golden requests: what a model has to answer, and whether it does."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reconciler.adapters.triton import faults
from reconciler.adapters.triton.wire import NUMPY_TYPES, CallFailed, Kind, Tensor, Wire
from reconciler.core.errors import Reason, ReconcileError, TerminalError, TransientError
from reconciler.core.spec import Probe, ProbeTensor


def probe(server: str, wire: Wire, model: str, probes: Iterable[Probe]) -> None:
    """Asks each golden request once. Raises TerminalError for a wrong answer, TransientError for none."""
    for number, one in enumerate(probes, start=1):
        inputs = [_tensor(model, given) for given in one.inputs]
        try:
            answer = wire.infer(model, inputs, [given.name for given in one.outputs], one.timeout)
        except CallFailed as failure:
            raise _no_answer(server, model, one, failure) from failure
        faults_found = [fault for given in one.outputs for fault in _compare(model, given, answer)]
        if faults_found:
            raise TerminalError(
                Reason.PROBE_FAILED,
                f"{model} on {server} answered golden request {number} wrongly: {'; '.join(faults_found)}",
                "either the model is not the one that was meant, or the request's expected answer is out of date",
            )


def _tensor(model: str, given: ProbeTensor) -> Tensor:
    """The tensor of a probe; without a shape it is a vector of its values."""
    kind = NUMPY_TYPES.get(given.datatype)
    if kind is None:
        known = ", ".join(NUMPY_TYPES)
        raise _bad_probe(model, f"{given.name} has the datatype {given.datatype}, which is none of {known}")
    values = [value.encode() if isinstance(value, str) else value for value in given.data]
    try:
        array = np.array(values, dtype=kind)
        return Tensor(
            name=given.name,
            datatype=given.datatype,
            values=array if given.shape is None else array.reshape(given.shape),
        )
    except (ValueError, TypeError, OverflowError) as error:
        raise _bad_probe(model, f"{given.name} does not fit its datatype and shape: {error}") from error


def _bad_probe(model: str, message: str) -> TerminalError:
    return TerminalError(Reason.PROBE_FAILED, f"the probe of {model} is not one: {message}", "correct spec.probe")


def _no_answer(server: str, model: str, one: Probe, failure: CallFailed) -> ReconcileError:
    about_server = faults.lost(server, failure)
    if about_server is not None:
        return about_server
    if failure.kind is Kind.TIMEOUT:
        message = f"{model} on {server} did not answer its golden request within {one.timeout:g} s"
        return TransientError(Reason.PROBE_FAILED, message, "if it needs longer, raise the probe's timeout")
    message = f"{model} on {server} answered its golden request with an error: {failure.words}"
    error = TransientError if failure.kind is Kind.BUSY else TerminalError
    return error(Reason.PROBE_FAILED, message, "the model's content or the probe has to change")


def _compare(model: str, given: ProbeTensor, answer: Mapping[str, Tensor]) -> list[str]:
    """What is wrong with one output, in words; empty if nothing is. Without a datatype, that of the answer is right."""
    got = answer.get(given.name)
    if got is None:
        return [f"there is no output {given.name}, only {', '.join(sorted(answer)) or 'none'}"]
    if got.datatype != (given.datatype or got.datatype):
        return [f"{given.name} is {got.datatype}, expected {given.datatype}"]
    if given.shape is not None and got.values.shape != given.shape:
        return [f"{given.name} has the shape {_shape(got.values.shape)}, expected {_shape(given.shape)}"]
    expected = _tensor(model, replace(given, datatype=got.datatype))
    if got.values.size != expected.values.size:
        return [f"{given.name} has {got.values.size} values, expected {expected.values.size}"]
    return _compare_values(given, expected.values.ravel(), got.values.ravel())


def _compare_values(given: ProbeTensor, expected: NDArray[Any], got: NDArray[Any]) -> list[str]:
    wrong = np.flatnonzero(~_equal(expected, got, given.tolerance))
    if not wrong.size:
        return []
    first = int(wrong[0])
    within = f" within {given.tolerance:g}" if given.tolerance else ""
    many = f" ({wrong.size} of {expected.size} values differ)" if expected.size > 1 else ""
    return [f"{given.name}[{first}] is {_word(got[first])}, expected {_word(expected[first])}{within}{many}"]


def _equal(expected: NDArray[Any], got: NDArray[Any], tolerance: float) -> NDArray[np.bool_]:
    """Element by element. Equality comes first: it is exact for 64-bit integers and holds for infinities."""
    same: NDArray[np.bool_] = np.asarray(expected == got, dtype=np.bool_)
    if expected.dtype in (np.object_, np.bool_):
        return same
    left, right = expected.astype(np.float64), got.astype(np.float64)
    with np.errstate(invalid="ignore"):
        near = np.abs(left - right) <= tolerance if tolerance else np.zeros_like(same)
    return same | near | (np.isnan(left) & np.isnan(right))


def _shape(shape: Iterable[int]) -> str:
    return "[" + ", ".join(map(str, shape)) + "]"


def _word(value: Any) -> str:
    return repr(value.decode(errors="replace")) if isinstance(value, bytes) else str(value)
