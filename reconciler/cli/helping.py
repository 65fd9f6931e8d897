"""How a command shows its help: options in sections, examples last; and the flags about the terminal that all have."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import click

from reconciler.cli import terminal
from reconciler.cli.commands import Exampled

_MANY = 10
"""Options of a command that are told in sections."""

_SECTIONS: Mapping[str, frozenset[str]] = {
    "Repository": frozenset({"repo", "ref", "path", "require_fresh", "allowed_signers", "gpg_keys"}),
    "Target": frozenset({"target", "server", "volume", "timeout"}),
    "Telling others": frozenset(
        {
            "metrics_file",
            "pushgateway",
            "github_report",
            "github_repository",
            "github_api",
            "notify_url",
            "notify_mode",
            "require_notified",
            "traces",
        }
    ),
    "Output": frozenset({"output", "log_format", "color", "no_pager", "help"}),
}
"""What is common to several commands, by what it is about; all else comes first."""


def examples(*told: str) -> str:
    """The last section of a help: each what follows `reconcile`, or a remark on what is below."""
    lines = (one if one.startswith("#") else f"reconcile {one}" for one in told)
    return "\n".join(["\b", "Examples:", *(f"  {line}" for line in lines)])


class Command(Exampled):
    """A command; one that `pages` shows what is more than a screen in a pager."""

    def __init__(self, *args: Any, pages: bool = False, **more: Any) -> None:
        super().__init__(*args, **more)
        self.params += [_colour(), *([_no_pager()] if pages else [])]

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The options, those of the command itself first."""
        options = [one for one in self.get_params(ctx) if isinstance(one, click.Option)]
        shown = [("help" if "--help" in one.opts else one.name or "", one.get_help_record(ctx)) for one in options]
        records = [(name, record) for name, record in shown if record is not None]
        for title, rows in _sections(records) if len(records) > _MANY else [("Options", [row for _, row in records])]:
            with formatter.section(title):
                formatter.write_dl(rows)


def _sections(records: Iterable[tuple[str, tuple[str, str]]]) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    found: dict[str, list[tuple[str, str]]] = {"Options": [], **{title: [] for title in _SECTIONS}}
    for name, record in records:
        title = next((title for title, names in _SECTIONS.items() if name in names), "Options")
        found[title].append(record)
    return ((title, rows) for title, rows in found.items() if rows)


def _colour() -> click.Option:
    def wish(_context: click.Context, _parameter: click.Parameter, value: str | None) -> None:
        terminal.WISHES.colour = value or "auto"

    return click.Option(
        ["--color"],
        type=click.Choice(["auto", "always", "never"]),
        default="auto",
        is_eager=True,
        expose_value=False,
        callback=wish,
        envvar="RECONCILE_COLOR",
        show_envvar=True,
        help="Colours: where they go to a terminal, always or never; NO_COLOR, FORCE_COLOR and CLICOLOR count, too.",
    )


def _no_pager() -> click.Option:
    def wish(_context: click.Context, _parameter: click.Parameter, value: bool) -> None:
        terminal.WISHES.pager = not value

    return click.Option(
        ["--no-pager"],
        is_flag=True,
        expose_value=False,
        callback=wish,
        envvar="RECONCILE_NO_PAGER",
        show_envvar=True,
        help="Show what is longer than the terminal at once, and not in PAGER.",
    )
