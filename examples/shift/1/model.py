"""OUT = IN + the parameter `amount` of the config."""

import json

import numpy
import triton_python_backend_utils as pb_utils


class TritonPythonModel:
    """One FP32 input IN, one FP32 output OUT."""

    def initialize(self, args):
        """Triton hands over the effective config, so what spec.config says arrives here."""
        self._amount = float(json.loads(args["model_config"])["parameters"]["amount"]["string_value"])

    def execute(self, requests):
        """An answer for each request."""
        return [self._answer(pb_utils.get_input_tensor_by_name(request, "IN").as_numpy()) for request in requests]

    def _answer(self, values):
        return pb_utils.InferenceResponse([pb_utils.Tensor("OUT", (values + self._amount).astype(numpy.float32))])
