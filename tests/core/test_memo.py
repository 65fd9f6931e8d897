"""What is recalled is what the work would give again: the same desired state, the same statuses, the same artifacts."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.core.configs.assembly import Artifact, assemble
from reconciler.core.content import Known
from reconciler.core.digest import FileDigest, of_bytes
from reconciler.core.jsonvalue import JsonObject
from reconciler.core.memo import Memo, row_name
from reconciler.core.parsing.parse import parse, parse_again
from reconciler.core.parsing.recalling import assembling, reading
from reconciler.core.spec import Desired, ModelSpec, Source
from reconciler.core.statuses.conditions import ModelStatus
from reconciler.core.statuses.status import from_files, to_files
from tests.core.document_tables import table
from tests.core.test_lock import LOCK, model

REPOSITORY = b"apiVersion: reconciler/v1\nkind: Repository\nspec: {policy: {allowedSources: [s3://b/]}}\n"
CASES = table("model.yaml")
RAW = table("yaml.yaml")


def again(memo: Memo) -> Memo:
    """What the next run has of it: JSON text."""
    return Memo(dict(memo.rows))


def read(files: Mapping[str, bytes], memo: Memo) -> Desired:
    return parse_again(files, memo, revision="r", message="", root="/repository")


def whole(files: Mapping[str, bytes]) -> Desired:
    return parse(files, revision="r", root="/repository")


def files_of(case: Any) -> dict[str, bytes]:
    """A case of tests/cases/documents beside a model that is right."""
    head = "apiVersion: reconciler/v1\nkind: Model\nmetadata: {name: m}\n"
    written = case["whole"] if "whole" in case else head + case["spec"]
    return {"models.d/m.yaml": written.encode(), "models.d/n.yaml": model(name="n")}


@pytest.mark.parametrize("case", CASES)
def test_cold_and_warm_runs_read_the_same_of_every_document_also_what_is_wrong_and_where(case: Any) -> None:
    files, memo = files_of(case), Memo()
    cold = read(files, memo)
    assert cold == whole(files)
    assert read(files, again(memo)) == cold


@pytest.mark.parametrize("case", RAW)
def test_what_is_no_strict_yaml_is_told_alike_cold_and_warm(case: Any) -> None:
    content = case["content"]
    files = {"models.d/m.yaml": content if isinstance(content, bytes) else content.encode()}
    memo = Memo()
    cold = read(files, memo)
    assert cold == whole(files) == read(files, again(memo))


@given(st.lists(st.sampled_from(CASES), max_size=3), st.booleans())
@settings(max_examples=50)
def test_a_memo_of_other_files_changes_nothing(cases: list[Any], locked: bool) -> None:
    memo = Memo()
    for case in cases:
        read(files_of(case.values[0]), memo)
    files = {"models.d/m.yaml": model(), "reconciler.yaml": REPOSITORY, **({"models.d/m.lock": LOCK} if locked else {})}
    assert read(files, again(memo)) == whole(files)


def test_a_file_that_was_sound_is_not_read_again() -> None:
    files, memo = {"models.d/m.yaml": model(), "models.d/m.lock": LOCK}, Memo()
    cold = read(files, memo)
    rows = memo.rows
    (name,) = (name for name in rows if name.startswith("model:"))
    value = json.loads(rows[name])
    value["metadata"]["labels"] = {"told": "by the memo"}
    rows[name] = json.dumps(value).encode()
    warm = read(files, Memo(rows))
    assert warm.models["m"].labels == {"told": "by the memo"}
    assert warm.models["m"].source == cold.models["m"].source


def test_a_sound_file_under_another_name_is_read_again() -> None:
    memo = Memo()
    read({"models.d/m.yaml": model()}, memo)
    files = {"models.d/n.yaml": model()}
    assert read(files, again(memo)) == whole(files)
    assert [*read(files, again(memo)).rejected] == ["n"]


@pytest.mark.parametrize(
    "policy", ["{allowedSources: [s3://other/]}", "{requireDigest: true}", "{nonsense: true}", "{allowedSources: []}"]
)
def test_a_policy_that_has_changed_since_rejects_with_the_places_of_the_file(policy: str) -> None:
    memo = Memo()
    read({"models.d/m.yaml": model()}, memo)
    files = {
        "models.d/m.yaml": model(),
        "reconciler.yaml": f"apiVersion: reconciler/v1\nkind: Repository\nspec: {{policy: {policy}}}\n".encode(),
    }
    warm = read(files, again(memo))
    assert warm == whole(files)
    assert [*warm.rejected] == ["m"]


def test_a_lock_that_no_longer_fits_its_model_is_told_with_its_places() -> None:
    memo = Memo()
    read({"models.d/m.yaml": model(), "models.d/m.lock": LOCK}, memo)
    files = {"models.d/m.yaml": model("{framework: python, source: s3://b/other/}"), "models.d/m.lock": LOCK}
    warm = read(files, again(memo))
    assert warm == whole(files)
    assert [*warm.rejected] == ["m"]


@pytest.mark.parametrize("row", [None, True, 7, "text", []])
def test_a_row_of_another_shape_counts_as_nothing(row: Any) -> None:
    memo, files = Memo(), {"models.d/m.yaml": model(), "models.d/m.lock": LOCK}
    cold = read(files, memo)
    assert read(files, Memo(dict.fromkeys(memo.rows, json.dumps(row).encode()))) == cold


def test_statuses_are_the_same_cold_and_warm_and_what_is_no_status_stays_none() -> None:
    files = {
        **to_files({"m": ModelStatus(name="m", target="t", revision="1e5", versions=(7,))}, target="t"),
        "broken.yaml": b"a: [",
        "other.yaml": b"a: 1",
    }
    memo = Memo()
    cold = from_files(files, reading(memo))
    assert [*cold] == ["m"]
    assert cold == from_files(files) == from_files(files, reading(again(memo)))


def known(packaged: str = "") -> Known:
    config = packaged.encode()
    files = {"1/model.py": b"code", "config.pbtxt": config}
    rows = tuple(FileDigest(path=path, size=len(text), digest=of_bytes(text)) for path, text in files.items())
    return Known(files={None: rows}, configs={"config.pbtxt": config})


def spec(config: JsonObject) -> ModelSpec:
    return ModelSpec(name="m", file="models.d/m.yaml", framework="python", source=Source(uri="s3://m/"), config=config)


PACKAGED = "max_batch_size: 4 speculation { depth: 4 }"


def test_an_artifact_is_the_same_cold_and_warm_and_warm_it_is_the_active_tree_itself() -> None:
    memo, one = Memo(), spec({"max_batch_size": 8})
    cold = assemble(one, known(PACKAGED), {})
    assert isinstance(cold, Artifact)
    assert assembling(memo)(one, known(PACKAGED), {}, cold.tree) == cold
    warm = assembling(again(memo))(one, known(PACKAGED), {}, cold.tree)
    assert isinstance(warm, Artifact)
    assert warm == cold
    assert warm.tree is cold.tree


@pytest.mark.parametrize(
    ("config", "packaged", "defaults"),
    [
        ({"max_batch_size": 9}, PACKAGED, {}),
        ({"max_batch_size": 8}, "max_batch_size: 5", {}),
        ({"max_batch_size": 8}, "nonsense {", {}),
        ({"max_batch_size": 8}, PACKAGED, {"priority": 1}),
    ],
)
def test_whatever_goes_into_an_artifact_makes_it_another_one(
    config: JsonObject, packaged: str, defaults: JsonObject
) -> None:
    memo, one = Memo(), spec({"max_batch_size": 8})
    active = assemble(one, known(PACKAGED), {})
    assert isinstance(active, Artifact)
    assembling(memo)(one, known(PACKAGED), {}, active.tree)
    changed = assembling(again(memo))(spec(config), known(packaged), defaults, active.tree)
    assert changed == assemble(spec(config), known(packaged), defaults)
    assert changed != active


def test_what_is_not_active_is_worked_out_again() -> None:
    memo, one = Memo(), spec({"max_batch_size": 8})
    cold = assemble(one, known(), {})
    assert isinstance(cold, Artifact)
    assembling(memo)(one, known(), {}, cold.tree)
    assert assembling(again(memo))(one, known(), {}, None) == cold
    other = assemble(spec({}), known(), {})
    assert isinstance(other, Artifact)
    assert assembling(again(memo))(one, known(), {}, other.tree) == cold


def test_rows_without_use_are_kept_while_they_are_not_the_most() -> None:
    memo = Memo({"a": b"1", "b": b"2"})
    assert (memo.recall("a"), memo.recall("a"), memo.recall("c")) == (1, 1, None)
    assert (memo.changed, memo.rows) == (False, {"a": b"1", "b": b"2"})
    memo.keep("c", 3)
    assert (memo.changed, memo.rows) == (True, {"a": b"1", "b": b"2", "c": b"3"})


def test_rows_of_which_most_are_of_no_use_are_dropped() -> None:
    memo = Memo(dict.fromkeys("abc", b"1"))
    memo.recall("a")
    assert (memo.changed, memo.rows) == (True, {"a": b"1"})


def test_a_row_that_is_no_json_counts_as_nothing() -> None:
    assert Memo({"a": b"{", "b": b"\xff"}).recall("a") is None


@given(st.lists(st.binary(max_size=3), max_size=3), st.lists(st.binary(max_size=3), max_size=3))
def test_rows_of_different_parts_have_different_names(one: list[bytes], other: list[bytes]) -> None:
    assert (row_name("k", *one) == row_name("k", *other)) == (one == other)
