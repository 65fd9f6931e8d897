"""Documents of other systems become files that our own parser takes, and nothing of them is dropped in silence."""

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from reconciler.core.configs.modelconfig import from_pbtxt, normalised
from reconciler.core.digest import Digest
from reconciler.core.imports import kserve, seldon, sources, tfserving, triton
from reconciler.core.imports.drafts import Draft, Imported, Refused, shown
from reconciler.core.imports.files import checked, text
from reconciler.core.jsonvalue import Json, JsonObject

CASES = sorted((Path(__file__).parent.parent / "cases" / "imports").glob("*.yaml"))
READERS: dict[str, Callable[[str, bytes, str | None], Imported]] = {
    "kserve": kserve.configmaps,
    "trainedmodel": kserve.trainedmodels,
    "seldon": seldon.models,
    "tfserving": tfserving.models,
}


def told(imported: Imported) -> JsonObject:
    """What came of it, in the words of the case files."""
    found: JsonObject = {}
    for result in checked(imported).results:
        if isinstance(result, Refused):
            found[result.name] = {"refused": result.why}
            continue
        document = yaml.safe_load(text(result))
        metadata = {key: value for key, value in document["metadata"].items() if key != "name"}
        found[result.name] = {**metadata, **document["spec"], "look at": [*result.notes]}
    return found | ({"passed over": [*imported.passed_over]} if imported.passed_over else {})


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_an_import_makes_what_the_case_says(path: Path) -> None:
    case = yaml.safe_load(path.read_text())
    given = case["given"] if isinstance(case["given"], str) else yaml.safe_dump_all(case["given"])
    found = READERS[case["kind"]]("given", given.encode(), case.get("framework"))
    assert told(found) == case["expected"]


def test_every_kind_has_a_case() -> None:
    assert {yaml.safe_load(path.read_text())["kind"] for path in CASES} == READERS.keys()


@pytest.mark.parametrize(
    ("kind", "given", "says"),
    [
        ("seldon", "a: [", "given is no YAML"),
        ("seldon", "- just\n- a list\n", "no resource of Kubernetes"),
        ("seldon", "\x00", "given is no YAML"),
        ("kserve", "[{", "no JSON"),
        ("kserve", "kind: ConfigMap\ndata: {models.json: '[{'}\n", "no JSON"),
        ("tfserving", "model_config_list { config { nmae: 'x' } }", "has no field named"),
        ("tfserving", "custom_model_config {}", "names no models"),
    ],
)
def test_what_is_no_such_document_is_said(kind: str, given: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        READERS[kind]("given", given.encode(), None)


def test_what_could_not_be_carried_over_stands_at_the_head_of_the_file() -> None:
    draft = Draft(
        name="m", origin="somewhere\nelse", spec={"framework": "python", "source": "/m"}, notes=("a\nb: c", "\x1b[31m")
    )
    head = text(draft).decode().splitlines()[:4]
    assert head == [
        "# Imported from somewhere else.",
        "# Not carried over, or to be looked at:",
        "# - a b: c",
        "# - \\x1b[31m",
    ]


@pytest.mark.parametrize(
    ("name", "why"),
    [("has space", "Triton cannot take such a name"), ("../up", "Triton cannot take"), ("", "Triton cannot take")],
)
def test_a_name_that_triton_cannot_take_is_refused_with_the_name(name: str, why: str) -> None:
    draft = Draft(name=name, origin="x", spec={"framework": "python", "source": "/m"})
    (found,) = checked(Imported(results=(draft,))).results
    assert isinstance(found, Refused)
    assert (found.name, why in found.why) == (name, True)


def test_two_models_of_one_name_are_both_refused() -> None:
    draft = Draft(name="m", origin="x", spec={"framework": "python", "source": "/m"})
    found = checked(Imported(results=(draft, draft))).results
    assert [isinstance(one, Refused) and "2 models of this name" in one.why for one in found] == [True, True]


def test_what_our_parser_does_not_take_is_refused_in_its_words_and_without_secrets() -> None:
    draft = Draft(name="m", origin="x", spec={"framework": "python", "source": "s3://key:hunter2@bucket/m"})
    (found,) = checked(Imported(results=(draft,))).results
    assert isinstance(found, Refused)
    assert "spec.source" in found.why
    assert "hunter2" not in found.why


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("1Gi", "1Gi"), ("100M", "100M"), ("1.5Gi", "1.5Gi"), (1024, "1024"), ("0", None), ("0Mi", None),
        ("1e9", 10**9), ("1.5E3", 1500), ("1500m", 2), ("0m", None), (True, None), (None, None), ("lots", None),
    ],
)  # fmt: skip
def test_amounts_of_kubernetes_are_amounts_of_ours(given: Json, expected: str | int | None) -> None:
    found, wrong = sources.memory(given)
    assert found == expected
    assert bool(wrong) == (given in (True, None, "lots"))


