"""A review as Markdown, for a comment or a job summary: one section for each target, in as much room as there is.

Promise: never longer than asked; what is removed, refused or not known stands open, and what was cut is said.
"""

from collections.abc import Iterator, Sequence

from reconciler.core.markdown import plain
from reconciler.core.views.review import Planned, Review, Unplanned
from reconciler.render import plan_markdown, words
from reconciler.render.summary import Outlook, outlook, summarise

COMMENT = 60_000
"""Characters: a comment holds 65,536."""

SUMMARY = 250_000
"""Characters of at most four bytes: a job summary holds 1 MiB."""

_ROOM = 1_500
"""Less than this is too little for a plan."""
_LINES, _LONG = 20, 500


def document(review: Review, limit: int, head: str = "") -> str:
    """The review in at most `limit` characters, where those are some thousands. `head`: the first line."""
    opening = "\n".join([*([head] if head else []), *_opening(review, limit // 2)]) + "\n"
    return opening + "".join(_sections(review.results, limit - len(opening)))


def _opening(review: Review, limit: int) -> Iterator[str]:
    yield from ("## What `reconcile` would do", "")
    if review.revision:
        yield from (f"Looked at: `{words.revision(review.revision)}`.", "")
    yield from _problems(review, limit // 2)
    if review.broken:
        yield from ("**Nothing is planned:** `reconciler.yaml` must be right before anybody knows the targets.", "")
    if review.signed:
        yield "Commits must be signed here (`policy.verifyCommits`): whoever merges must, or `apply` will refuse it."
        yield ""
    if len(review.results) > 1:
        yield from _table(review.results, limit)


def _problems(review: Review, room: int) -> Iterator[str]:
    if not review.problems:
        return
    yield f"**{words.count(len(review.problems), 'problem')} in the files:**"
    for number, problem in enumerate(review.problems):
        line = f"- {plain(_short(words.line(str(problem))))}"
        room -= len(line) + 1
        if room < 0 or number == _LINES:
            yield f"- and {len(review.problems) - number} more, which the log of the job names"
            break
        yield line
    yield ""


def _short(text: str) -> str:
    return text if len(text) <= _LONG else text[:_LONG] + "…"


def _table(results: Sequence[Planned | Unplanned], limit: int) -> Iterator[str]:
    yield from ("| target | |", "| --- | --- |")
    for number, result in enumerate(results):
        row = f"| `{words.line(result.target)}` | {_in_short(result)} |"
        limit -= len(row) + 1
        if limit < 0:
            yield f"| … | {words.count(len(results) - number, 'more target')} |"
            break
        yield row
    yield ""


def _in_short(result: Planned | Unplanned) -> str:
    if isinstance(result, Unplanned):
        return f"**not planned: {result.error.reason.value}**"
    if result.plan.refusal is not None:
        return f"**refused: {result.plan.refusal.reason.value}**"
    if result.new:
        return "not known: it has no status yet"
    return "no changes" if outlook(result.plan) is Outlook.NONE else str(summarise(result.plan))


def _sections(results: Sequence[Planned | Unplanned], room: int) -> list[str]:
    """Each gets what it needs, or as much as all others that need more."""
    whole = [_section(result, max(room, _ROOM)) for result in results]
    shown = dict[int, str]()
    for number in sorted(range(len(whole)), key=lambda number: len(whole[number])):
        share = room // (len(whole) - len(shown))
        shown[number] = whole[number] if len(whole[number]) <= share else _cut(results[number], share)
        room -= len(shown[number])
    return [shown[number] for number in range(len(whole))]


def _cut(result: Planned | Unplanned, share: int) -> str:
    if share >= _ROOM:
        return _section(result, share)
    told = f"**The plan for {plain(words.line(result.target))} does not fit here.**\n\n"
    return told if len(told) <= share else ""


def _section(result: Planned | Unplanned, limit: int) -> str:
    if isinstance(result, Unplanned):
        return "\n".join(_failure(result)) + "\n\n"
    new = (
        "\n**No status of this target was ever committed, so nobody knows what is there.** "
        "The first `reconcile apply` commits one.\n\n"
        if result.new
        else "\n"
    )
    return plan_markdown.document(result.plan, limit=limit - len(new)) + new


def _failure(result: Unplanned) -> Iterator[str]:
    of = f" for {plain(words.line(result.target))}" if result.target else ""
    yield from (f"### No plan{of}", "")
    yield f"**{result.error.reason.value}:** {plain(_short(words.line(result.error.message)))}"
    if result.error.hint:
        yield from ("", plain(_short(words.line(result.error.hint))))
