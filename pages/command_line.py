"""docs/reference/cli.md: every command with its options, their variables and its examples, asked of click itself."""

import inspect
import re
from collections.abc import Iterator

import click

from pages.markdown import block, code, page, table
from reconciler import cli

_WIDE = 100
_EXAMPLES = re.compile(r"^\s*Examples?:\n(.*?)(?=^\S|\Z)", re.MULTILINE | re.DOTALL)

_INTRODUCTION = """\
Flags win over their environment variables, and these over `reconciler.yaml`. A variable that is set but empty counts as
not set. `reconcile COMMAND --help` says the same as this page. What the numbers mean that a command ends with:
[exit codes](exit-codes.md).
"""


def text() -> str:
    """The page."""
    top = click.Context(cli.group, info_name=cli.NAME, max_content_width=_WIDE, terminal_width=_WIDE)
    return page("The command line", _INTRODUCTION, *_of(cli.group, top))


def _of(command: click.Command, context: click.Context) -> Iterator[str]:
    """A command, then those below it."""
    yield f"## {context.command_path}"
    yield _help(command)
    yield block(_usage(command, context), "text")
    yield _options(command, context)
    found = _EXAMPLES.search(command.get_help(context))
    if found is not None:
        lines = [line.strip() for line in found[1].splitlines()]
        yield block("\n".join(line for line in lines if line), "sh")
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            if below is not None and not below.hidden:
                inner = click.Context(below, info_name=name, parent=context, terminal_width=_WIDE)
                yield from _of(below, inner)


def _help(command: click.Command) -> str:
    """Without the marks that keep click from filling a paragraph, and without examples, which come by themselves."""
    told = inspect.cleandoc(command.help or "").replace("\b", "").replace("\f", "")
    return re.sub(r"\n\s*Examples?:\n.*", "", told, flags=re.DOTALL)


def _usage(command: click.Command, context: click.Context) -> str:
    return " ".join([context.command_path, *command.collect_usage_pieces(context)])


def _options(command: click.Command, context: click.Context) -> str:
    rows = [_row(option, context) for option in command.params if isinstance(option, click.Option)]
    shown = [row for row in rows if row is not None]
    return table(("option", "variable", "default", ""), shown) if shown else ""


def _row(option: click.Option, context: click.Context) -> tuple[str, str, str, str] | None:
    if option.hidden:
        return None
    takes = "" if option.is_flag or option.count else f" {option.make_metavar(context)}"
    names = " / ".join([", ".join(option.opts), *option.secondary_opts])
    variables = [option.envvar] if isinstance(option.envvar, str) else list(option.envvar or ())
    told = (option.help or "").rstrip()
    if option.required:
        told += " Required."
    return code(names + takes), ", ".join(map(code, variables)), code(_default(option, context)), told


def _default(option: click.Option, context: click.Context) -> str:
    """What counts where nothing is said, if that says anything."""
    found = option.get_default(context)
    return str(found) if isinstance(found, str | int | float) and not isinstance(found, bool) else ""