@pytest.mark.parametrize(
    ("given", "expected", "fault"),
    [
        ("s3://b/m", "s3://b/m", ""),
        ("/mnt/m", "/mnt/m", ""),
        ("https://host/m.tar.gz", "https://host/m.tar.gz", ""),
        ("https://acc.blob.core.windows.net/c/some/m", "abfs://c@acc.dfs.core.windows.net/some/m", ""),
        ("pvc://claim/m", "", "a claim that only a pod"),
        ("minio://b/m", "", "minio:// is no scheme"),
        (None, "", "no storageUri"),
    ],
)
def test_places_are_written_as_ours_or_it_is_said_why_not(given: Json, expected: str, fault: str) -> None:
    found, why = sources.uri(given)
    assert found == expected
    assert fault in why
    assert bool(why) == bool(fault)


def test_long_and_secret_values_are_shown_short_and_without_them() -> None:
    assert shown({"a": "x" * 400}).endswith("…")
    assert "hunter2" not in shown("https://me:hunter2@host/?sig=abc")
    assert shown(3) == "3"
    assert shown([1]) == "[1]"


PACKAGED = b"""
backend: "python"
max_batch_size: 8
input [{ name: "IN" data_type: TYPE_FP32 dims: [-1] }]
output [{ name: "OUT" data_type: TYPE_FP32 dims: [-1] }]
dynamic_batching { max_queue_delay_microseconds: 100 }
parameters { key: "depth" value: { string_value: "3" } }
"""
FILLED_IN: JsonObject = {
    "name": "m",
    "platform": "",
    "version_policy": {"latest": {"num_versions": 1}},
    "optimization": {"input_pinned_memory": {"enable": True}, "priority": "PRIORITY_DEFAULT"},
    "instance_group": [{"name": "m_0", "kind": "KIND_CPU", "count": 1, "gpus": []}],
    "default_model_filename": "model.py",
    "cc_model_filenames": {},
    "model_warmup": [],
}
"""What a Triton 2.51 adds to a config of its own accord."""


