"""What `reconcile gc` would remove, as text."""

from reconciler.core.plan import Plan
from reconciler.render import plan_text, steps
from reconciler.render.line import Line, Tone
from reconciler.render.summary import prunes


def lines(plan: Plan) -> list[Line]:
    """What goes, or that nothing does; and what could not be looked at."""
    told = [Line(steps.pruning(action), Tone.REMOVE) for action in prunes(plan)]
    unknown = plan_text.not_looked_at(plan)
    nothing = "Nothing was looked for." if unknown else "Nothing to remove: something refers to all that is there."
    return [*plan_text.perhaps_old(plan), *(told or [Line(nothing, Tone.TITLE)]), *unknown]
