"""The reference is made from the code, and has all of it."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import click
import pytest

from pages import advice, exits, plan_keys, reasons, reference
from reconciler import cli
from reconciler.adapters.metrics import names
from reconciler.cli.codes import Exit
from reconciler.core.errors import Reason
from reconciler.core.schemas import schema_plan
from reconciler.core.statuses.conditions import Kind
from reconciler.core.views.board import Light

ROOT = Path(__file__).parents[2]
MADE = reference.files()


def commands(group: click.Group, context: click.Context) -> Iterator[click.Command]:
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield command
        if isinstance(command, click.Group):
            yield from commands(command, click.Context(command, info_name=name, parent=context))


@pytest.mark.parametrize("path", sorted(MADE))
def test_what_is_committed_is_what_the_code_gives(path: str) -> None:
    assert (ROOT / path).read_text() == MADE[path], "run `make reference`"


def test_no_page_of_the_reference_is_left_of_something_that_is_gone() -> None:
    there = {str(file.relative_to(ROOT)) for file in (ROOT / "docs" / "reference").iterdir()}
    assert there <= MADE.keys()


def test_every_reason_says_once_what_it_means_and_what_to_do() -> None:
    told = [one for chapter in advice.CHAPTERS for one in chapter.advice]
    assert sorted(one.reason.value for one in told) == sorted(reason.value for reason in Reason)
    assert [one.reason for one in told if not all(text.rstrip(")")[-1] in ".?" for text in (one.means, one.do))] == []


def test_every_exit_code_condition_and_state_is_explained() -> None:
    assert exits.MEANINGS.keys() == {*Exit}
    assert reasons.CONDITIONS.keys() == {*Kind}
    assert reasons.LIGHTS.keys() == {*Light}


def test_every_command_and_every_option_is_on_the_page_with_its_variable() -> None:
    page = MADE["docs/reference/cli.md"]
    context = click.Context(cli.group, info_name="reconcile")
    for command in commands(cli.group, context):
        assert f" {command.name}\n" in page
        for option in (one for one in command.params if isinstance(one, click.Option) and not one.hidden):
            row = next(line for line in page.splitlines() if line.startswith(f"| `{', '.join(option.opts)}"))
            assert not option.envvar or str(option.envvar) in page
            assert (option.help or "").split("`")[0].replace("|", "\\|")[:20] in page, row


def test_what_a_command_says_of_itself_is_prose_on_the_page() -> None:
    told = re.sub(r"^```.*?^```", "", MADE["docs/reference/cli.md"], flags=re.DOTALL | re.MULTILINE)
    assert [line for line in told.splitlines() if line.startswith(" ")] == []


def test_every_command_has_an_example_on_the_page() -> None:
    page = MADE["docs/reference/cli.md"]
    context = click.Context(cli.group, info_name="reconcile")
    parts = page.split("\n## ")[1:]
    assert len(parts) == 1 + len([*commands(cli.group, context)])
    assert [part.splitlines()[0] for part in parts if not re.search(r"```sh\n(#.*\n)*reconcile ", part)] == []


def test_every_metric_is_on_the_page_and_shown() -> None:
    page = MADE["docs/reference/metrics.md"]
    shown = page.partition("## What they look like")[2]
    for one in names.ALL:
        assert f"| `{one.name}` | {one.type.value} |" in page
        assert one is names.BUILD or one.name in shown


def test_every_key_of_a_plan_is_described() -> None:
    for form in cast("list[Any]", schema_plan.plan_schema()["oneOf"]):
        assert [path for path, node in plan_keys.rows_of("", form) if not node.get("description")] == []


def test_the_plan_that_is_shown_has_every_key_of_a_plan() -> None:
    text = MADE["docs/reference/plan-json.md"].partition("```json\n")[2].partition("\n```")[0]
    whole = cast("list[Any]", schema_plan.plan_schema()["oneOf"])[0]
    assert json.loads(text).keys() == whole["properties"].keys()
