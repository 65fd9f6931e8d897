"""What models take, who has room, and what a target can run: what the cases of the planner do not show."""

from dataclasses import replace

import pytest

from reconciler.core.artifact import RESOURCES, resource_marked, resources_of
from reconciler.core.configs import modelconfig
from reconciler.core.content import Known
from reconciler.core.digest import FileDigest, of_bytes
from reconciler.core.errors import Reason
from reconciler.core.jsonvalue import JsonObject
from reconciler.core.judging.verdicts import Request
from reconciler.core.observed import Observed, Serving
from reconciler.core.parsing.priority import priority
from reconciler.core.plan import Change, ModelPlan
from reconciler.core.planning.planner import plan
from reconciler.core.spec import Desired, ModelSpec, Resources, Target
from tests.property.strategies import TODAY, Variant

PLAIN = Variant(name="a", number=1, data_type="TYPE_FP32")


@pytest.mark.parametrize("declared", [Resources(memory=1), Resources(gpu_memory=2), Resources(memory=1, gpu_memory=2)])
def test_what_is_declared_is_read_back_from_a_served_config(declared: Resources) -> None:
    assert resources_of(resource_marked({"name": "a"}, declared)) == declared


def test_where_nothing_is_declared_nothing_is_noted() -> None:
    assert resource_marked({"name": "a"}, Resources()) == {"name": "a"}
    assert resources_of({"name": "a"}) is None


@pytest.mark.parametrize("written", ["", "{", "[]", "7", "null"])
def test_a_note_that_is_none_of_ours_is_none(written: str) -> None:
    assert resources_of({"parameters": {RESOURCES: {"string_value": written}}}) is None


def test_amounts_that_are_none_are_not_known() -> None:
    config: JsonObject = {"parameters": {RESOURCES: {"string_value": '{"memory": -1, "gpuMemory": "2Gi"}'}}}
    assert resources_of(config) == Resources()


@pytest.mark.parametrize(
    ("label", "number"), [("10", 10), ("-3", -3), ("high", 0), ("", 0), ("--1", 0), ("1234567890", 0), ("٣", 0)]
)
def test_a_priority_is_a_whole_number_and_everything_else_counts_as_none(label: str, number: int) -> None:
    assert priority(ModelSpec(name="a", file="a.yaml", framework="python", labels={"priority": label})) == number


def line(framework: str, backends: tuple[str, ...], variant: str = "", packaged: JsonObject | None = None) -> ModelPlan:
    """What becomes of a new model with this packaged config, and with a variant of it for another backend."""
    config = PLAIN.config() | (packaged or {"backend": framework})
    texts = {"config.pbtxt": config} | ({"configs/small.pbtxt": {**config, "backend": variant}} if variant else {})
    configs = {path: modelconfig.to_pbtxt(found).encode() for path, found in texts.items()}
    contents = {**configs, **{f"1/model.{end}": b"x" for end in ("py", "onnx", "plan", "pt")}}
    files = [FileDigest(path=path, size=len(body), digest=of_bytes(body)) for path, body in sorted(contents.items())]
    known = Known(files={None: tuple(files)}, configs=configs)
    desired = Desired(revision="f" * 40, models={"a": replace(PLAIN.spec(), framework=framework)})
    observed = Observed(servers={"t0": Serving()}, contents={"a": known})
    found = plan(desired, observed, Target(backends=backends), Request(today=TODAY))
    return found.models[0]


@pytest.mark.parametrize(
    ("framework", "backends"),
    [
        ("python", ("python",)),
        ("onnxruntime", ("onnxruntime_onnx",)),
        ("onnxruntime_onnx", ("onnxruntime",)),
        ("tensorrt_plan", ("python", "tensorrt")),
        ("pytorch", ("pytorch_libtorch",)),
    ],
)
def test_a_platform_and_its_backend_are_the_same_to_a_target(framework: str, backends: tuple[str, ...]) -> None:
    platform = "_" in framework
    packaged: JsonObject = {"platform": framework, "backend": ""} if platform else {"backend": framework}
    assert line(framework, backends, packaged=packaged).change is Change.CREATE


@pytest.mark.parametrize(
    ("framework", "backends", "says"),
    [
        ("python", ("onnxruntime",), "python (spec.framework) is not among the target's backends: onnxruntime"),
        ("tensorrt_plan", ("python",), "tensorrt_plan (spec.framework) is not among the target's backends: python"),
        ("python", (), "python (spec.framework) is not among the target's backends: none"),
    ],
)
def test_what_the_target_cannot_run_is_stalled(framework: str, backends: tuple[str, ...], says: str) -> None:
    found = line(framework, backends)
    assert (found.change, found.reason, found.stalled) == (Change.HELD, Reason.BACKEND_UNAVAILABLE, True)
    assert found.message == says


def test_a_variant_of_the_config_that_the_target_cannot_run_is_found_too() -> None:
    found = line("python", ("python",), variant="onnxruntime")
    assert found.message == "onnxruntime (configs/small.pbtxt) is not among the target's backends: python"


def test_a_packaged_config_for_another_backend_than_the_spec_says_is_told() -> None:
    found = line("python", ("python",), packaged={"backend": "onnxruntime"})
    assert (found.change, found.reason) == (Change.HELD, Reason.PREFLIGHT_FAILED)
    assert "the effective config is for 'onnxruntime'" in found.message
