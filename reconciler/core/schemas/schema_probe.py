"""The JSON Schema of golden requests, in the words of the Open Inference Protocol."""

from reconciler.core.jsonvalue import JsonObject
from reconciler.core.schemas.schema_fields import a, choice, duration, listing, mapping, text

_DATATYPES = (
    "BOOL", "UINT8", "UINT16", "UINT32", "UINT64", "INT8", "INT16", "INT32", "INT64", "FP16", "FP32", "FP64", "BF16",
    "BYTES",
)  # fmt: skip

_TENSOR: dict[str, JsonObject] = {
    "name": text("The tensor's name.", "IN", minLength=1, says="the name of a tensor"),
    "datatype": choice("The tensor's type in the Open Inference Protocol.", *_DATATYPES),
    "shape": listing(
        "The tensor's dimensions.", [1, 3],
        a("integer", "A dimension.", [3], minimum=0, maximum=2**31 - 1, says="a whole number from 0"),
        maxItems=16, says="a list of at most 16 dimensions",
    ),
    "data": listing(
        "The values, flat in row-major order or nested.", [1.0, 2.0],
        a(["boolean", "number", "string", "array"], "A value, or a list of them.", [1.0]),
    ),
}  # fmt: skip
_TOLERANCE = a(
    "number", "How far each value may be off (absolute).", [1e-6], minimum=0, default=0, says="a number from 0"
)
PROBE = mapping(
    "A golden request and its answer.",
    {
        "inputs": [{"name": "IN", "datatype": "FP32", "shape": [2], "data": [1, 2]}],
        "outputs": [{"name": "OUT", "data": [2, 4]}],
    },
    {
        "inputs": listing(
            "What is sent.", [{"name": "IN", "datatype": "FP32", "shape": [2], "data": [1, 2]}],
            mapping("A tensor.", {"name": "IN", "datatype": "FP32", "shape": [2], "data": [1, 2]}, _TENSOR,
                    required=["name", "datatype", "shape", "data"]),
            minItems=1,
        ),
        "outputs": listing(
            "What must come back.", [{"name": "OUT", "data": [2, 4], "tolerance": 1e-6}],
            mapping("A tensor.", {"name": "OUT", "data": [2, 4]}, {**_TENSOR, "tolerance": _TOLERANCE},
                    required=["name", "data"]),
            minItems=1,
        ),
        "timeout": duration("How long the answer may take.", "5s", default="5s"),
    },
    required=["inputs", "outputs"],
)  # fmt: skip
