"""What reaches the terminal: colours only where a terminal wants them, errors in one form."""

import io
from collections.abc import Iterable, Mapping

import click

from reconciler.cli import logs, terminal
from reconciler.core.errors import Problem, Reason, ReconcileError
from reconciler.core.jsonvalue import JsonObject
from reconciler.render import json_text, words
from reconciler.render.line import Line, Tone, wrapped

COLOURS: Mapping[Tone, str] = {
    Tone.ADD: "green",
    Tone.CHANGE: "yellow",
    Tone.REMOVE: "red",
    Tone.HELD: "magenta",
    Tone.ALERT: "red",
    Tone.FAINT: "bright_black",
}


def _coloured(line: Line) -> str:
    if line.tone is Tone.TITLE:
        return click.style(line.text, bold=True)
    return click.style(line.text, fg=COLOURS[line.tone]) if line.tone in COLOURS else line.text


def show(lines: Iterable[Line], *, err: bool = False) -> None:
    """Prints lines: folded to the terminal's width, coloured where that is wanted."""
    for text in _told(lines, err=err):
        click.echo(text, err=err, color=terminal.coloured(err=err))


def page(lines: Iterable[Line]) -> None:
    """The same on stdout, in a pager where it is more than the screen of somebody who looks at it."""
    told = _told(lines, err=False)
    if not (terminal.is_screenful(len(told)) and terminal.paged("".join(f"{text}\n" for text in told))):
        for text in told:
            click.echo(text, color=terminal.coloured(err=False))


def _told(lines: Iterable[Line], *, err: bool) -> list[str]:
    laid_out = wrapped(lines, terminal.width(err=err))
    return [_coloured(line) for line in laid_out] if terminal.coloured(err=err) else [line.text for line in laid_out]


def document(value: JsonObject) -> None:
    """Prints one JSON document."""
    click.echo(json_text.pretty(value), nl=False)


def complain(message: str) -> None:
    """Says on stderr why the run ended."""
    show([Line(f"reconcile: {words.line(message)}", Tone.ALERT)], err=True)


def complain_of(error: ReconcileError, *, as_json: bool) -> None:
    """Says on stderr what happened, why, and what to do next."""
    if as_json:
        shown: JsonObject = {"reason": error.reason.value, "message": error.message, "hint": error.hint}
        logs.tell("error", "error", shown)
        return
    first, *more = error.message.splitlines() or [""]
    complain(f"{error.reason.value}: {first}")
    show([Line(f"  {words.line(line)}", Tone.ALERT) for line in more], err=True)
    if error.hint:
        show([Line(f"  {words.line(error.hint)}")], err=True)


def faults(found: Iterable[Problem], *, as_json: bool) -> None:
    """Says on stderr what is wrong with the documents."""
    from reconciler.render import plan_json, problems

    if not as_json:
        show(problems.lines(found), err=True)
        return
    for problem in found:
        told: JsonObject = {"reason": Reason.INVALID.value, "message": str(problem)}
        logs.tell("error", "problem", told | plan_json.problem(problem))


def failure(error: ReconcileError) -> JsonObject:
    """The error that ended a run as a document, where one was asked for."""
    from reconciler.render.plan_json import FORMAT_VERSION

    told: JsonObject = {"reason": error.reason.value, "message": error.message, "hint": error.hint}
    cleaned: JsonObject = {key: words.text(str(text)) for key, text in told.items()}
    return {"format_version": FORMAT_VERSION, "error": cleaned}


def complain_of_usage(error: click.ClickException) -> None:
    """Says on stderr what is wrong with the command line; what it quotes may be a file name of anybody's."""
    told = io.StringIO()
    error.show(told)
    click.echo(words.text(told.getvalue()), nl=False, err=True)


def complain_of_bug(told: str) -> None:
    """Says that this is our fault, and how to get what a report of it needs."""
    complain(f"this is a bug: {told}")
    show([Line("  Please report it with what RECONCILE_DEBUG=1 prints for the same command.")], err=True)
