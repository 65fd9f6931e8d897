"""A configuration repository of so many models in real git, and a volume filled from it by a real `reconcile apply`.

The models are as people write them: one source with a digest, a config, labels, resources, a probe. One in ten is an
ensemble over the three before it.
"""

import os
import subprocess
import sys
from dataclasses import dataclass

import pygit2

from reconciler.core.digest import FileDigest, of_bytes, tree_digest

_MODEL = """\
# yaml-language-server: $schema=../schemas/model.schema.json
apiVersion: reconciler/v1
kind: Model
metadata:
  name: {name}
  labels: {{team: team-{team}, tier: gold, priority: "{priority}"}}
  annotations:
    owner: team-{team}@example.com
spec:
  framework: onnxruntime
  source:
    uri: {uri}
    digest: {digest}
  config:
    max_batch_size: 32
    dynamic_batching: {{preferred_batch_size: [8, 16], max_queue_delay_microseconds: 500}}
    instance_group:
      - {{kind: KIND_GPU, count: 1, gpus: [0]}}
    parameters:
      variant: {{string_value: "{number}"}}
  resources: {{memory: 64Mi, gpuMemory: 128Mi}}
  update: auto
  load: {{enabled: true, timeout: 10m, retries: 3}}
  probe:
    - inputs: [{{name: IN, datatype: FP32, shape: [1, 4], data: [1, 2, 3, 4]}}]
      outputs: [{{name: OUT, data: [2, 4, 6, 8], tolerance: 1e-6}}]
      timeout: 5s
"""
_ENSEMBLE = """\
# yaml-language-server: $schema=../schemas/model.schema.json
apiVersion: reconciler/v1
kind: Model
metadata:
  name: {name}
  labels: {{team: team-{team}, tier: gold, priority: "{priority}"}}
  annotations:
    owner: team-{team}@example.com
spec:
  framework: ensemble
  config:
    max_batch_size: 32
    input: [{{name: IN, data_type: TYPE_FP32, dims: [4]}}]
    output: [{{name: OUT, data_type: TYPE_FP32, dims: [4]}}]
    ensemble_scheduling:
      step:
        - model_name: {first}
          model_version: -1
          input_map: {{IN: IN}}
          output_map: {{OUT: one}}
        - model_name: {second}
          model_version: -1
          input_map: {{IN: one}}
          output_map: {{OUT: two}}
        - model_name: {third}
          model_version: -1
          input_map: {{IN: two}}
          output_map: {{OUT: OUT}}
"""
_REPOSITORY = """\
apiVersion: reconciler/v1
kind: Repository
spec:
  defaults:
    config: {{model_transaction_policy: {{decoupled: false}}}}
    load: {{timeout: 2m}}
  policy:
    allowedSources: ["file://{sources}"]
    maxRemovals: 10%
  targets:
    bench:
      backends: [onnxruntime]
      capacity: {{memory: 10Ti, gpuMemory: 20Ti}}
"""
_CONFIG = """\
backend: "onnxruntime"
input [ { name: "IN" data_type: TYPE_FP32 dims: [ 4 ] } ]
output [ { name: "OUT" data_type: TYPE_FP32 dims: [ 4 ] } ]
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Folders of one size: the git repository, the sources, the volume."""

    root: str
    count: int

    @property
    def git(self) -> str:
        """A bare repository with one commit and one pack, as a fetch leaves it."""
        return os.path.join(self.root, "models.git")

    @property
    def volume(self) -> str:
        """The model volume."""
        return os.path.join(self.root, "volume")

    def documents(self) -> dict[str, bytes]:
        """The files of the configuration."""
        models = {f"models.d/{_name(number)}.yaml": _document(self, number) for number in range(self.count)}
        return {"reconciler.yaml": _REPOSITORY.format(sources=os.path.join(self.root, "sources")).encode(), **models}


def make(place: Place) -> None:
    """All of it, the volume with every tree active."""
    write(place)
    command = [sys.executable, "-m", "reconciler", "apply", "--yes", "--server", "none", *arguments(place)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def write(place: Place) -> None:
    """The sources, the repository, and an empty volume."""
    for number in range(place.count):
        if not _is_ensemble(number):
            for path, content in _files(number).items():
                whole = os.path.join(_source(place, number), path)
                os.makedirs(os.path.dirname(whole), exist_ok=True)
                with open(whole, "wb") as stream:
                    stream.write(content)
    commit(place, place.documents())
    os.makedirs(place.volume)


def arguments(place: Place) -> list[str]:
    """The flags that name repository and volume."""
    return ["--repo", place.git, "--ref", "main", "--volume", place.volume]


def commit(place: Place, files: dict[str, bytes]) -> None:
    """The files as the tip of `main`, everything in one pack."""
    repository = pygit2.init_repository(place.git, bare=True, initial_head="main")
    top, models = repository.TreeBuilder(), repository.TreeBuilder()
    for path, content in files.items():
        folder, _, name = path.rpartition("/")
        builder = models if folder else top
        builder.insert(name, repository.create_blob(content), pygit2.enums.FileMode.BLOB)
    top.insert("models.d", models.write(), pygit2.enums.FileMode.TREE)
    author = pygit2.Signature("bench", "bench@example.com", 1_750_000_000)
    tip = repository.references.get("refs/heads/main")
    parents = [tip.target] if tip is not None else []
    repository.create_commit("refs/heads/main", author, author, "models", top.write(), parents)
    subprocess.run(["git", "-C", place.git, "repack", "-adq"], check=True)


def _name(number: int) -> str:
    return f"model-{number:05}"


def _is_ensemble(number: int) -> bool:
    return number % 10 == 9


def _source(place: Place, number: int) -> str:
    return os.path.join(place.root, "sources", _name(number))


def _files(number: int) -> dict[str, bytes]:
    return {"config.pbtxt": _CONFIG.encode(), "1/model.onnx": b"%016d" % number * 16}


def _document(place: Place, number: int) -> bytes:
    common = {"name": _name(number), "team": number % 17, "priority": number % 5}
    if _is_ensemble(number):
        members = {"first": _name(number - 3), "second": _name(number - 2), "third": _name(number - 1)}
        return _ENSEMBLE.format(**common, **members).encode()
    files = (FileDigest(path=path, size=len(text), digest=of_bytes(text)) for path, text in _files(number).items())
    uri = f"file://{_source(place, number)}"
    return _MODEL.format(**common, number=number, uri=uri, digest=tree_digest(files)).encode()
