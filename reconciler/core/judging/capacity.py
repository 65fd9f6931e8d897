"""What each model takes of a server's memories: as git declares it, or as it was declared when it was loaded.

What is declared goes with a load into the served config (docs/capacity.md), so a model that git has changed or removed
is still known by what it was. For the generation that git wants, what git says now holds: whoever corrects a number
need not load anything again. What nobody declared counts as nothing, and is told.
"""

from collections.abc import Iterator, Mapping

from reconciler.core.amounts import NOTHING, Amount, amount_of
from reconciler.core.digest import Generation
from reconciler.core.judging.served import serving
from reconciler.core.judging.verdicts import Deferred, Hold, Verdict, Wanted
from reconciler.core.observed import Active, Observed, Served, Serving
from reconciler.core.spec import ModelSpec, Resources


class Sizes:
    """What models take, as far as that is known. `specs`: the whole desired state."""

    def __init__(self, specs: Mapping[str, ModelSpec], verdicts: Mapping[str, Verdict], observed: Observed) -> None:
        self._specs, self._verdicts, self._observed = specs, verdicts, observed
        self._aims = {name: _aim(verdict) for name, verdict in verdicts.items()}

    def wanted(self, name: str) -> Amount:
        """What it takes once this pass has loaded it."""
        verdict = self._verdicts.get(name)
        generation = verdict.artifact.tree.generation if isinstance(verdict, Wanted) else self._aims.get(name)
        return amount_of(self.declared(name, generation))

    def active(self, name: str) -> Amount:
        """What it takes once the generation that its link names is loaded."""
        entry = self._observed.volume.entries.get(name)
        return amount_of(self.declared(name, entry.generation if isinstance(entry, Active) else self._aims.get(name)))

    def served(self, view: Serving, name: str) -> Amount:
        """What it takes on this server now."""
        served = view.models.get(name)
        if served is None or not served.up or served.generation is None:
            return NOTHING
        return amount_of(self.declared(name, served.generation))

    def declared(self, name: str, generation: Generation | None) -> Resources | None:
        """What is declared for a generation of it; None if nobody knows."""
        spec = self._specs.get(name)
        if generation is not None and generation != self._aims.get(name):
            marks = [
                served.resources
                for view in serving(self._observed).values()
                if (served := view.models.get(name)) is not None and served.generation == generation
            ]
            known = next((mark for mark in marks if mark is not None), None)
            return known or (None if spec is None else spec.resources)
        return None if spec is None else spec.resources

    def uncounted(self) -> Iterator[str]:
        """Models that take an amount that nobody declared, with the reason."""
        up: dict[str, Served] = {}
        for view in serving(self._observed).values():
            up |= {name: served for name, served in view.models.items() if served.up}
        coming = {name for name, verdict in self._verdicts.items() if not isinstance(verdict, Hold)}
        for name in sorted(up.keys() | coming):
            if why := self._why_unknown(name, up.get(name)):
                yield f"{name} ({why})"

    def _why_unknown(self, name: str, up: Served | None) -> str:
        spec, verdict = self._specs.get(name), self._verdicts.get(name)
        if up is not None and up.generation is None:
            return "not ours"
        if spec is None:
            why = "no longer in git" if verdict is None else "its file is rejected"
            return f"{why}, and nothing was noted" if up is None or up.resources is None else ""
        if isinstance(verdict, Deferred):
            return "known after fetch"
        declared = spec.framework == "ensemble" or spec.resources != Resources()
        return "" if declared else "nothing declared"


def _aim(verdict: Verdict) -> Generation | None:
    """The generation that git wants, as far as this pass knows."""
    hold = verdict.kept if isinstance(verdict, Wanted) else verdict
    if isinstance(hold, Hold):
        return hold.wanted
    return verdict.artifact.tree.generation if isinstance(verdict, Wanted) else None
