"""The commands by name. Each is imported when it is asked for: imports take longer than most of what is asked."""

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import click


@dataclass(frozen=True, slots=True)
class Command:
    """Where a command is, below reconciler.cli, and what the list of commands says of it: its help begins with that."""

    place: str
    says: str


COMMANDS: Mapping[str, Command] = {
    "apply": Command("apply:apply", "Plan, and carry the plan out."),
    "completion": Command(
        "completion:completion", "Print the script that completes commands, options, models and targets in a shell."
    ),
    "demo": Command("demo:demo", "Show the whole thing on this machine: a real Triton, real git, small models."),
    "explain": Command(
        "explain:explain", "Show where each setting of MODEL comes from, what it needs, and what would change and why."
    ),
    "gc": Command(
        "gc:gc", "Remove what nothing refers to: files, trees and half-fetched files of generations that are gone."
    ),
    "graph": Command("graph:graph", "Draw which model needs which, coloured by how each stands."),
    "import": Command("importing:group", "Write models.d files from another system."),
    "init": Command("init:init", "Write a starter repository into DIR, which is this folder if none is named."),
    "lock": Command("lock:lock", "Write what the models' sources hold into locks."),
    "plan": Command("plan:plan", "Say what would happen; change nothing."),
    "report": Command(
        "report:report",
        "Write one HTML page that shows every model, why it is not ready, who needs whom, and what would be done.",
    ),
    "review": Command("review:review", "Check a pull request on GitHub, and tell there what it would do."),
    "run": Command(
        "run:run",
        "Keep a target as git says: look at everything again and again, and carry out what is to be done.",
    ),
    "show": Command("show:show", "Print a plan that `plan --out` saved, and say whether it is stale (exit 3)."),
    "status": Command(
        "status:status",
        "Show what is desired, on disk and loaded, and why not; of one MODEL also what became of its last generations.",
    ),
    "validate": Command("validate:validate", "Check files without network: every error of every file, at once."),
}


class Exampled(click.Command):
    """A command whose epilog is a section of its help like the others."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The examples."""
        del ctx
        if self.epilog:
            formatter.write_paragraph()
            formatter.write_text(self.epilog)


class Group(Exampled, click.Group):
    """The program's commands."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Their names."""
        return sorted({*COMMANDS, *self.commands})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """One of them, imported."""
        if cmd_name not in self.commands and cmd_name in COMMANDS:
            module, _, name = COMMANDS[cmd_name].place.partition(":")
            self.add_command(getattr(importlib.import_module(f"reconciler.cli.{module}"), name))
        return super().get_command(ctx, cmd_name)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The same as click's, which knows only what was imported: with what was meant."""
        if not ctx.resilient_parsing and args[0] not in self.list_commands(ctx) and not args[0].startswith("-"):
            from reconciler.core.nearest import nearest

            meant = nearest(args[0], self.list_commands(ctx))
            ctx.fail(f"No such command {args[0]!r}." + (f" Did you mean {meant!r}?" if meant else ""))
        return super().resolve_command(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[Any]:
        """Commands and options, with no command imported: somebody waits for it."""
        from click.shell_completion import CompletionItem

        found = [CompletionItem(name, help=one.says) for name, one in COMMANDS.items() if name.startswith(incomplete)]
        return [*found, *click.Command.shell_complete(self, ctx, incomplete)]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """What each does, with nothing imported."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, command.says) for name, command in COMMANDS.items()])
