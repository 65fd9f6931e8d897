"""The desired models of the convergence tests as values: what git says, the files behind it, the right answers.

All of them map one FP32 IN to one OUT and are asked with IN = 3. Ensembles are preferred: Triton loads them in
milliseconds, where each Python model costs a process.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from reconciler.core.jsonvalue import Json, JsonObject

GIVEN = 3.0

_CODE = """
import json
import triton_python_backend_utils as pb

class TritonPythonModel:
    def initialize(self, args):
        parameters = json.loads(args["model_config"])["parameters"]
        self.amount = float(parameters.get("amount", {{}}).get("string_value", "0"))
        {initialize}

    def execute(self, requests):
        given = [pb.get_input_tensor_by_name(request, "IN").as_numpy() for request in requests]
        return [pb.InferenceResponse([pb.Tensor("OUT", self.answer(one).astype(one.dtype))]) for one in given]

    def answer(self, x):
        return {formula}
"""
_TENSORS = """
input [{ name: "IN" data_type: TYPE_FP32 dims: [-1] }]
output [{ name: "OUT" data_type: TYPE_FP32 dims: [-1] }]
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """`files` are those of its source by path below it; `answers` by version, None for whichever is the latest."""

    spec: JsonObject
    files: Mapping[str, str] = field(default_factory=dict)
    answers: Mapping[int | None, float] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)

    def document(self, name: str) -> str:
        """Its file in models.d; JSON is YAML."""
        metadata = {"name": name, "labels": dict(self.labels)}
        spec = json.loads(json.dumps(self.spec).replace("SOURCE", f"./sources/{name}"))
        return json.dumps(
            {"apiVersion": "reconciler/v1", "kind": "Model", "metadata": metadata, "spec": spec}, indent=1
        )

    def specified(self, **changes: Json) -> "Model":
        """The same with other fields of the spec."""
        return replace(self, spec={**self.spec, **changes})

    def answering(self, answer: float) -> "Model":
        """The same with another right answer, because something below it has changed."""
        return replace(self, answers={None: answer})


Models = Mapping[str, Model]


def code(formula: str, initialize: str = "pass") -> str:
    """A Python model's code; `formula` of x and self.amount."""
    return _CODE.format(formula=formula, initialize=initialize)


def python(formula: str, answer: float, *, initialize: str = "pass", **spec: Json) -> Model:
    """A model as Triton wants it laid out."""
    files = {"config.pbtxt": f'backend: "python"\n{_TENSORS}', "1/model.py": code(formula, initialize)}
    return Model(spec={"framework": "python", "source": "SOURCE", **spec}, files=files, answers={None: answer})


def versions(formulas: Mapping[int, tuple[str, float]]) -> Model:
    """A model with versions, each from a file of its own; all of them are served."""
    places: dict[str, Json] = {str(number): f"SOURCE/{number}.py" for number in formulas}
    config: JsonObject = {**tensors(), "version_policy": {"all": {}}}
    return Model(
        spec={"framework": "python", "versions": places, "config": config},
        files={f"{number}.py": code(formula) for number, (formula, _) in formulas.items()},
        answers={number: answer for number, (_, answer) in formulas.items()},
    )


def ensemble(answer: float, *members: str, version: int = -1) -> Model:
    """IN through the members one after another; it has no files."""
    return Model(spec={"framework": "ensemble", "config": chained(*members, version=version)}, answers={None: answer})


def chained(
    *members: str, version: int = -1, names: Mapping[str, tuple[str, str]] = MappingProxyType({})
) -> JsonObject:
    """The config of an ensemble. `names`: what members call their tensors, if not IN and OUT."""
    between = ["IN", *(f"t{number}" for number in range(1, len(members))), "OUT"]
    steps: list[Json] = [
        {
            "model_name": member,
            "model_version": version,
            "input_map": {names.get(member, ("IN", "OUT"))[0]: between[number]},
            "output_map": {names.get(member, ("IN", "OUT"))[1]: between[number + 1]},
        }
        for number, member in enumerate(members)
    ]
    return {**tensors(), "ensemble_scheduling": {"step": steps}}


def tensors(datatype: str = "TYPE_FP32") -> JsonObject:
    """One input IN and one output OUT of any length."""
    return {
        "input": [{"name": "IN", "data_type": datatype, "dims": [-1]}],
        "output": [{"name": "OUT", "data_type": datatype, "dims": [-1]}],
    }


def amount(value: int) -> JsonObject:
    """The config override that says how much `plus` adds."""
    return {"parameters": {"amount": {"string_value": str(value)}}}


BASE: Models = {
    "twice": python("2 * x", 6.0),
    "plus": python("x + self.amount", 13.0, config=amount(10)),
    "powers": versions({1: ("x * x", 9.0), 2: ("x * x * x", 27.0)}),
    "both": ensemble(16.0, "twice", "plus"),
    "tower": ensemble(32.0, "both", "twice"),
    "square": ensemble(9.0, "powers", version=1),
}
"""Two Python models, one of them with an override; one with two versions; ensembles over them, over another one,
and over a certain version."""

THRICE: Models = {
    **BASE,
    "twice": python("3 * x", 9.0),
    "both": BASE["both"].answering(19.0),
    "tower": BASE["tower"].answering(57.0),
}
"""The same after the files of `twice` have changed."""


def without(models: Models, *names: str) -> Models:
    """All but these."""
    return {name: model for name, model in models.items() if name not in names}
