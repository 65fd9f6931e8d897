"""From a spec and what its sources hold to the tree that would be served, or everything that is wrong with it."""

import pytest

from reconciler.core.configs.assembly import Artifact, assemble, of_tree, settings_digest
from reconciler.core.content import Known
from reconciler.core.digest import FileDigest, of_bytes
from reconciler.core.jsonvalue import JsonObject
from reconciler.core.spec import ModelSpec, Source


def assembled(
    *paths: str,
    framework: str = "python",
    config: JsonObject | None = None,
    packaged: str | None = None,
    defaults: JsonObject | None = None,
    variants: dict[str, str] | None = None,
) -> Artifact | tuple[str, ...]:
    """What becomes of a model `m` with these files and configs."""
    source = Source(uri="s3://models/m/")
    model = ModelSpec(name="m", file="models.d/m.yaml", framework=framework, source=source, config=config or {})
    texts = {"config.pbtxt": packaged} if packaged is not None else {}
    configs = {path: text.encode() for path, text in {**texts, **(variants or {})}.items()}
    files = tuple(FileDigest(path=path, size=1, digest=of_bytes(path.encode())) for path in (*paths, *configs))
    return assemble(model, Known(files={None: files}, configs=configs), defaults or {})


STEPS = "ensemble_scheduling { step { model_name: 'x' model_version: -1 } }"
CALLS = "parameters {{ key: 'reconciler.dependsOn' value {{ string_value: '{}' }} }}"


def test_an_empty_name_is_none_as_triton_has_it() -> None:
    assert artifact(assembled("1/model.py", packaged="name: ''")).tree.config["name"] == "m"


def test_a_hint_names_what_the_code_calls() -> None:
    found = artifact(assembled("1/model.py", packaged=CALLS.format(" bert,tokenizer, ")))
    assert found.config.needs == {"bert", "tokenizer"}


def test_what_a_newer_triton_knows_is_kept_and_told() -> None:
    packaged = "speculation { depth: 4 } input { name: 'IN' sparse: true } backends: 'x'"
    found = artifact(assembled("1/model.py", packaged=packaged, variants={"configs/h100.pbtxt": "graphs: 1"}))
    assert found.newer == ("backends", "graphs", "sparse", "speculation")
    assert found.tree.loads_from_disk
    assert not artifact(assembled("1/model.py", packaged="input { name: 'IN' }")).tree.loads_from_disk


def artifact(found: Artifact | tuple[str, ...]) -> Artifact:
    assert isinstance(found, Artifact), found
    return found


def problems(found: Artifact | tuple[str, ...]) -> tuple[str, ...]:
    assert not isinstance(found, Artifact)
    return found


def test_a_model_without_any_config_gets_its_name_and_its_backend() -> None:
    assert artifact(assembled("1/model.py")).tree.config == {"name": "m", "backend": "python"}


def test_a_framework_that_is_a_platform_is_written_as_one() -> None:
    found = artifact(assembled("1/model.onnx", framework="onnxruntime_onnx"))
    assert found.tree.config == {"name": "m", "platform": "onnxruntime_onnx"}
    assert found.config.framework == "onnxruntime"


def test_the_spec_wins_over_the_packaged_config_and_that_over_the_defaults() -> None:
    found = assembled(
        "1/model.py",
        config={"max_batch_size": 32},
        packaged="max_batch_size: 8 instance_group { count: 2 }",
        defaults={"max_batch_size": 1, "instance_group": [{"count": 9}], "response_cache": {"enable": True}},
    )
    assert artifact(found).tree.config == {
        "name": "m",
        "backend": "python",
        "max_batch_size": 32,
        "instance_group": [{"count": 2}],
        "response_cache": {"enable": True},
    }


def test_old_marks_of_ours_in_a_packaged_config_do_not_matter() -> None:
    names = ("reconciler.generation", "reconciler.mends")
    marks = " ".join(f"parameters {{ key: '{name}' value {{ string_value: '1' }} }}" for name in names)
    old = f"{marks} parameters {{ key: 'a' }}"
    found = artifact(assembled("1/model.py", packaged=old))
    assert found.tree.config["parameters"] == {"a": {}}


def test_an_ensemble_is_named_as_one_although_only_its_steps_say_so() -> None:
    found = artifact(assembled(framework="ensemble", packaged=STEPS))
    assert found.tree.config["platform"] == "ensemble"
    assert found.tree.directories == ("1",)
    assert found.versions == (1,)
    assert found.config.members == {"x"}


