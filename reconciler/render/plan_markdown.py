"""A plan as Markdown for pull requests: what a reviewer must not miss stands open, the rest in folds.

Promise: never longer than asked, and what was cut is said; foreign text stays text.
"""

from collections.abc import Iterable, Iterator, Sequence

from reconciler.core.errors import Problem
from reconciler.core.markdown import plain
from reconciler.core.plan import Change, ModelPlan, Plan
from reconciler.render import plan_text, resources, steps, words
from reconciler.render.reasons import why
from reconciler.render.summary import Outlook, asked_for, outlook, prunes, summarise, to_fetch

LIMIT = 60_000
"""Characters: a comment on GitHub holds 65,536, and a script puts a few around it."""

_CHANGING = (Change.CREATE, Change.UPDATE, Change.MEND, Change.MOVE, Change.RECREATE)


def document(plan: Plan, problems: Sequence[Problem] = (), limit: int = LIMIT) -> str:
    """The plan, in at most `limit` characters where that is more than a thousand or so."""
    head = [*_head(plan), *_problems(problems), *_refusal(plan), *_unknown(plan), *_removed(plan)]
    folds = [*_changed(plan), *_held(plan), *_others(plan)]
    return "\n".join(_cut([*head, *folds], limit)) + "\n"


def _head(plan: Plan) -> Iterator[str]:
    yield f"### Plan for {_text(plan.target)} at {_code(words.revision(plan.revision))}"
    yield ""
    yield from _age(plan)
    if outlook(plan) is not Outlook.NONE or plan.refusal:
        yield f"**{summarise(plan)}**"
        if fetched := to_fetch(plan.steps):
            yield f"To fetch: {fetched}."
        yield from (f"- {_text(told)}" for told in resources.told(plan.spans))
    else:
        yield "**No changes.**"
    yield from (f"- warning: {_text(told)}" for told in resources.warnings(plan.spans))
    gaps = [model for model in asked_for(plan) if model.gap]
    yield from ["", "**Gaps in service:**", *(_item(model, model.gap) for model in gaps)] if gaps else ()
    yield from _versions_that_go(plan)


def _age(plan: Plan) -> Iterator[str]:
    if plan.remembered:
        yield from (plan_text.REMEMBERED, "")
    if plan.not_fresh:
        yield from (f"**Perhaps old, this is the last known revision:** {_text(plan.not_fresh)}", "")


def _versions_that_go(plan: Plan) -> Iterator[str]:
    going = [model for model in asked_for(plan) if model.versions.going and plan_text.versions(model)]
    if going:
        yield from ("", "**Versions that go away:**", *(_item(model, plan_text.versions(model)) for model in going))


def _problems(problems: Sequence[Problem]) -> Iterator[str]:
    if problems:
        yield from ("", f"**{words.count(len(problems), 'problem')} in the files:**")
        yield from (f"- {_text(str(problem))}" for problem in problems)


def _refusal(plan: Plan) -> Iterator[str]:
    if plan.refusal is not None:
        yield from (
            "",
            f"**Refused, nothing of this will be done:** {_text(why(plan.refusal.reason, plan.refusal.message))}",
        )
        yield _text(plan.refusal.hint)


def _unknown(plan: Plan) -> Iterator[str]:
    if plan.unknown:
        yield from ("", "**Not complete: this could not be looked at:**")
        yield from (f"- {_text(thing)}" for thing in plan.unknown)


def _removed(plan: Plan) -> Iterator[str]:
    """Open, for a removal in a fold is one that nobody reads."""
    removed = [model for model in asked_for(plan) if model.change is Change.REMOVE]
    if removed:
        yield from ("", f"**{words.count(len(removed), 'model')} removed:**")
        yield from (_item(model, why(model.reason, model.message)) for model in removed)


def _changed(plan: Plan) -> Iterator[str]:
    by_id = {step.id: step for step in plan.steps}
    changed = [model for model in asked_for(plan) if model.change in _CHANGING]
    rows: list[str] = []
    for model in changed:
        rows.append(_item(model, f"{model.change.value}: {why(model.reason, model.message)}"))
        own = [by_id[id_] for id_ in model.steps if id_ in by_id]
        rows += [f"  - {_text(plan_text.step_line(step, model, by_id))}" for step in own]
        rows += [f"  - {told}" for told in _facts(model)]
        rows += [f"  - warning: {_text(warning)}" for warning in model.warnings]
    yield from _fold(f"{words.count(len(changed), 'model')} added or changed", rows)
    yield from _fold("Pruned", [f"- {_text(steps.pruning(action))}" for action in prunes(plan)])


def _facts(model: ModelPlan) -> Iterator[str]:
    if told := plan_text.moves(model):
        yield _text(told)
    if told := plan_text.versions(model):
        yield told
    if model.foreign_needs:
        yield _text(plan_text.foreign_needs(model))


def _held(plan: Plan) -> Iterator[str]:
    held = [model for model in asked_for(plan) if model.change is Change.HELD]
    rows = [_item(model, why(model.reason, model.message)) for model in held]
    yield from _fold(f"{words.count(len(held), 'model')} held", rows)
    unknown = [model for model in asked_for(plan) if model.change is Change.UNKNOWN]
    rows = [_item(model, why(model.reason, model.message)) for model in unknown]
    yield from _fold(f"{words.count(len(unknown), 'model')} of which it is not known whether it changes", rows)


def _others(plan: Plan) -> Iterator[str]:
    same = [_code(model.model) for model in asked_for(plan) if model.change is Change.UNCHANGED]
    yield from _fold(f"{words.count(len(same), 'model')} unchanged", [", ".join(same)] if same else [])
    foreign = [model for model in asked_for(plan) if model.change is Change.FOREIGN]
    rows = [_item(model, model.message) for model in foreign]
    yield from _fold(f"{words.count(len(foreign), 'model')} not ours", rows)


def _fold(title: str, rows: Iterable[str]) -> list[str]:
    told = list(rows)
    return ["", f"<details><summary>{title}</summary>", "", *told, "", "</details>"] if told else []


def _item(model: ModelPlan, told: str) -> str:
    return f"- {_code(model.model)} {_text(told)}"


def _text(foreign: str) -> str:
    return plain(words.line(foreign))


def _code(foreign: str) -> str:
    """A code span where that can hold it."""
    shown = words.line(foreign)
    return _text(foreign) if "`" in shown or not shown else f"`{shown}`"


def _cut(lines: Sequence[str], limit: int) -> list[str]:
    """As many lines as fit, with a word that it was cut and the fold that was open closed."""
    if sum(len(line) + 1 for line in lines) <= limit:
        return list(lines)
    left, kept, open_fold = limit - 200, list[str](), False
    for line in lines:
        left -= len(line) + 1
        if left < 0:
            break
        kept.append(line)
        open_fold = line.startswith("<details>") or (open_fold and line != "</details>")
    missing = len(lines) - len(kept)
    closing = ["", "</details>"] if open_fold else []
    return [*kept, *closing, "", f"**Cut here: {missing} more lines do not fit. `reconcile plan` shows all of it.**"]
