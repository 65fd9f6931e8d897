"""Like scale-by-3, but it cannot start: `reconcile demo` shows what becomes of an update to this."""

import numpy
import triton_python_backend_utils as pb_utils


class TritonPythonModel:
    """One FP32 input IN, one FP32 output OUT."""

    def initialize(self, args):
        """Fails, as a model does that misses something on its machine."""
        raise RuntimeError("the file weights.bin is not there")

    def execute(self, requests):
        """An answer for each request."""
        return [self._answer(pb_utils.get_input_tensor_by_name(request, "IN").as_numpy()) for request in requests]

    def _answer(self, values):
        return pb_utils.InferenceResponse([pb_utils.Tensor("OUT", (3 * values).astype(numpy.float32))])
