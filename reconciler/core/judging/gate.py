"""What decides who is let in, and what becomes of those who are not."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from reconciler.core.judging.places import EVERYWHERE, Placement
from reconciler.core.judging.verdicts import Deferred, Hold, Verdict, Wanted, keep
from reconciler.core.observed import Observed
from reconciler.core.spec import ModelSpec, Target


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """What decides who is let in. `specs`: the whole desired state; `sound`: whether reconciler.yaml is valid.

    `placement`: which servers the models belong on.
    """

    target: Target
    specs: Mapping[str, ModelSpec]
    sound: bool = True
    no_server: bool = False
    placement: Placement = EVERYWHERE

    @property
    def places(self) -> Placement:
        """Where models take room: without a server they take it on the one that is to come."""
        return EVERYWHERE if self.no_server else self.placement


def stepped_down(verdict: Wanted | Deferred, hold: Hold, observed: Observed) -> Verdict:
    """From what is wanted to what is active, if that can be loaded; from there to being left alone."""
    if isinstance(verdict, Wanted):
        hold = replace(hold, wanted=verdict.artifact.tree.generation)
        if verdict.kept is not None:
            message = f"{verdict.kept.message}; and it cannot be loaded again: {hold.message}"
            return replace(hold, message=message, wanted=verdict.kept.wanted, needs=frozenset(verdict.spec.depends_on))
    return keep(verdict.spec, hold, observed)
