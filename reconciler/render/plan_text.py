"""A plan as text (spec §5): each model with its sign and reason, its steps in order, the counts last."""

from collections.abc import Iterator, Mapping

from reconciler.core.errors import Reason
from reconciler.core.plan import Change, ModelPlan, Plan, Refusal, Step
from reconciler.core.quantities import in_words
from reconciler.render import resources, steps, words
from reconciler.render.line import Line, Tone
from reconciler.render.reasons import why
from reconciler.render.summary import Outlook, asked_for, not_asked_for, outlook, prunes, summarise, to_fetch

SIGNS: Mapping[Change, tuple[str, Tone]] = {
    Change.CREATE: ("+", Tone.ADD),
    Change.UPDATE: ("~", Tone.CHANGE),
    Change.MEND: ("~", Tone.CHANGE),
    Change.MOVE: ("~", Tone.CHANGE),
    Change.RECREATE: ("-/+", Tone.CHANGE),
    Change.REMOVE: ("-", Tone.REMOVE),
    Change.HELD: ("!", Tone.HELD),
    Change.UNKNOWN: ("?", Tone.HELD),
    Change.FOREIGN: ("·", Tone.FAINT),
    Change.UNCHANGED: (" ", Tone.FAINT),
}
_ORDER = {Change.UNCHANGED: 1, Change.UNKNOWN: 2, Change.HELD: 3, Change.FOREIGN: 4}  # what changes stands first
_BELOW = "      "
REMEMBERED = "Planned against the last committed status: the volume, the servers and the sources were not looked at."


def lines(plan: Plan) -> list[Line]:
    """The whole plan; its last line is the counts, or the sentence that says that nothing changes."""
    return [
        Line(f"Target {words.line(plan.target)}, revision {words.revision(plan.revision)}.", Tone.TITLE),
        *([Line(REMEMBERED, Tone.HELD)] if plan.remembered else []),
        *perhaps_old(plan),
        *_models(plan),
        *_pruned(plan),
        *not_looked_at(plan),
        *_refused(plan.refusal),
        Line(""),
        *_last(plan),
    ]


def perhaps_old(plan: Plan) -> list[Line]:
    """That the revision may not be the latest, and why."""
    if not plan.not_fresh:
        return []
    told = f"PERHAPS OLD: {words.revision(plan.revision)} is the last known revision; {words.line(plan.not_fresh)}"
    return [Line(told, Tone.ALERT)]


def _models(plan: Plan) -> Iterator[Line]:
    by_id = {step.id: step for step in plan.steps}
    shown = [model for model in asked_for(plan) if model.change is not Change.UNCHANGED or model.warnings]
    for model in sorted(shown, key=lambda model: (_ORDER.get(model.change, 0), model.model)):
        yield Line("")
        yield from _model(model, by_id)
    if others := not_asked_for(plan):
        yield from (Line(""), Line(others, Tone.FAINT))


def _model(model: ModelPlan, by_id: Mapping[str, Step]) -> Iterator[Line]:
    sign, tone = SIGNS[model.change]
    yield Line(f"{sign:>3} {words.line(model.model)}  {_generations(model)}".rstrip(), tone)
    yield Line(_BELOW + why(model.reason, model.message))
    if told := moves(model):
        yield Line(_BELOW + told)
    own = set(model.steps)
    for step in by_id.values():
        if step.id in own:
            yield Line(_BELOW + step_line(step, model, by_id))
    if model.deferred:
        yield Line(_BELOW + "what follows is planned once it is fetched", Tone.FAINT)
    if model.foreign_needs:
        yield Line(_BELOW + foreign_needs(model), Tone.FAINT)
    if model.gap:
        yield Line(f"{_BELOW}gap in service: {words.line(model.gap)}", Tone.ALERT)
    if told := versions(model):
        yield Line(f"{_BELOW}{told}", Tone.ALERT if model.versions.going else Tone.PLAIN)
    for warning in model.warnings:
        yield Line(f"{_BELOW}warning: {words.line(warning)}", Tone.HELD)


def moves(model: ModelPlan) -> str:
    """Where it goes and from where; empty if it stays."""
    leaves, to = (", ".join(map(words.line, names)) for names in (model.moves.leaves, model.moves.comes_to))
    if not leaves:
        return ""
    return f"moves from {leaves} to {to}, where it is loaded first" if to else f"leaves {leaves}"


