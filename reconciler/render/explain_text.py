"""One model explained as text: where each setting comes from, what it needs, and what would change and why."""

import json
from collections.abc import Iterator

from reconciler.core.plan import ModelPlan
from reconciler.core.views.explanation import Explanation, Setting
from reconciler.render import plan_text, words
from reconciler.render.line import Line, Tone
from reconciler.render.reasons import why

_BELOW = "  "


def lines(model: Explanation) -> list[Line]:
    """Facts first, then the config, then what would change."""
    return [*_facts(model), Line(""), *_config(model), Line(""), *_change(model)]


def _facts(model: Explanation) -> Iterator[Line]:
    written = f", written in {words.line(model.file)}" if model.file else ", which the repository does not want"
    yield Line(f"{words.line(model.name)}{written}.", Tone.TITLE)
    for version, (uri, digest) in model.sources.items():
        which = "source" if version is None else f"version {version}"
        yield Line(f"{_BELOW}{which}: {words.line(uri)}  ({digest or 'digest known after fetch'})")
    yield Line(f"{_BELOW}versions served: {', '.join(map(str, model.versions)) or '-'}")
    yield Line(f"{_BELOW}needs: {_names(_needs(model))}; needed by: {_names(model.needed_by)}")
    served = [f"{words.short(stamp)} on {words.line(server)}" for server, stamp in sorted(model.served.items())]
    yield Line(f"{_BELOW}generation: {words.short(model.generation)}; on disk: {words.short(model.active)}")
    yield Line(f"{_BELOW}loaded: {', '.join(served) or '-'}")


def _needs(model: Explanation) -> tuple[str, ...]:
    foreign = model.plan.foreign_needs if model.plan is not None else ()
    return tuple(f"{name} (not ours)" if name in foreign else name for name in model.needs)


def _names(names: tuple[str, ...]) -> str:
    return ", ".join(map(words.line, names)) or "nothing"


def _config(model: Explanation) -> Iterator[Line]:
    if not model.settings:
        yield Line("The effective config is known once the source is fetched.", Tone.HELD)
        return
    yield Line(f"The effective config of {words.short(model.generation)}, and where each value comes from:", Tone.TITLE)
    width = max(len(words.line(setting.origin)) for setting in model.settings)
    for setting in model.settings:
        yield Line(f"{_BELOW}{words.line(setting.origin):<{width}}  {_assignment(setting)}")


def _assignment(setting: Setting) -> str:
    path = ".".join(part if part.isidentifier() else f"[{json.dumps(part)}]" for part in setting.path)
    return words.line(f"{path.replace('.[', '[')} = {json.dumps(setting.value, ensure_ascii=False)}")


def _change(model: Explanation) -> Iterator[Line]:
    if model.plan is None:
        yield Line("Nothing is planned for it.", Tone.TITLE)
        return
    yield Line(f"What would happen: {_verdict(model.plan)}", Tone.TITLE)
    by_id = {step.id: step for step in model.steps}
    yield from (Line(_BELOW + plan_text.step_line(by_id[step.id], model.plan, by_id)) for step in model.steps)
    if model.plan.gap:
        yield Line(f"{_BELOW}gap in service: {words.line(model.plan.gap)}", Tone.ALERT)
    if told := plan_text.versions(model.plan):
        yield Line(_BELOW + told, Tone.ALERT if model.plan.versions.going else Tone.PLAIN)
    yield from (Line(f"{_BELOW}warning: {words.line(warning)}", Tone.HELD) for warning in model.plan.warnings)


def _verdict(plan: ModelPlan) -> str:
    return f"{plan.change.value}: {why(plan.reason, plan.message)}"
