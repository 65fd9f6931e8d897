"""A turn of the loop that had nothing to do, and the same turn again where nothing has changed (docs/adr/0015)."""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime

from reconciler.core.planning.quiet import Quiet, listed
from reconciler.looping.turn import Turn
from reconciler.passes import grounds
from reconciler.passes.looking import Look
from reconciler.passes.options import Options
from reconciler.passes.world import AT_ONCE, opened


@dataclass(slots=True)
class Rest:
    """What the last turn leaves for the next one: itself and what it went by, where it had nothing to do."""

    _turn: Turn | None = None
    _known: Quiet | None = None

    def again(self, options: Options, began: datetime) -> Turn | None:
        """A turn that sees, does and writes the same as the last; None where anything is another than it was."""
        turn, known, since = self._turn, self._known, time.monotonic()
        if turn is None or known is None or began.date() != turn.began.date():
            return None
        plan = grounds.again(options, turn.look.target.volume, known)
        if plan is None or not _sources_say_the_same(options, turn.look):
            return None
        options.trace.about(turn.look.target.name, turn.look.desired.revision)
        seen = replace(turn.look, plan=plan)
        report = replace(turn.report, look=seen, last=plan, untold=())
        return replace(turn, look=seen, report=report, began=began, seconds=time.monotonic() - since)

    def noted(self, options: Options) -> grounds.Before | None:
        """What is to be noted before a turn; the first one may not know its volume yet."""
        volume = options.volume or (self._turn.look.target.volume if self._turn else "")
        return grounds.before(options, volume) if volume else None

    def keep(self, noted: grounds.Before | None, turn: Turn, *, settled: bool) -> None:
        """Takes a turn before which this was noted. `settled`: nothing of it is still to be tried or to be written."""
        report = turn.report
        said = (turn.begun, turn.running, report.outcomes, report.published, report.publish_error)
        self._known = grounds.quiet(noted, turn.look) if settled and not any(said) else None
        self._turn = turn


def _sources_say_the_same(options: Options, seen: Look) -> bool:
    """Those that were asked are asked again."""
    asked = sorted(listed(seen.observed))
    if not asked:
        return True
    looking = opened(seen.target, seen.desired, options.environment, options.limits)
    with looking as world, ThreadPoolExecutor(AT_ONCE, thread_name_prefix="observe") as pool:
        found = pool.map(world.volume.resolve, [seen.desired.models[name] for name in asked])
        return all(seen.observed.contents[name] == content for name, content in zip(asked, found, strict=True))