def foreign_needs(model: ModelPlan) -> str:
    """What must be there already, since it is not ours to bring."""
    names = ", ".join(map(words.line, model.foreign_needs))
    return f"needs {names}, which {'is' if len(model.foreign_needs) == 1 else 'are'} not ours"


def versions(model: ModelPlan) -> str:
    """Which versions answer now and which will; empty where they are the same, or it goes as a whole."""
    before, after, going = model.versions.before, model.versions.after, model.versions.going
    if not before or not after or before == after:
        return ""
    gone = f": {_listed(going)} {'goes' if len(going) == 1 else 'go'} away" if going else ""
    return f"versions {_listed(before)} → {_listed(after)}{gone}"


def _listed(numbers: tuple[int, ...]) -> str:
    return ", ".join(map(str, numbers))


def _generations(model: ModelPlan) -> str:
    before = words.short(model.active) if model.active else ""
    fixed = {Change.FOREIGN: "not ours", Change.UNKNOWN: f"{before} → ?".strip()}
    if model.change in fixed:
        return fixed[model.change]
    match model.change:
        case Change.HELD:
            return f"{'stalled' if model.stalled else 'held'}{f', stays at {before}' if before else ''}"
        case Change.REMOVE | Change.UNCHANGED:
            return before
        case _:
            after = "(known after fetch)" if model.wanted is None else words.short(model.wanted)
            return after if before == after else f"{before} → {after}".strip()


def step_line(step: Step, model: ModelPlan, by_id: Mapping[str, Step]) -> str:
    """A step below its model."""
    notes = [step.reason.value] if step.reason is not model.reason else []
    notes += [words.line(step.detail)] if step.detail else []
    awaited = steps.awaited(step, by_id)
    notes += [f"after {', '.join(awaited)}"] if awaited else []
    return steps.doing(step) + (f"  ({'; '.join(notes)})" if notes else "")


def _pruned(plan: Plan) -> list[Line]:
    told = [Line(steps.pruning(action), Tone.REMOVE) for action in prunes(plan)]
    return [Line(""), *told] if told else []


def not_looked_at(plan: Plan) -> list[Line]:
    """Servers and sources that the plan knows nothing of."""
    if not plan.unknown:
        return []
    head = Line("Not complete: this could not be looked at, so nothing is said or done about it:", Tone.ALERT)
    return [Line(""), head, *(Line(f"  - {words.line(thing)}", Tone.ALERT) for thing in plan.unknown)]


def _refused(refusal: Refusal | None) -> list[Line]:
    if refusal is None:
        return []
    told = [
        Line(""),
        Line(f"Refused, nothing of this will be done: {why(refusal.reason, refusal.message)}", Tone.ALERT),
    ]
    return told + ([Line(f"  {words.line(refusal.hint)}")] if refusal.hint else [])


def _last(plan: Plan) -> list[Line]:
    if outlook(plan) is not Outlook.NONE or plan.refusal:
        return [*_room(plan), Line(str(summarise(plan)), Tone.TITLE)]
    return [*_room(plan), Line(_unchanged(plan), Tone.TITLE)]


def _room(plan: Plan) -> list[Line]:
    """What is to be fetched and the room for it, and the memories."""
    fetched = to_fetch(plan.steps)
    short = any(Reason.NO_SPACE in (model.reason, model.kept) for model in plan.models)
    free = f"; the volume has {in_words(plan.totals['free_bytes'])} free" if "free_bytes" in plan.totals else ""
    told = [Line(f"To fetch: {fetched or 'nothing, for want of room'}{free}.")] if fetched or short else []
    warned = [Line(f"warning: {text}", Tone.HELD) for text in resources.warnings(plan.spans)]
    return [*told, *(Line(text) for text in resources.told(plan.spans)), *warned]


def _unchanged(plan: Plan) -> str:
    summary, revision = summarise(plan), words.revision(plan.revision)
    held = f", {summary.held} held" if summary.held else ""
    if not summary.unchanged:
        nothing = f"{words.count(summary.held, 'model is', 'models are')} held" if held else "nothing is wanted"
        return f"No changes. At revision {revision} {nothing}."
    are = words.count(summary.unchanged, "model is", "models are")
    return f"No changes. {are} as revision {revision} wants {'it' if summary.unchanged == 1 else 'them'}{held}."