DEFAULTS: JsonObject = {
    "instance_group": [{"kind": "KIND_CPU", "count": 3}],
    "optimization": {"priority": "PRIORITY_MAX"},
    "model_warmup": [{"name": "w"}],
    "dynamic_batching": {},
    "backend": "python",
    "platform": "onnxruntime_onnx",
    "metric_tags": {"site": "a"},
}


def test_defaults_that_triton_refuses_on_ensembles_do_not_reach_them() -> None:
    found = artifact(assembled(framework="ensemble", packaged=STEPS, defaults=DEFAULTS))
    assert found.tree.config.keys() == {"name", "platform", "ensemble_scheduling", "metric_tags"}
    others = artifact(assembled("1/model.py", defaults={**DEFAULTS, "model_warmup": None, "platform": None}))
    assert others.tree.config.keys() >= {"instance_group", "optimization", "dynamic_batching"}


@pytest.mark.parametrize("field", ["instance_group", "optimization", "model_warmup", "dynamic_batching", "backend"])
def test_an_ensemble_that_sets_such_a_field_itself_is_told_where(field: str) -> None:
    by_spec = assembled(framework="ensemble", packaged=STEPS, config={field: DEFAULTS[field]}, defaults=DEFAULTS)
    assert any(text.startswith(f"spec.config sets {field}, but an ensemble has none") for text in problems(by_spec))
    assert "defaults" not in "; ".join(problems(by_spec))


def test_the_layers_and_variants_that_an_ensemble_has_of_its_own_are_told_apart() -> None:
    group, variant = "instance_group { count: 2 }", "configs/h100.pbtxt"
    (told,) = problems(assembled(framework="ensemble", packaged=STEPS + group))
    assert told.startswith("config.pbtxt sets instance_group")
    (told,) = problems(assembled(framework="ensemble", packaged=STEPS, variants={variant: STEPS + group}))
    assert told.startswith(f"{variant} sets instance_group")
    removed: JsonObject = {"instance_group": None}
    artifact(assembled(framework="ensemble", packaged=STEPS + group, config=removed))


def test_changed_defaults_that_an_ensemble_does_not_get_leave_its_settings_as_they_were() -> None:
    source = Source(uri="s3://models/m/")
    model = ModelSpec(name="m", file="models.d/m.yaml", framework="ensemble", source=source)
    tags: JsonObject = {"metric_tags": DEFAULTS["metric_tags"]}
    assert settings_digest(model, DEFAULTS) == settings_digest(model, tags) != settings_digest(model, {})


def test_variants_of_the_config_are_layered_like_it() -> None:
    found = assembled(
        "1/model.py",
        config={"max_batch_size": 4},
        packaged="",
        variants={"configs/h100.pbtxt": "instance_group { count: 8 }"},
    )
    assert artifact(found).tree.variants == {
        "configs/h100.pbtxt": {
            "name": "m",
            "backend": "python",
            "max_batch_size": 4,
            "instance_group": [{"count": 8}],
        }
    }


def test_an_artifact_is_the_same_again_when_it_is_read_from_its_tree() -> None:
    found = artifact(assembled("1/model.py", "2/model.py", packaged="version_policy { all {} }"))
    assert of_tree(found.tree) == found
    assert found.versions == (1, 2)


