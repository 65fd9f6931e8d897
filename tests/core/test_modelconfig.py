"""Triton's ModelConfig: our table against tritonclient's, the text form, the layers."""

from collections.abc import Iterator
from typing import Any, cast

import pytest
from google.protobuf import json_format, text_format
from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tritonclient.grpc import model_config_pb2

from reconciler.core.configs.modelconfig import from_pbtxt, layered, normalised, strangers, to_pbtxt
from reconciler.core.configs.modelconfig_fields import FIELDS
from reconciler.core.configs.modelconfig_message import ModelConfigMessage, built
from reconciler.core.jsonvalue import Json, JsonObject

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


FLOATS = st.sampled_from(["Infinity", "-Infinity"])
SCALARS: dict[int, st.SearchStrategy[Json]] = {
    FieldDescriptor.TYPE_DOUBLE: st.floats(allow_nan=False, allow_infinity=False) | FLOATS,
    FieldDescriptor.TYPE_FLOAT: st.floats(width=32, allow_nan=False, allow_infinity=False) | FLOATS,
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
    fields = draw(st.permutations([field.name for field in message.fields]))
    names = fields[: draw(st.integers(0, 4))]
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
        return configs(field.message_type, depth + 1)
    if field.enum_type is not None:
        return st.sampled_from([value.name for value in field.enum_type.values])
    return SCALARS[field.type]


@settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(config=configs())
def test_what_is_written_as_config_pbtxt_is_read_back_as_it_was(config: JsonObject) -> None:
    assert from_pbtxt(to_pbtxt(config).encode()) == normalised(config)
    assert normalised(normalised(config)) == normalised(config)


def everything(message: Descriptor, turn: int) -> JsonObject:
    """Every field of every message below; of each oneof the member whose turn it is."""
    result: JsonObject = {}
    for field in message.fields:
        members = field.containing_oneof.fields if field.containing_oneof is not None else [field]
        if members[turn % len(members)].name == field.name:
            result[field.name] = one_of_everything(field, turn)
    return result


def one_of_everything(field: FieldDescriptor, turn: int) -> Json:
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        entry = field.message_type.fields_by_name
        keys = [str(2**64 - 1)] if entry["key"].type == FieldDescriptor.TYPE_UINT64 else ["", TEXT]
        return {key: one_of_everything(entry["value"], turn) for key in keys}
    value: Json = EXTREMES[field.type][turn % 2] if field.type in EXTREMES else None
    if field.message_type is not None:
        value = everything(field.message_type, turn)
    if field.enum_type is not None:
        value = field.enum_type.values[-1 - turn % 2 if len(field.enum_type.values) > 1 else 0].name
    return [value, value] if field.is_repeated else value


TEXT = "\0\a \"quoted\" 'too' \\ {key: 1} # \n\r\t ü 𝄞 \u2028 \x7f"
EXTREMES: dict[int, tuple[Json, Json]] = {
    FieldDescriptor.TYPE_DOUBLE: (5e-324, -1.7976931348623157e308),
    FieldDescriptor.TYPE_FLOAT: (1.401298464324817e-45, -3.4028234663852886e38),
    FieldDescriptor.TYPE_INT64: (-(2**63), 2**63 - 1),
    FieldDescriptor.TYPE_UINT64: (2**64 - 1, 1),
    FieldDescriptor.TYPE_INT32: (-(2**31), 2**31 - 1),
    FieldDescriptor.TYPE_UINT32: (2**32 - 1, 1),
    FieldDescriptor.TYPE_BOOL: (True, True),
    FieldDescriptor.TYPE_STRING: (TEXT, TEXT[::-1]),
}


def as_triton_reads(text: str) -> Any:
    return text_format.Parse(text, model_config_pb2.ModelConfig())


def as_triton_means(config: JsonObject) -> Any:
    return json_format.ParseDict(config, model_config_pb2.ModelConfig())


def paths(message: Any, above: tuple[str, ...] = ()) -> set[tuple[str, ...]]:
    """Every field that is set somewhere below, by the fields that lead to it."""
    found: set[tuple[str, ...]] = set()
    for field, value in message.ListFields():
        path = (*above, field.name)
        found.add(path)
        mapped = field.message_type is not None and field.message_type.GetOptions().map_entry
        values = list(value.values()) if mapped else value if field.is_repeated else [value]
        if field.message_type is not None:
            for inner in values:
                found |= paths(inner, path) if hasattr(inner, "ListFields") else set()
    return found


def test_the_whole_message_with_every_field_is_read_by_triton_s_own_parser_as_it_was_meant() -> None:
    reached: set[str] = set()
    for turn in range(6):
        config = everything(OURS, turn)
        meant, text = as_triton_means(config), to_pbtxt(config)
        assert as_triton_reads(text) == meant
        assert as_triton_means(from_pbtxt(text_format.MessageToString(meant).encode())) == meant
        reached |= {path[-1] for path in paths(meant)}
    assert reached == {field.name for name, one in messages(THEIRS).items() for field in one.fields} - {"key", "value"}


@settings(deadline=None, suppress_health_check=list(HealthCheck))
@given(config=configs())
def test_triton_s_own_parser_reads_what_is_written_as_it_was_meant_and_back(config: JsonObject) -> None:
    meant = as_triton_means(config)
    assert as_triton_reads(to_pbtxt(config)) == meant
    assert as_triton_means(normalised(config)) == meant
    assert as_triton_means(from_pbtxt(text_format.MessageToString(meant).encode())) == meant
    assert as_triton_means(from_pbtxt(text_format.MessageToString(meant, as_one_line=True).encode())) == meant


def less(table: str, gone: set[str]) -> str:
    """The table without these entries: as if Triton had got them since."""
    rows = [" ".join(word for word in row.split(" ") if word.strip() not in gone) for row in table.splitlines()]
    return "\n".join(row for row in rows if row.strip())


ENTRIES = [word for row in FIELDS.splitlines() if row.startswith(" ") for word in row.split()]
VALUES = [word for word in ENTRIES if word.startswith(("TYPE_", "KIND_", "FORMAT_", "BATCH_"))]
NEWER = [word for word in ENTRIES if ":" in word] + [word for word in VALUES if not word.endswith("=0")]


@settings(deadline=None, suppress_health_check=list(HealthCheck))
@given(config=configs(), gone=st.sets(st.sampled_from(NEWER), max_size=60))
def test_what_a_newer_triton_knows_and_we_do_not_is_kept_where_it_stood(config: JsonObject, gone: set[str]) -> None:
    known = built(less(FIELDS, gone))
    meant = as_triton_means(config)
    for text in (text_format.MessageToString(meant), text_format.MessageToString(meant, as_one_line=True)):
        found = layered({}, from_pbtxt(text.encode(), known), {}, known=known)
        assert as_triton_reads(to_pbtxt(found, known)) == meant
        assert normalised(found, known) == found


def test_all_of_a_config_may_be_newer_than_we_are() -> None:
    whole = [as_triton_means(everything(OURS, turn)) for turn in range(4)]
    for number, gone in enumerate(NEWER):
        known, meant = built(less(FIELDS, {gone})), whole[number % len(whole)]
        found = from_pbtxt(text_format.MessageToString(meant).encode(), known)
        assert as_triton_reads(to_pbtxt(found, known)) == meant, gone


def test_unknown_fields_stay_in_their_message_and_known_ones_are_layered_over_them() -> None:
    text = b"""
    max_batch_size: 8
    note: "a" 'b'
    speculation { depth: 4 modes: [FAST, "slow" 'er'] <x: -1> }  # whatever it means
    input: [ { name: "a" dims: 1 }, { name: "b" sparse: true data_type: TYPE_FP8 dims: [ -1, 2 ] } ]
    parameters < key: "k" value { string_value: "v"; secret_ref: 'x' } >
    """
    found = layered({"max_batch_size": 2, "parameters": {"more": {"string_value": "1"}}}, from_pbtxt(text))
    assert found["max_batch_size"] == 2
    assert strangers(found) == ("data_type: TYPE_FP8", "note", "secret_ref", "sparse", "speculation")
    written = to_pbtxt(found)
    assert from_pbtxt(written.encode()) == found
    assert written.split().count("speculation") == 1
    assert found["input"] == [
        {"name": "a", "dims": ["1"]},
        {"name": "b", "[unknown]": "sparse : true", "data_type": "TYPE_FP8", "dims": ["-1", "2"]},
    ] or found["input"] == [
        {"name": "a", "dims": ["1"]},
        {"name": "b", "dims": ["-1", "2"], "data_type": "TYPE_FP8", "[unknown]": "sparse : true"},
    ]
    assert layered({"input": [{"name": "c"}]}, found)["input"] == [{"name": "c"}]


def test_a_known_config_has_no_strangers() -> None:
    assert strangers({"name": "m", "input": [{"data_type": "TYPE_FP32"}]}) == ()


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
        (b"Name: 'x'", "1:1"),
        (b"not_yet: 5\nmax_batch_size: 1.5", "2:17"),
        (b"not_yet { a: 5", "1:"),
        (b"input { data_type: FP32 }", "1:20"),
        (b"parameters { key: 'a' not_yet: 1 }", "1:23"),
        (b"max_batch_size: 1\nmax_batch_size: 2", "2:"),
        (b"max_batch_size: 1.5", "1:17"),
        (b'{"name": "x"}', "1:1"),
        (b"\xef\xbb\xbfname: 'x'", "1:1"),
        (b"name: '\xff'", "not UTF-8 at byte 7"),
        (b"sequence_batching {} dynamic_batching {}", "1:"),
        (b"input [ { name: 'x' }, ]", "1:"),
        (b"newer: 1 input name { x: 1 }", "1:"),
        (b"newer: 1 max_batch_siz: 5", "1:"),
        (b"newer 'x'\nmax_batch_size: 1", "1:"),
        (b"newer { a ' \n b: 1 c: 'x' }", "1:"),
        (b"newer { " * 33 + b"}" * 33, "1:"),
        (b"newer { " * 3000, "nested too deeply"),
        (b"max_batch_size: '" + b"x" * 5000, "1:.*…$"),
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