def served(**more: Json) -> JsonObject:
    """As the server tells it: every field, and what it fills in."""
    config = from_pbtxt(PACKAGED)
    tensor: JsonObject = {"format": "FORMAT_NONE", "is_shape_tensor": False, "optional": False}
    rows = config["input"]
    inputs: list[Json] = [{**tensor, **row} for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    batching: JsonObject = {"preferred_batch_size": [], "max_queue_delay_microseconds": "100", "priority_levels": "0"}
    return {**config, **FILLED_IN, "input": [*inputs], "dynamic_batching": batching, **more}


def difference(**more: Json) -> JsonObject:
    return triton.difference(from_pbtxt(PACKAGED), normalised(served(**more)))


def test_what_triton_fills_in_is_no_difference() -> None:
    assert difference() == {}


@pytest.mark.parametrize(
    "override",
    [
        {"max_batch_size": 16},
        {"dynamic_batching": {"max_queue_delay_microseconds": "500"}},
        {"instance_group": [{"name": "m", "kind": "KIND_CPU", "count": 4}]},
        {"parameters": {"depth": {"string_value": "3"}, "wide": {"string_value": "1"}}},
        {"parameters": {"depth": {"string_value": "4"}}},
        {"version_policy": {"all": {}}},
        {"default_model_filename": "other.py"},
        {"response_cache": {"enable": True}},
        {"input": []},
    ],
    ids=lambda override: next(iter(override)),
)
def test_what_the_server_was_told_otherwise_is_a_difference(override: JsonObject) -> None:
    found = difference(**override)
    assert found.keys() == override.keys() - ({"input"} if override == {"input": []} else set())


def found(**more: object) -> triton.Found:
    directory = triton.Directory(uri="file:///models/m", digest=Digest("sha256:" + "0" * 64), config=PACKAGED)
    given: dict[str, object] = {"name": "m", "server": "grpc://t:8001", "directory": directory, "served": served()}
    return triton.Found(**{**given, **more})  # type: ignore[arg-type]


def test_a_served_model_is_written_with_its_directory_and_digest() -> None:
    draft = triton.model(found())
    assert isinstance(draft, Draft)
    assert draft.spec == {
        "framework": "python",
        "source": {"uri": "file:///models/m", "digest": "sha256:" + "0" * 64},
    }
    assert isinstance(checked(Imported(results=(draft,))).results[0], Draft)


def test_a_model_that_is_not_loaded_is_written_so_that_it_stays_so() -> None:
    draft = triton.model(found(served=None))
    assert isinstance(draft, Draft)
    assert draft.spec["load"] == {"enabled": False}
    assert "config" not in draft.spec


def test_what_triton_completed_is_written_where_there_is_no_config() -> None:
    bare = triton.Directory(uri="file:///models/m", digest=Digest("sha256:" + "0" * 64), config=None)
    draft = triton.model(found(directory=bare))
    assert isinstance(draft, Draft)
    config = draft.spec["config"]
    assert isinstance(config, dict)
    assert {"input", "output", "max_batch_size", "backend"} <= config.keys()
    assert any("has no config.pbtxt" in note for note in draft.notes)


def test_a_field_of_a_newer_server_is_told_by_its_name() -> None:
    draft = triton.model(found(served=served(quantum={"flux": 1})))
    assert isinstance(draft, Draft)
    assert any(note.endswith("quantum") for note in draft.notes)


def test_an_ensemble_and_a_platform_are_named_as_frameworks() -> None:
    directory = triton.Directory(
        uri="file:///m", digest=Digest("sha256:" + "0" * 64), config=b'platform: "tensorflow_savedmodel"'
    )
    ensemble = triton.Directory(
        uri="file:///m",
        digest=Digest("sha256:" + "0" * 64),
        config=b'ensemble_scheduling { step [{ model_name: "a" }] }',
    )
    names = [triton.model(found(directory=one, served=None)) for one in (directory, ensemble)]
    assert [one.spec["framework"] for one in names if isinstance(one, Draft)] == ["tensorflow_savedmodel", "ensemble"]


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"directory": "it is not in /models"}, "it is not in /models"),
        ({"served": served(parameters={"reconciler.generation": {"string_value": "sha256:1"}})}, "by this program"),
        (
            {"directory": triton.Directory(uri="f", digest=Digest("d"), config=b"nonsense {")},
            "its config.pbtxt:",
        ),
        ({"directory": triton.Directory(uri="f", digest=Digest("d"), config=None), "served": None}, "names no backend"),
    ],
)
def test_a_model_of_which_no_file_can_be_made_says_why(more: dict[str, object], why: str) -> None:
    refused = triton.model(found(**more))
    assert isinstance(refused, Refused)
    assert why in refused.why