@pytest.mark.parametrize(
    ("policy", "versions"),
    [
        ("", (3,)),
        ("version_policy { latest { num_versions: 2 } }", (2, 3)),
        ("version_policy { latest { num_versions: 9 } }", (1, 2, 3)),
        ("version_policy { }", (1, 2, 3)),
        ("version_policy { all {} }", (1, 2, 3)),
        ("version_policy { specific { versions: [3, 1] } }", (1, 3)),
    ],
)
def test_the_version_policy_decides_which_versions_serve(policy: str, versions: tuple[int, ...]) -> None:
    found = assembled("1/model.py", "2/model.py", "3/model.py", packaged=policy)
    assert artifact(found).versions == versions


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (assembled(), "there is no version directory and no file to make one from"),
        (assembled("1/other.py"), "1/model.py is missing: the config needs it"),
        (assembled("1/model.py", packaged="nam: 'x'"), 'config.pbtxt:1:1: Message type "ModelConfig" has no field'),
        (assembled("1/model.py", packaged="max_batchsize: 5"), 'no field named "max_batchsize"'),
        (assembled("1/model.py", packaged=CALLS.format("a b")), "dependsOn names 'a b', which is no name of a model"),
        (assembled("1/model.py", packaged="name: 'other'"), "config.pbtxt says the model's name is 'other'"),
        (assembled("1/model.py", config={"name": "other"}), "spec.config says the model's name is 'other'"),
        (
            assembled("1/model.py", packaged="name: 'm'", config={"name": "other"}),
            "spec.config says the model's name is 'other'",
        ),
        (assembled("1/model.py", defaults={"name": "other"}), "defaults.config says the model's name is 'other'"),
        (assembled("1/model.py", config={"max_batch": 1}), "spec.config or defaults.config is not a Triton"),
        (assembled("1/model.py", defaults={"max_batch": 1}), "spec.config or defaults.config is not a Triton"),
        (
            assembled("1/model.py", packaged="backend: 'onnxruntime'"),
            "spec.framework is 'python', but the effective config is for 'onnxruntime'",
        ),
        (
            assembled("1/model.py", framework="ensemble", packaged="platform: 'ensemble'"),
            "the ensemble has no steps",
        ),
        (
            assembled("1/model.py", packaged="version_policy { specific { versions: [4] } }"),
            "version_policy asks for version 4, but there is version 1",
        ),
        (
            assembled("1/model.py", packaged="version_policy { specific { versions: [1, 4] } }"),
            "version_policy asks for version 4, but there is version 1",
        ),
        (
            assembled("1/model.py", packaged="version_policy { specific { } }"),
            "version_policy asks for no version, but there is version 1",
        ),
        (
            assembled("1/model.py", packaged="version_policy { latest { } }"),
            "asks for the latest 0 versions (num_versions is 0 or not given)",
        ),
        (
            assembled("1/model.py", config={"version_policy": {"latest": {"num_versions": 0}}}),
            "set num_versions to 1 or more, or leave version_policy out",
        ),
        (
            assembled(framework="ensemble", packaged=STEPS + "platform: 'tensorrt_plan'"),
            "config.pbtxt says platform 'tensorrt_plan', but an ensemble's is 'ensemble'",
        ),
        (assembled("1/model.py", "9a/model.py"), "the directory '9a' is not a safe version number"),
        (
            assembled("1/model.py", packaged="output { name: 'o' label_filename: 'labels.txt' }"),
            "labels.txt is missing: the config needs it",
        ),
        (
            assembled("1/model.py", packaged="model_warmup { inputs { key: 'a' value { input_data_file: 'raw' } } }"),
            "warmup/raw is missing: the config needs it",
        ),
        (
            assembled(
                "1/model.py",
                packaged="sequence_batching { state { input_name: 'i' initial_state { data_file: 'zero' } } }",
            ),
            "initial_state/zero is missing: the config needs it",
        ),
        (
            assembled("1/model.py", packaged="cc_model_filenames { key: '9.0' value: 'model_sm90.py' }"),
            "1/model_sm90.py is missing: the config needs it",
        ),
        (
            assembled("1/model.py", packaged="default_model_filename: 'other.py'"),
            "1/other.py is missing: the config needs it",
        ),
    ],
)
def test_what_triton_would_hang_on_die_of_or_refuse_in_riddles_is_said_before(
    found: Artifact | tuple[str, ...], words: str
) -> None:
    assert any(words in problem for problem in problems(found)), problems(found)


def test_several_things_that_are_wrong_are_said_at_once() -> None:
    found = assembled("9a/model.py", packaged="backend: 'onnxruntime'")
    assert len(problems(found)) >= 3


def test_files_that_the_config_names_may_be_directories_and_come_for_each_version_that_serves() -> None:
    named = "default_model_filename: 'saved' version_policy { latest { num_versions: 1 } }"
    artifact(assembled("1/old.bin", "2/saved/x.bin", framework="custom", packaged=named))


def test_warm_ups_and_states_of_zeros_need_no_files() -> None:
    artifact(
        assembled(
            "1/model.py",
            packaged="model_warmup { inputs { key: 'a' value { zero_data: true } } } "
            "sequence_batching { state { input_name: 'i' initial_state { zero_data: true } } }",
        )
    )


def test_an_unknown_backend_s_files_are_its_own_business() -> None:
    found = artifact(assembled("1/anything", framework="custom"))
    assert found.config.framework == "custom"


def test_the_platform_of_the_config_counts_as_its_backend() -> None:
    found = artifact(assembled("1/model.plan", framework="tensorrt", packaged="platform: 'tensorrt_plan'"))
    assert found.config.framework == "tensorrt"


def test_an_ensemble_may_bring_files_that_its_outputs_name() -> None:
    steps = "ensemble_scheduling { step { model_name: 'x' } } output { name: 'o' label_filename: 'labels.txt' }"
    assert problems(assembled(framework="ensemble", packaged=steps)) == ("labels.txt is missing: the config needs it",)
    artifact(assembled("labels.txt", framework="ensemble", packaged=steps))
