"""Triton's ModelConfig: our table against tritonclient's, the text form, the layers."""

from collections.abc import Iterator
from typing import cast

import pytest
from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tritonclient.grpc import model_config_pb2

from reconciler.core.jsonvalue import Json, JsonObject
from reconciler.core.modelconfig import from_pbtxt, layered, normalised, to_pbtxt
from reconciler.core.modelconfig_message import ModelConfigMessage

OURS = cast("Descriptor", ModelConfigMessage.DESCRIPTOR)
THEIRS = cast("Descriptor", model_config_pb2.ModelConfig.DESCRIPTOR)


def facts(field: FieldDescriptor) -> tuple[object, ...]:
    """All that decides how a field is written, in text and in JSON."""
    oneof = field.containing_oneof.name if field.containing_oneof is not None else None
    message = field.message_type.full_name if field.message_type is not None else None
    is_map = field.message_type is not None and field.message_type.GetOptions().map_entry
    return (field.type, field.is_repeated, oneof, message, is_map, values(field.enum_type))


def values(enum: EnumDescriptor | None) -> dict[str, int] | None:
    return None if enum is None else {value.name: value.number for value in enum.values}


def messages(root: Descriptor) -> dict[str, Descriptor]:
    """Every message that can be reached, by full name."""
    found: dict[str, Descriptor] = {}
    ahead = [root]
    while ahead:
        message = ahead.pop()
        if message.full_name not in found:
            found[message.full_name] = message
            ahead += [field.message_type for field in message.fields if field.message_type is not None]
    return found


@pytest.mark.parametrize("name", sorted(messages(THEIRS)))
def test_every_field_of_triton_s_own_definition_is_in_our_table_as_it_is_there(name: str) -> None:
    theirs = {field.name: facts(field) for field in messages(THEIRS)[name].fields}
    assert {field.name: facts(field) for field in messages(OURS)[name].fields} == theirs


def test_our_table_has_no_message_that_triton_does_not_have() -> None:
    assert messages(OURS).keys() == messages(THEIRS).keys()


SCALARS: dict[int, st.SearchStrategy[Json]] = {
    FieldDescriptor.TYPE_DOUBLE: st.floats(allow_nan=False, allow_infinity=False),
    FieldDescriptor.TYPE_FLOAT: st.floats(width=32, allow_nan=False, allow_infinity=False),
    FieldDescriptor.TYPE_INT64: st.integers(-(2**63), 2**63 - 1),
    FieldDescriptor.TYPE_UINT64: st.integers(0, 2**64 - 1),
    FieldDescriptor.TYPE_INT32: st.integers(-(2**31), 2**31 - 1),
    FieldDescriptor.TYPE_UINT32: st.integers(0, 2**32 - 1),
    FieldDescriptor.TYPE_BOOL: st.booleans(),
    FieldDescriptor.TYPE_STRING: st.text(st.characters(codec="utf-8"), max_size=8),
}
KEYS: dict[int, st.SearchStrategy[str]] = {
    FieldDescriptor.TYPE_UINT64: st.integers(0, 2**64 - 1).map(str),
    FieldDescriptor.TYPE_STRING: st.text(st.characters(codec="utf-8"), max_size=5),
}


@st.composite
def configs(draw: st.DrawFn, message: Descriptor = OURS, depth: int = 0) -> JsonObject:
    """Any value of the message: at most four fields at each level, and one of each oneof."""
    names = (
        draw(st.sets(st.sampled_from([field.name for field in message.fields]), max_size=4)) if message.fields else ()
    )
    result: JsonObject = {}
    taken: set[str] = set()
    for name in sorted(names):
        field = message.fields_by_name[name]
        oneof = field.containing_oneof.name if field.containing_oneof is not None else name
        if oneof not in taken:
            taken.add(oneof)
            result[name] = draw(any_field(field, depth))
    return result


def any_field(field: FieldDescriptor, depth: int) -> st.SearchStrategy[Json]:
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        entry = field.message_type.fields_by_name
        return st.dictionaries(KEYS[entry["key"].type], any_value(entry["value"], depth), min_size=1, max_size=2)
    value = any_value(field, depth)
    return st.lists(value, min_size=1, max_size=2) if field.is_repeated else value


def any_value(field: FieldDescriptor, depth: int) -> st.SearchStrategy[Json]:
    if field.message_type is not None:
        return configs(field.message_type, depth + 1) if depth < 3 else st.just({})
    if field.enum_type is not None:
        return st.sampled_from([value.name for value in field.enum_type.values])
    return SCALARS[field.type]


@settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(config=configs())
def test_what_is_written_as_config_pbtxt_is_read_back_as_it_was(config: JsonObject) -> None:
    assert from_pbtxt(to_pbtxt(config).encode()) == normalised(config)
    assert normalised(normalised(config)) == normalised(config)


def leaves(value: Json) -> Iterator[Json]:
    if isinstance(value, dict):
        for inner in value.values():
            yield from leaves(inner)
    else:
        yield value


