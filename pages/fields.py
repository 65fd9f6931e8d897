"""What people write, field by field, out of the JSON Schemas that check it: docs/reference/model.md and its like."""

from collections.abc import Iterator
from typing import Any, cast

import yaml

from pages.markdown import anchor, block, code, page, table, value
from reconciler.core.schemas import schema_lock, schema_model, schema_repository

Node = dict[str, Any]

_CONFIG = "ModelConfig"
_HEAD = ("field", "type", "default", "", "for example")


def model() -> str:
    """models.d/*.yaml."""
    told = "One file for each model, `models.d/**/NAME.yaml`. Fields marked * must be there."
    return _document("A model", told, schema_model.model_schema())


def repository() -> str:
    """reconciler.yaml."""
    told = "`reconciler.yaml`, beside `models.d/`. It may be left out. Fields marked * must be there."
    return _document("The repository", told, schema_repository.repository_schema())


def lock() -> str:
    """models.d/*.lock."""
    told = "`models.d/**/NAME.lock`, which `reconcile lock` writes and nobody edits. Fields marked * must be there."
    return _document("A lock", told, schema_lock.lock_schema())


def config() -> str:
    """Triton's ModelConfig: its messages and what is in them."""
    told = (
        "What `spec.config` of a model and `spec.defaults.config` of the repository may say: the fields of Triton's own "
        "`config.pbtxt`, with Triton's names and meanings, as YAML. `null` removes what a lower layer says. What a field "
        "does is told by [Triton's documentation](https://docs.nvidia.com/deeplearning/triton-inference-server/)."
    )
    parts = [told]
    for name, message in cast("dict[str, Node]", schema_model.CONFIG["$defs"]).items():
        rows = [(code(key), _type(node)) for key, node in message["properties"].items()]
        parts += [f"## {name}", table(("field", "type"), rows) if rows else "It has no fields."]
    return page("Triton's ModelConfig", *parts)


def _document(title: str, told: str, whole: Any) -> str:
    example = block(yaml.safe_dump(whole["examples"][0], sort_keys=False, allow_unicode=True), "yaml")
    return page(title, told, example, *_sections("", whole))


def _sections(path: str, node: Node) -> Iterator[str]:
    """A mapping as a table, then the mappings in it."""
    properties: dict[str, Node] = node.get("properties", {})
    if properties:
        if path:
            yield f"## {path}"
            yield _says(node)
        required = set(node.get("required", ()))
        yield table(_HEAD, (_row(path, name, inner, required) for name, inner in properties.items()))
    for where, inner in _inside(path, node):
        yield from _sections(where, inner)


def _inside(path: str, node: Node) -> Iterator[tuple[str, Node]]:
    for name, inner in node.get("properties", {}).items():
        yield (f"{path}.{name}" if path else name), inner
    if isinstance(node.get("items"), dict):
        yield f"{path}[]", node["items"]
    if isinstance(node.get("additionalProperties"), dict):
        yield f"{path}.NAME", node["additionalProperties"]


def _row(path: str, name: str, node: Node, required: set[str]) -> tuple[str, ...]:
    where = f"{path}.{name}" if path else name
    mark = "*" if name in required else ""
    default = code(value(node["default"])) if "default" in node else ""
    examples = [code(value(example)) for example in node.get("examples", ())[:2]]
    return code(name) + mark, _linked(where, node), default, _says(node), "<br>".join(examples)


def _says(node: Node) -> str:
    """What it is for, and what is expected where its type alone does not say that."""
    expected = str(node.get("errorMessage", "")).removeprefix("expected ")
    return f"{node['description']} {expected[:1].upper()}{expected[1:]}{'.' if expected else ''}".strip()


def _linked(where: str, node: Node) -> str:
    """The type; where it has a table of its own it leads there."""
    if "$ref" in node:
        return f"[{_CONFIG}](config.md)"
    tables = [where, f"{where}[]", f"{where}.NAME"]
    below = dict(_inside(where, node))
    found = next((path for path in tables if below.get(path, node if path == where else {}).get("properties")), None)
    return _type(node) if found is None else f"[{_type(node)}](#{anchor(found)})"


def _type(node: Node) -> str:
    """The type in a few words."""
    if "anyOf" in node:
        return " or ".join(found for found in map(_type, node["anyOf"]) if found != "null")
    if "$ref" in node:
        name = node["$ref"].removeprefix("#/$defs/")
        return f"[{name}](#{anchor(name)})"
    if "const" in node:
        return code(value(node["const"]))
    if "enum" in node:
        return ", ".join(code(value(word)) for word in node["enum"])
    kinds = node.get("type", "anything")
    return " or ".join(_word(kind, node) for kind in ([kinds] if isinstance(kinds, str) else kinds))


def _word(kind: str, node: Node) -> str:
    match kind:
        case "string":
            return "text"
        case "object":
            return "mapping"
        case "array":
            inner = _type(node["items"]) if isinstance(node.get("items"), dict) else "anything"
            return f"list of {inner}"
        case _:
            return kind
