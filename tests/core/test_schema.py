import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from reconciler.core.checking import conformance, documents, validators
from reconciler.core.checking.nodes import Document
from reconciler.core.jsonvalue import JsonObject
from reconciler.core.parsing import parse
from reconciler.core.schemas import schema

SCHEMAS = Path(__file__).parents[2] / "schemas"


def conformed(text: str, rules: JsonObject) -> tuple[JsonObject, list[str]]:
    document = documents.load("f.yaml", text.encode())
    assert isinstance(document, Document)
    value, problems = conformance.conform(document, validators.validator_of(rules))
    return value, [f"{problem.path}: {problem.expected}" for problem in problems]


def objects(node: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every schema that describes a value; not the branches of if/then/else and anyOf."""
    yield path, node
    for name, inner in node.get("properties", {}).items():
        yield from objects(inner, f"{path}.{name}")
    for word in ("items", "additionalProperties"):
        if isinstance(node.get(word), dict):
            yield from objects(node[word], f"{path}[{word}]")


@pytest.mark.parametrize("name", sorted(schema.files()))
def test_the_schemas_in_the_tree_are_those_of_the_code(name: str) -> None:
    assert (SCHEMAS / name).read_text() == schema.files()[name], "run schemas/regenerate.py"


@pytest.mark.parametrize("name", sorted(schema.files()))
def test_the_schemas_are_schemas(name: str) -> None:
    Draft202012Validator.check_schema(json.loads(schema.files()[name]))


@pytest.mark.parametrize("name", sorted(schema.documents()))
def test_every_field_has_a_description_and_an_example_that_fits_it(name: str) -> None:
    whole = json.loads(schema.documents()[name])
    for path, node in objects(whole):
        assert node.get("description"), path
        assert node.get("examples"), path
        for example in node["examples"]:
            checker = validators.validator_of({**node, "$defs": whole["$defs"]})
            assert list(checker.iter_errors(example)) == [], (path, example)


@pytest.mark.parametrize("name", sorted(schema.documents()))
def test_no_mapping_takes_unknown_fields(name: str) -> None:
    whole = json.loads(schema.documents()[name])
    closed = [*objects(whole), *((word, node) for word, node in whole["$defs"].items())]
    for path, node in closed:
        if "properties" in node:
            assert node["additionalProperties"] is False, path


def test_text_is_taken_as_it_was_written_where_text_is_wanted() -> None:
    rules: JsonObject = {"additionalProperties": {"anyOf": [{"type": "string"}, {"type": "null"}]}}
    value, problems = conformed("{a: 1.10, b: 010, c: true, d: ~, e: 0x1F, f: 2026-12-01}", rules)
    assert value == {"a": "1.10", "b": "010", "c": "true", "d": None, "e": "0x1F", "f": "2026-12-01"}
    assert problems == []


def test_what_an_alias_shares_is_made_text_only_where_text_is_wanted() -> None:
    rules: JsonObject = {"properties": {"a": {"items": {"type": "string"}}, "b": {"items": {"type": "number"}}}}
    value, problems = conformed("a: &x [1.10]\nb: *x\n", rules)
    assert (value, problems) == ({"a": ["1.10"], "b": [1.1]}, [])


def test_of_several_forms_the_one_that_was_meant_is_explained() -> None:
    number: JsonObject = {"type": "object", "properties": {"n": {"type": "integer", "minimum": 0, "maximum": 9}}}
    rules: JsonObject = {"properties": {"a": {"anyOf": [{"type": "null"}, number]}}}
    assert conformed("a: {n: x}", rules)[1] == ["a.n: a whole number from 0 to 9"]
    assert conformed("a: x", rules)[1] == ["a: a mapping"]


def test_a_schema_without_words_still_says_something() -> None:
    assert conformed("a: x", {"properties": {"a": {"type": ["integer", "null"]}}})[1] == ["a: another value"]
    assert conformed("a: 3", {"properties": {"a": {"not": {}, "description": "A thing."}}})[1] == ["a: A thing."]


def test_a_pattern_ends_where_the_text_ends() -> None:
    rules: JsonObject = {"properties": {"a": {"pattern": "^x$", "type": "string"}}}
    assert conformed('a: "x"', rules)[1] == []
    assert conformed('a: "x\\n"', rules)[1] == ["a: text"]


def test_a_word_far_from_every_known_one_gets_the_list_of_them() -> None:
    assert conformance.suggestion("zzz", ["a", "b"]) == "one of a, b"
    assert conformance.suggestion("zzz", [f"f{n}" for n in range(20)]).endswith("f11, …")


def test_the_example_of_each_schema_is_what_the_parser_takes() -> None:
    for name, text in schema.documents().items():
        example = json.loads(text)["examples"][0]
        document = documents.load(name, yaml.safe_dump(example).encode())
        assert isinstance(document, Document)
        validator = getattr(validators, name.partition(".")[0].upper())
        assert conformance.conform(document, validator) == (example, ())


MODEL = {"framework": "python", "source": {"uri": "s3://m/x/"}, "load": {}}
POLICY = {"verifyModels": {"mode": "none"}, "freeze": [{"cron": "0 18 * * 5", "duration": "62h"}]}
REPOSITORY = {"policy": POLICY, "defaults": {"load": {}}, "status": {}}


def filled(value: Any, rules: Any) -> Any:
    """The document with every default of the schema written out."""
    if isinstance(value, list):
        return [filled(one, rules["items"]) for one in value]
    if not isinstance(value, dict):
        return value
    properties = rules.get("properties", {})
    written = {name: inner["default"] for name, inner in properties.items() if "default" in inner}
    return {**written, **{name: filled(one, properties[name]) for name, one in value.items()}}


def test_a_default_that_is_written_out_changes_nothing() -> None:
    model: Any = {"apiVersion": "reconciler/v1", "kind": "Model", "metadata": {"name": "m"}, "spec": MODEL}
    probe = {"inputs": [{"name": "I", "datatype": "FP32", "shape": [1], "data": [1]}],
             "outputs": [{"name": "O", "data": [1]}]}  # fmt: skip
    model["spec"]["probe"] = [probe]
    repository: Any = {"apiVersion": "reconciler/v1", "kind": "Repository", "spec": REPOSITORY}
    whole = {name.partition(".")[0]: json.loads(text) for name, text in schema.documents().items()}
    long = filled(model, whole["model"]), filled(repository, whole["repository"])
    assert long != (model, repository)
    read = [
        parse.parse(
            {"models.d/m.yaml": json.dumps(one).encode(), "reconciler.yaml": json.dumps(two).encode()}, revision="r"
        )
        for one, two in ((model, repository), long)
    ]
    assert read[0].problems == ()
    assert read[0] == read[1]
