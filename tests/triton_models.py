"""Small models for the real Triton, as trees of ours: Python models that multiply, and ensembles of them."""

import os
import urllib.error
import urllib.request
from dataclasses import dataclass, field, replace
from pathlib import Path
from uuid import uuid4

from google.protobuf import json_format, text_format
from tritonclient.grpc import model_config_pb2

from reconciler.adapters.triton.client import Triton
from reconciler.core import digest
from reconciler.core.artifact import Tree
from reconciler.core.digest import FileDigest
from reconciler.core.jsonvalue import Json, JsonObject
from reconciler.core.observed import Served, Serving
from reconciler.core.plan import Expected, Load, Unload
from reconciler.core.spec import Probe, ProbeTensor
from reconciler.embedded import Server

CODE = """
import time
import numpy
import triton_python_backend_utils as pb

class TritonPythonModel:
    def initialize(self, args):
        time.sleep({loading})
        {initialize}

    def execute(self, requests):
        answers = []
        for request in requests:
            got = pb.get_input_tensor_by_name(request, "IN").as_numpy()
            time.sleep({answering})
            answers.append(pb.InferenceResponse([pb.Tensor("OUT", (got * {factor}).astype(got.dtype))]))
        return answers
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A tree with the bytes of its files by path."""

    name: str
    tree: Tree
    contents: dict[str, bytes] = field(default_factory=dict)

    def write(self, repository: Path) -> None:
        """Materialised beside the repository, and the link swapped, as the volume does it."""
        folder = repository.parent / "trees" / self.tree.generation.replace(":", "-")
        if not folder.exists():
            for path, content in {**self.contents, **_config_files(self.tree)}.items():
                (folder / path).parent.mkdir(parents=True, exist_ok=True)
                (folder / path).write_bytes(content)
            for path in self.tree.directories:
                (folder / path).mkdir(parents=True, exist_ok=True)
        link = repository / self.name
        # Made outside the repository: Triton's index fails on a link that vanishes while it looks.
        fresh = repository.parent / f"{self.name}.link"
        fresh.symlink_to(os.path.relpath(folder, repository))
        fresh.replace(link)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """A real Triton, its model repository and a connection of ours to it."""

    repository: Path
    server: Server
    client: Triton

    def put(self, model: Model) -> Model:
        """On disk, as after an activation."""
        model.write(self.repository)
        return model

    def serve(self, model: Model) -> Model:
        """On disk and loaded."""
        self.put(model)
        self.client.load(load_action(model))
        return model

    def seen(self) -> dict[str, Served]:
        """What the server serves, by model."""
        view = self.client.observe()
        assert isinstance(view, Serving), view
        return dict(view.models)

    def answers(self, model: str, given: float, expected: float) -> bool:
        """Whether the model answers so; False if it is not up."""
        request = f'{{"inputs": [{{"name": "IN", "datatype": "FP32", "shape": [1], "data": [{given}]}}]}}'
        url = f"{self.server.info.http_url}/v2/models/{model}/infer"
        try:
            with urllib.request.urlopen(url, request.encode(), timeout=30) as response:
                answer: bytes = response.read()
        except urllib.error.HTTPError as error:
            error.close()
            return False
        return f'"data":[{expected:.1f}]'.encode() in answer


def unique(stem: str) -> str:
    """A model name that no other test uses."""
    return f"{stem}-{uuid4().hex[:8]}"


def load_action(
    model: Model, *, timeout: float = 60.0, dependents: tuple[Model, ...] = (), probes: tuple[Probe, ...] = ()
) -> Load:
    """The action a planner would make."""
    return Load(
        model=model.name,
        server="test",
        tree=model.tree,
        timeout=timeout,
        retries=0,
        dependents=tuple(Expected(model=above.name, generation=above.tree.generation) for above in dependents),
        probes=probes,
    )


def together_action(model: Model, *, timeout: float = 60.0) -> Load:
    """The action a planner would make of a small model that is not up."""
    return replace(load_action(model, timeout=timeout), together=True)


def unload_action(model: str, *, timeout: float = 30.0) -> Unload:
    """The action a planner would make."""
    return Unload(model=model, server="test", timeout=timeout)


def golden(given: float, expected: float, *, tolerance: float = 0.0, timeout: float = 5.0) -> Probe:
    """IN → OUT of one FP32."""
    return Probe(
        inputs=(ProbeTensor(name="IN", datatype="FP32", shape=(1,), data=(given,)),),
        outputs=(ProbeTensor(name="OUT", datatype="FP32", shape=(1,), data=(expected,), tolerance=tolerance),),
        timeout=timeout,
    )


def multiplier(name: str, factor: str = "2", **code: str) -> Model:
    """A Python model OUT = IN * factor (FP32, any length); `loading`, `answering` in seconds, `initialize` a line."""
    text = CODE.format(**({"loading": "0", "answering": "0", "initialize": "pass", "factor": factor} | code))
    return python_model(name, text)


def python_model(
    name: str, text: str, *, versions: tuple[int, ...] = (1,), datatype: str = "TYPE_FP32", **config: Json
) -> Model:
    """A Python model of this code; `config` overrides the default one-in-one-out."""
    contents = {f"{version}/model.py": text.encode() for version in versions}
    plain: JsonObject = {"name": name, "backend": "python", **tensors(datatype), **config}
    return Model(name=name, contents=contents, tree=Tree(files=_digests(contents), config=plain))


def scaler(name: str, factor: str = "2", *, versions: tuple[int, ...] = (1,), **config: Json) -> Model:
    """A model of the `scale` backend (tests/triton_backend), OUT = IN * factor; it fails where that is no number."""
    contents = {f"{version}/factor": f"{factor}\n".encode() for version in versions}
    plain: JsonObject = {"name": name, "backend": "scale", **tensors(), **config}
    return Model(name=name, contents=contents, tree=Tree(files=_digests(contents), config=plain))


def ensemble(name: str, *members: str, datatype: str = "TYPE_FP32", version: str = "-1") -> Model:
    """An ensemble that passes IN through its members one after another."""
    names = ["IN", *(f"t{number}" for number in range(1, len(members))), "OUT"]
    steps: list[Json] = [
        {
            "model_name": member,
            "model_version": version,
            "input_map": {"IN": names[number]},
            "output_map": {"OUT": names[number + 1]},
        }
        for number, member in enumerate(members)
    ]
    plain: JsonObject = {
        "name": name,
        "platform": "ensemble",
        "ensemble_scheduling": {"step": steps},
        **tensors(datatype),
    }
    return Model(name=name, tree=Tree(files=(), config=plain, directories=("1",)))


def tensors(datatype: str = "TYPE_FP32") -> JsonObject:
    """One input IN and one output OUT of any length."""
    return {
        "input": [{"name": "IN", "data_type": datatype, "dims": ["-1"]}],
        "output": [{"name": "OUT", "data_type": datatype, "dims": ["-1"]}],
    }


def _digests(contents: dict[str, bytes]) -> tuple[FileDigest, ...]:
    return tuple(
        FileDigest(path=path, size=len(content), digest=digest.of_bytes(content))
        for path, content in sorted(contents.items())
    )


def _config_files(tree: Tree) -> dict[str, bytes]:
    return {path: pbtxt(config) for path, config in tree.configs().items()}


def pbtxt(config: JsonObject) -> bytes:
    """A config as Triton's text format."""
    message = json_format.ParseDict(config, model_config_pb2.ModelConfig())
    return text_format.MessageToString(message).encode()
