"""The top of the page: which target, which revision, how many are ready, and what else somebody must know first."""

from collections.abc import Iterator

from reconciler.core.views.board import Board, Light
from reconciler.render import problems, resources, words
from reconciler.render.page.markup import Html, tag
from reconciler.render.page.parts import MARKS, moment, preformatted, section, style_of, table

_NO_LOOK = "This is how things stood when the status branch was last written; nothing was looked at."


def title(board: Board) -> str:
    """`prod: 3 of 5 models are ready`."""
    ready = sum(light is Light.READY for light in board.lights().values())
    return f"{words.line(board.target)}: {ready} of {words.count(len(board.models), 'model')} ready"


def header(board: Board) -> Html:
    """Heading, revision and time, counts, and whatever is out of the ordinary."""
    revision = tag("code", words.revision(board.revision)) if board.revision else tag("span", "no revision yet")
    facts = [tag("span", "revision ", revision), tag("span", "as of ", moment(board.at)), *_of_the_loop(board)]
    top = tag("h1", title(board)) + tag("p", *_between(facts), class_="facts")
    return tag("header", top, _counts(board), *_notes(board))


def _between(parts: list[Html]) -> Iterator[Html | str]:
    for index, part in enumerate(parts):
        yield from ((" · ",) if index else ())
        yield part


def _of_the_loop(board: Board) -> Iterator[Html]:
    if board.loop is not None:
        yield tag("span", "turning since ", moment(board.loop.since))
        if board.loop.running is not None:
            yield tag("span", "a pass is running since ", moment(board.loop.running))


def _counts(board: Board) -> Html:
    lights = list(board.lights().values())
    shown = [light for light in reversed(Light) if light in lights or light is Light.READY]
    tiles = [_tile(light, lights.count(light)) for light in shown]
    return tag("ul", *tiles, class_="tiles", aria_label="models by state")


def _tile(light: Light, count: int) -> Html:
    return tag("li", tag("strong", str(count)), tag("span", f"{MARKS[light]} {light.value}"), class_=style_of(light))


def _notes(board: Board) -> Iterator[Html]:
    """What nobody should overlook."""
    if board.remembered:
        yield _note(_NO_LOOK, "note")
    if board.held is not None:
        refused = words.revision(board.held.refused)
        yield _note(f"Held at {words.revision(board.held.revision)}: {refused} is not trusted. {board.held.message}")
    if board.not_fresh:
        yield _note(f"Perhaps old: this is the last known revision. {board.not_fresh}")
    if board.plan is not None and board.plan.refusal is not None:
        refusal = board.plan.refusal
        yield _note(f"Refused: {refusal.reason.value}: {refusal.message}. {refusal.hint}")
    for thing in board.unknown:
        yield _note(f"Not known: {thing}")
    for told in resources.warnings(board.spans):
        yield _note(told)


def _note(told: str, style: str = "note alert") -> Html:
    return tag("p", told, class_=style)


def rejected(board: Board) -> Html:
    """Faults of files, as compilers write them."""
    told = preformatted(problems.lines(board.problems), "faults of files") if board.problems else Html("")
    return section("Files with errors", told, name="errors")


def world(board: Board) -> Html:
    """The servers, and what is taken of memory and disk."""
    rows = [(one.url, "✓ answers" if one.up else "✗ does not answer", one.told) for one in board.servers]
    servers = table(("Server", "State", ""), rows, "servers") if rows else Html("")
    room = [tag("li", line) for line in resources.told(board.spans)]
    return section("Servers and room", servers, tag("ul", *room) if room else Html(""), name="servers")
