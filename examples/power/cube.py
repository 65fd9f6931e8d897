"""OUT = IN * IN * IN."""

import numpy
import triton_python_backend_utils as pb_utils


class TritonPythonModel:
    """One FP32 input IN, one FP32 output OUT."""

    def execute(self, requests):
        """An answer for each request."""
        return [self._answer(pb_utils.get_input_tensor_by_name(request, "IN").as_numpy()) for request in requests]

    def _answer(self, values):
        return pb_utils.InferenceResponse([pb_utils.Tensor("OUT", (values**3).astype(numpy.float32))])
