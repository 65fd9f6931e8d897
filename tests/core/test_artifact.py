"""Trees and the generation that names them."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.artifact import (
    CONFIG_FILE,
    MENDS,
    STAMP,
    Tree,
    mend_marked,
    mends_of,
    parse_document,
    stamp_of,
    stamped,
)
from reconciler.core.digest import FileDigest, of_bytes
from reconciler.core.jsonvalue import JsonObject


def file(path: str, body: bytes = b"x") -> FileDigest:
    return FileDigest(path=path, size=len(body), digest=of_bytes(body))


TREE = Tree(files=(file("1/model.py"),), config={"name": "m", "backend": "python"}, directories=("2",))
CHANGES = [
    {"files": (file("1/model.py", b"y"),)},
    {"files": (file("2/model.py"),)},
    {"config": {"name": "m", "backend": "onnxruntime"}},
    {"directories": ()},
    {"variants": {"configs/h100.pbtxt": {"name": "m"}}},
]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: next(iter(change)))
def test_whatever_decides_what_is_served_changes_the_generation(change: dict[str, object]) -> None:
    changed = dataclasses.replace(TREE, **change)  # type: ignore[arg-type]
    assert changed.generation != TREE.generation


def test_the_order_of_files_directories_and_fields_does_not_change_the_generation() -> None:
    one = Tree(files=(file("a"), file("b")), config={"x": 1, "y": 2}, directories=("1", "2"))
    other = Tree(files=(file("b"), file("a")), config={"y": 2, "x": 1}, directories=("2", "1"))
    assert one.generation == other.generation


@given(
    paths=st.sets(st.text(min_size=1, max_size=5), max_size=4),
    config=st.dictionaries(st.text(max_size=4), st.integers() | st.booleans() | st.text(max_size=4), max_size=3),
)
def test_a_tree_is_read_back_from_its_document_with_the_same_generation(paths: set[str], config: JsonObject) -> None:
    tree = Tree(files=tuple(file(path) for path in sorted(paths)), config=config, directories=("1",))
    again = parse_document(tree.document())
    assert again == tree
    assert again.generation == tree.generation


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"{}", b'{"files": [], "config": {}, "directories": []}'])
def test_what_is_no_tree_document_is_an_error_of_three_kinds(text: bytes) -> None:
    with pytest.raises((ValueError, KeyError, TypeError, AttributeError)):
        parse_document(text)


def test_every_config_of_the_tree_carries_the_stamp_and_keeps_its_parameters() -> None:
    config: JsonObject = {"name": "m", "parameters": {"a": {"string_value": "1"}}}
    tree = Tree(files=(), config=config, variants={"configs/h100.pbtxt": {"name": "m"}})
    written = tree.configs()
    assert written.keys() == {CONFIG_FILE, "configs/h100.pbtxt"}
    assert {stamp_of(found) for found in written.values()} == {tree.generation}
    assert written[CONFIG_FILE]["parameters"] == {
        "a": {"string_value": "1"},
        STAMP: {"string_value": tree.generation},
    }
    assert STAMP not in str(config), "stamping changes nothing in place"


@pytest.mark.parametrize(
    "config",
    [{}, {"parameters": None}, {"parameters": {}}, {"parameters": {STAMP: {}}}, {"parameters": {STAMP: "x"}}],
)
def test_a_config_without_a_stamp_has_none(config: JsonObject) -> None:
    assert stamp_of(config) is None
    assert stamp_of(stamped({}, TREE.generation)) == TREE.generation


def test_a_tree_needs_its_files_and_its_own_document() -> None:
    assert TREE.blobs() == {TREE.files[0].digest, TREE.generation}
    assert TREE.size == 1


def test_the_number_of_mendings_goes_with_a_config_and_is_read_back() -> None:
    config = stamped({"name": "m"}, TREE.generation)
    assert mends_of(mend_marked(config, 3)) == 3
    assert stamp_of(mend_marked(config, 3)) == TREE.generation
    assert mend_marked(config, 0) == config


@pytest.mark.parametrize("value", ["", "-1", "many", None])
def test_a_number_of_mendings_that_is_none_counts_as_never(value: str | None) -> None:
    assert mends_of({"parameters": {MENDS: {"string_value": value}}}) == 0
