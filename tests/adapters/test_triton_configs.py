"""What the real Triton takes and refuses of a config, beside what our preflight says of the same."""

from dataclasses import replace

import pytest

from reconciler.core import digest
from reconciler.core.artifact import Tree
from reconciler.core.configs import modelconfig
from reconciler.core.configs.assembly import Artifact, assemble
from reconciler.core.configs.ensemble_fields import REFUSED
from reconciler.core.configs.modelconfig_message import ModelConfigMessage
from reconciler.core.content import Known
from reconciler.core.digest import FileDigest
from reconciler.core.errors import ReconcileError
from reconciler.core.jsonvalue import Json, JsonObject
from reconciler.core.spec import ModelSpec, Source
from tests.triton_models import Bench, Model, ensemble, load_action, unique

pytestmark = pytest.mark.triton

SAMPLES: dict[str, Json] = {
    "runtime": "model.py",
    "backend": "python",
    "version_policy": {"all": {}},
    "max_batch_size": 4,
    "batch_input": [
        {"kind": "BATCH_ELEMENT_COUNT", "target_name": ["X"], "data_type": "TYPE_FP32", "source_input": ["IN"]}
    ],
    "batch_output": [{"kind": "BATCH_SCATTER_WITH_INPUT_SHAPE", "target_name": ["OUT"], "source_input": ["IN"]}],
    "optimization": {},
    "dynamic_batching": {},
    "sequence_batching": {},
    "instance_group": [{"kind": "KIND_CPU", "count": 3}],
    "default_model_filename": "other.py",
    "cc_model_filenames": {"7.5": "other.py"},
    "metric_tags": {"a": "b"},
    "parameters": {"a": {"string_value": "b"}},
    "model_warmup": [
        {"name": "w", "inputs": {"IN": {"data_type": "TYPE_FP32", "dims": ["1"], "zero_data": True}}},
    ],
    "model_operations": {"op_library_filename": ["other.so"]},
    "model_transaction_policy": {"decoupled": False},
    "response_cache": {"enable": True},
}
"""Of every field of a config that any model may set."""

OTHERS = {"name", "platform", "input", "output", "ensemble_scheduling"}
NOT_ON_2_51 = {"model_repository_agents", "model_metrics"}  # no agent is installed; newer than this server


KEPT = {f"{version}/kept": b"x" for version in (2, 5, 7)}
"""Files that make version directories: what an ensemble has in them does not matter."""


def of_package(
    name: str, plain: JsonObject, *, defaults: JsonObject | None = None, files: tuple[FileDigest, ...] = ()
) -> Artifact | tuple[str, ...]:
    """What our preflight makes of an ensemble's package with this config."""
    configs = {"config.pbtxt": modelconfig.to_pbtxt(plain).encode()}
    spec = ModelSpec(name=name, file="m.yaml", framework="ensemble", source=Source(uri="s3://models/m/"))
    return assemble(spec, Known(files={None: files}, configs=configs), defaults or {})


def taken_by_triton(bench: Bench, model: Model) -> bool:
    """Whether it serves what stands on the disk."""
    bench.put(model)
    try:
        bench.client.load(load_action(model))
    except ReconcileError:
        return False
    return model.name in bench.seen()


def test_every_field_of_a_config_is_tried_on_an_ensemble() -> None:
    assert {*ModelConfigMessage.DESCRIPTOR.fields_by_name} == SAMPLES.keys() | OTHERS | NOT_ON_2_51
    assert set(REFUSED) <= SAMPLES.keys()


@pytest.mark.parametrize("field", SAMPLES)
def test_of_an_ensemble_s_own_config_the_preflight_refuses_what_triton_does_and_nothing_else(
    triton_bench: Bench, field: str
) -> None:
    plain = ensemble(unique("e"), "twice")
    config: JsonObject = {**plain.tree.config, field: SAMPLES[field]}
    if field.endswith("_batching"):  # Triton cannot read it beside the steps, so it can only come in their place
        del config["ensemble_scheduling"]
    found = of_package(plain.name, config)
    model = replace(plain, tree=Tree(files=(), config=config, directories=("1",)))
    assert taken_by_triton(triton_bench, model) == isinstance(found, Artifact), found
    if not isinstance(found, Artifact):
        assert field in REFUSED
        assert f"config.pbtxt sets {field}, but an ensemble has none" in "; ".join(found)


def test_defaults_that_triton_refuses_on_ensembles_are_for_the_other_models_only(triton_bench: Bench) -> None:
    defaults: JsonObject = {**SAMPLES, "platform": "onnxruntime_onnx"}
    del defaults["default_model_filename"], defaults["cc_model_filenames"], defaults["sequence_batching"]
    plain = ensemble(unique("e"), "twice")
    found = of_package(plain.name, {**plain.tree.config, "max_batch_size": 0}, defaults=defaults)
    assert isinstance(found, Artifact), found
    served = triton_bench.serve(replace(plain, tree=found.tree))
    assert triton_bench.answers(served.name, 3, 6)
    assert found.tree.config["metric_tags"] == {"a": "b"}


@pytest.mark.parametrize(
    "policy",
    [
        None,
        {},
        {"latest": {}},
        {"latest": {"num_versions": 0}},
        {"latest": {"num_versions": 2}},
        {"latest": {"num_versions": 9}},
        {"all": {}},
        {"specific": {}},
        {"specific": {"versions": ["2"]}},
    ],
    ids=str,
)
def test_the_versions_that_serve_are_those_that_the_preflight_tells(
    triton_bench: Bench, policy: JsonObject | None
) -> None:
    plain = ensemble(unique("e"), "twice")
    config: JsonObject = {**plain.tree.config, **({} if policy is None else {"version_policy": policy})}
    files = tuple(FileDigest(path=path, size=1, digest=digest.of_bytes(body)) for path, body in KEPT.items())
    found = of_package(plain.name, config, files=files)
    model = replace(plain, contents=KEPT, tree=Tree(files=files, config=config))
    assert taken_by_triton(triton_bench, model) == isinstance(found, Artifact), found
    if isinstance(found, Artifact):
        ready = {row.version for row in triton_bench.seen()[plain.name].versions if row.state == "READY"}
        assert ready == set(found.versions)
