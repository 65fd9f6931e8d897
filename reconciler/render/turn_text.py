"""A turn of the loop as text: said once, and again only when there is something else to say."""

from collections.abc import Mapping

from reconciler.core.plan import Plan
from reconciler.core.statuses.conditions import ModelStatus
from reconciler.render import outcome_text, words
from reconciler.render.line import Line, Tone
from reconciler.render.reasons import why


def turned(plan: Plan, statuses: Mapping[str, ModelStatus], begun: int, running: int) -> list[Line]:
    """What it did, or why it did nothing, and what is not as it is wanted once nothing is under way.

    `begun`: how many steps it began; `running`: how many are under way in all.
    """
    where = f"{words.line(plan.target)} at {words.revision(plan.revision)}"
    lines = [Line(f"Cannot tell: {words.line(fact)}", Tone.ALERT) for fact in plan.unknown]
    if plan.not_fresh:
        lines.append(Line(f"Perhaps not the latest revision: {words.line(plan.not_fresh)}", Tone.ALERT))
    if plan.refusal is not None:
        told = why(plan.refusal.reason, plan.refusal.message)
        return [*lines, Line(f"{where}: refused: {told}", Tone.ALERT), *_hint(plan.refusal.hint)]
    if begun or running:
        return [*lines, Line(f"{where}: {_work(begun, running)}.", Tone.TITLE)]
    ready = sum(status.ready for status in statuses.values())
    told = f"{words.count(ready, 'model')} ready" + (f", {len(statuses) - ready} not" if ready < len(statuses) else "")
    short = "not everything is known" if plan.unknown else "nothing to do"
    return [*lines, Line(f"{where}: {short}, {told}.", Tone.TITLE), *outcome_text.not_ready(statuses)]


def _work(begun: int, running: int) -> str:
    before = running - begun
    parts = [f"{words.count(begun, 'step')} begun"] if begun else []
    return ", ".join([*parts, f"{words.count(before, 'step')} under way"] if before > 0 else parts)


def _hint(hint: str) -> list[Line]:
    return [Line(f"  {words.line(hint)}")] if hint else []