@settings(max_examples=100, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(upper=configs(), lower=configs())
def test_an_empty_layer_changes_nothing_and_an_upper_one_keeps_all_it_says(
    upper: JsonObject, lower: JsonObject
) -> None:
    assert layered({}, lower, {}) == normalised(lower)
    merged, said = layered(upper, lower), normalised(upper)
    assert layered(upper, merged) == merged
    for key, value in said.items():
        assert all(leaf in list(leaves(merged[key])) for leaf in leaves(value))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (b"nam: 'x'", "1:1"),
        (b"max_batch_size: 1\nmax_batch_size: 2", "2:"),
        (b"max_batch_size: 1.5", "1:17"),
        (b'{"name": "x"}', "1:1"),
        (b"\xef\xbb\xbfname: 'x'", "1:1"),
        (b"name: '\xff'", "not UTF-8 at byte 7"),
        (b"sequence_batching {} dynamic_batching {}", "1:"),
        (b"input [ { name: 'x' }, ]", "1:"),
    ],
)
def test_what_triton_would_not_parse_is_refused_with_its_place(text: bytes, found: str) -> None:
    with pytest.raises(ValueError, match=found) as caught:
        from_pbtxt(text)
    assert "inference." not in str(caught.value)


def test_all_that_the_text_format_allows_is_read() -> None:
    text = b"""
    name: "a" "b"; max_batch_size: 0x10,  # hexadecimal, concatenated strings, separators
    dynamic_batching < preferred_batch_size: [ 1, 2 ] >
    metric_tags { key: 'k' value: '1' } metric_tags { key: 'k' value: '2' }
    """
    assert from_pbtxt(text) == {
        "name": "ab",
        "max_batch_size": 16,
        "dynamic_batching": {"preferred_batch_size": [1, 2]},
        "metric_tags": {"k": "2"},
    }


def test_a_zero_is_a_setting_and_not_an_absence() -> None:
    assert from_pbtxt(b"max_batch_size: 0") == {"max_batch_size": 0}
    assert layered({"max_batch_size": 0}, {"max_batch_size": 8}) == {"max_batch_size": 0}


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"max_batchsize": 8}, "max_batchsize"),
        ({"max_batch_size": "many"}, "max_batch_size"),
        ({"dynamic_batching": 5}, "dynamic_batching"),
        ({"input": {"name": "x"}}, "input"),
        ({"input": [{"data_type": "FP32"}]}, "data_type"),
    ],
)
def test_a_config_in_yaml_that_is_no_model_config_is_refused_by_the_field(config: JsonObject, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        normalised(config)


def test_maps_and_messages_merge_field_by_field() -> None:
    upper: JsonObject = {"dynamic_batching": {"preferred_batch_size": [8]}, "parameters": {"a": {"string_value": "1"}}}
    lower: JsonObject = {
        "dynamic_batching": {"preferred_batch_size": [4, 16], "preserve_ordering": True},
        "parameters": {"a": {"string_value": "0"}, "b": {"string_value": "2"}},
    }
    assert layered(upper, lower) == {
        "dynamic_batching": {"preferred_batch_size": [8], "preserve_ordering": True},
        "parameters": {"a": {"string_value": "1"}, "b": {"string_value": "2"}},
    }


def test_lists_replace() -> None:
    assert layered({"input": [{"name": "a"}]}, {"input": [{"name": "b"}, {"name": "c"}]}) == {"input": [{"name": "a"}]}


def test_the_members_of_a_oneof_replace_each_other() -> None:
    assert layered({"sequence_batching": {}}, {"dynamic_batching": {"preserve_ordering": True}}) == {
        "sequence_batching": {}
    }
    latest: JsonObject = {"version_policy": {"latest": {"num_versions": 2}}}
    assert layered({"version_policy": {"all": {}}}, latest) == {"version_policy": {"all": {}}}


def test_null_removes_what_a_lower_layer_set() -> None:
    lower: JsonObject = {"max_batch_size": 8, "parameters": {"a": {"string_value": "1"}, "b": {"string_value": "2"}}}
    assert layered({"max_batch_size": None, "parameters": {"a": None}}, lower) == {
        "parameters": {"b": {"string_value": "2"}}
    }


def test_null_of_the_middle_layer_removes_only_what_is_below_it() -> None:
    assert layered({"max_batch_size": 2}, {"max_batch_size": None}, {"max_batch_size": 8}) == {"max_batch_size": 2}
    assert layered({}, {"max_batch_size": None}, {"max_batch_size": 8}) == {}


def test_null_for_one_member_of_a_oneof_leaves_the_other_as_it_is() -> None:
    assert layered({"sequence_batching": None}, {"dynamic_batching": {}}) == {"dynamic_batching": {}}


def test_null_of_what_nobody_set_is_no_fault() -> None:
    assert layered({"dynamic_batching": {"preserve_ordering": None}}, {}) == {"dynamic_batching": {}}
