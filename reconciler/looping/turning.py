"""One turn of the loop: everything is read afresh, what may begin begins, and how all stands is written.

What earlier turns began goes on meanwhile: it counts as seen, and what came of it is in this turn's status. Where a
turn had nothing to do, the next one asks whether all that it went by is as it was, and plans only if it is not.
"""

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime

from reconciler.looping.bookkeeping import Books
from reconciler.looping.flights import Flights
from reconciler.looping.patience import Patience
from reconciler.looping.resting import Rest
from reconciler.looping.turn import Turn
from reconciler.passes.beginning import Hold, begun_for_good
from reconciler.passes.options import Options


@dataclass(slots=True, kw_only=True)
class Turning:
    """Turns, and what each leaves for the next; `hold` locks a pass's volume, and `now` is the hour, in UTC."""

    options: Options
    flights: Flights
    hold: Hold
    books: Books
    now: Callable[[], datetime]
    patience: Patience = field(default_factory=Patience)
    _rest: Rest = field(default_factory=Rest)

    def turn(self, *, last: bool = False) -> Turn:
        """`last`: nothing is begun any more, and the status is written in any case. Raises ReconcileError."""
        with self.options.trace.a_pass() as trace:
            turned = self._turned(self.options.traced(trace), last=last)
            trace.ended(turned.report.result, turned.report.reason)
            return turned

    def _turned(self, options: Options, *, last: bool) -> Turn:
        began, since = self.now(), time.monotonic()
        idle = self.flights.idle() and not last
        again = self._rest.again(options, began) if idle else None
        if again is not None:
            return again
        noted = self._rest.noted(options) if idle else None
        turn = self._planned(options, began, since, last=last)
        self._rest.keep(noted, turn, settled=not self.patience.tried and not self.books.open)
        return turn

    def _planned(self, options: Options, began: datetime, since: float, *, last: bool) -> Turn:
        with ExitStack() as stack:
            one = self.books.opened(stack.enter_context(begun_for_good(options, began, self.hold)))
            self.flights.want(one.desired)
            landed, observed = self.flights.landed(), one.observed()
            held = self.patience.held(landed, one.desired, observed)
            look = one.planned(observed, {model: setback.failure for model, setback in held.items()})
            steps = () if last or look.plan.refusal is not None else self.flights.free(look.plan.steps, held)
            outcomes = tuple(outcome for each in landed for outcome in each.outcomes)
            at_once = last or not (steps or self.flights.running())
            report = replace(self.books.closed(one, look, outcomes, at_once=at_once), waiting=frozenset(held))
            if steps:
                self.flights.begin(look, steps, one, stack.pop_all())
        running, seconds = self.flights.running(), time.monotonic() - since
        return Turn(look=look, report=report, begun=steps, running=running, began=began, seconds=seconds)
