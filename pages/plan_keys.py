"""docs/reference/plan-json.md: every key of `reconcile plan -o json`, and a plan that has them."""

import json
from collections.abc import Iterator
from typing import Any, cast

from pages.markdown import block, code, page, table
from reconciler.core.schemas import schema_plan
from reconciler.render import plan_json
from tests.plan_samples import EVERYTHING

_INTRODUCTION = """\
What `reconcile plan -o json` prints. Within a major version of
`format_version` keys are only ever added, so read what you know and ignore the rest. The same as a JSON Schema:
[plan.schema.json](../../schemas/plan.schema.json). Where no plan could be made there is `error` instead, with the same
`format_version`. What the words of `reason` mean: [reasons](reasons.md).
"""

_SHOWN = 2


def text() -> str:
    """The page."""
    plan, failed = cast("list[Any]", schema_plan.plan_schema()["oneOf"])
    rows = [(code(path), _type(node), node.get("description", "")) for path, node in rows_of("", plan)]
    error = [(code(path), _type(node), node.get("description", "")) for path, node in rows_of("", failed)]
    head = ("key", "type", "")
    shown = block(json.dumps(_example(), indent=2), "json")
    parts = (_INTRODUCTION, "## A plan", table(head, rows), "## No plan", table(head, error), "## An example", shown)
    return page("JSON of a plan", *parts)


def rows_of(path: str, node: Any) -> Iterator[tuple[str, Any]]:
    """Every key with its path, in order."""
    for name, inner in node.get("properties", {}).items():
        where = f"{path}.{name}" if path else name
        yield where, inner
        yield from rows_of(where, inner)
    for choice in node.get("anyOf", ()):
        yield from rows_of(path, choice)
    for word, mark in (("items", "[]"), ("additionalProperties", ".NAME")):
        if isinstance(node.get(word), dict):
            yield from rows_of(path + mark, node[word])


def _type(node: Any) -> str:
    if "enum" in node:
        return ", ".join(code(json.dumps(word)) for word in node["enum"])
    if "anyOf" in node:
        return " or ".join(map(_type, node["anyOf"]))
    kinds = node.get("type", "anything")
    return kinds if isinstance(kinds, str) else " or ".join(kinds)


def _example() -> dict[str, Any]:
    """A plan with some of everything, cut short."""
    whole: dict[str, Any] = dict(plan_json.document(EVERYTHING, ()))
    return whole | {key: whole[key][:_SHOWN] for key in ("models", "steps")}
