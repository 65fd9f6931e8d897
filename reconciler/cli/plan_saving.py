"""A plan as `plan --out` saves it."""

import uuid

from reconciler.core.observed import Serving
from reconciler.core.planning.saved import Saved
from reconciler.core.planning.saved_state import state_of
from reconciler.core.planning.step_digests import steps_of
from reconciler.passes.looking import Look
from reconciler.passes.options import Options
from reconciler.render import plan_text


def saved(seen: Look, asked: Options) -> Saved:
    """The plan as it is saved."""
    return Saved(
        id=uuid.uuid4().hex,
        target=seen.target.name,
        revision=seen.plan.revision,
        ref=asked.ref or "",
        volume=seen.target.volume,
        models=asked.models,
        adopt=asked.adopt,
        verify=asked.verify,
        steps=steps_of(seen.plan),
        servers={url: view.version for url, view in seen.observed.servers.items() if isinstance(view, Serving)},
        state=state_of(seen.plan, seen.observed),
        shown=tuple((line.tone.value, line.text) for line in plan_text.lines(seen.plan)),
    )
