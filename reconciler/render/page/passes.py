"""What was done lately, and what is to be done: plans and what came of them, in the words of the command line."""

from collections.abc import Iterator, Sequence

from reconciler.core.plan import Result
from reconciler.core.views.board import Board, Passed
from reconciler.core.views.tally import Ending
from reconciler.render import outcome_text, plan_text, words
from reconciler.render.line import Line
from reconciler.render.page.markup import Html, tag
from reconciler.render.page.parts import moment, preformatted, section
from reconciler.render.summary import changes

_MARKS = {Ending.SUCCESS: "✓"}
_SIMPLE = frozenset({Ending.SUCCESS, Ending.INCOMPLETE, Ending.INVALID})


def lately(board: Board) -> Html:
    """The last passes, the last first; that of a loop or a single run."""
    shown = (_pass(passed, opened=not index) for index, passed in enumerate(board.passes))
    return section("Last passes", *shown, name="passes")


def ahead(board: Board) -> Html:
    """What would be done now. A loop does it anyway."""
    if board.plan is None or board.passes or board.loop is not None:
        return Html("")
    name = "What would be done" if changes(board.plan) else "Nothing is to be done"
    return section(name, preformatted(plan_text.lines(board.plan), "plan"), name="plan")


def _pass(passed: Passed, *, opened: bool) -> Html:
    head = tag(
        "summary",
        moment(passed.began),
        " ",
        tag("strong", f"{_MARKS.get(passed.ending, '✗')} {passed.ending.value}", class_=_tone(passed.ending)),
        f" · {_done(passed)} · {words.duration(passed.seconds)}",
    )
    body = list(_body(passed))
    return tag("details", head, *body, open=opened, class_="pass")


def _tone(ending: Ending) -> str:
    return "ready" if ending is Ending.SUCCESS else "not-ready"


def _done(passed: Passed) -> str:
    if passed.outcomes:
        results = [outcome.result for outcome in passed.outcomes]
        return ", ".join(f"{results.count(result)} {result.value}" for result in Result if result in results)
    return "nothing was to be done" if passed.ending in _SIMPLE else "nothing was done"


def _body(passed: Passed) -> Iterator[Html]:
    if passed.message:
        yield tag("p", passed.message)
    if passed.first is not None:
        told = words.count(passed.repeats, "pass", "passes")
        yield tag("p", f"{told} before it, since ", moment(passed.first), ", were like it.", class_="faint")
    if passed.outcomes:
        yield tag("h3", "What came of it")
        yield preformatted(_outcomes(passed), "outcomes")
    if passed.plan is not None and not passed.plan.empty:
        yield tag("h3", "The plan")
        yield preformatted(plan_text.lines(passed.plan), "plan")
    elif passed.revision:
        yield tag("p", "Revision ", tag("code", words.revision(passed.revision)), class_="faint")


def _outcomes(passed: Passed) -> Sequence[Line]:
    """What did not go well first."""
    ranked = sorted(passed.outcomes, key=lambda outcome: outcome.result is Result.DONE)
    return [outcome_text.ended(outcome) for outcome in ranked]
