"""One turn of the loop: everything is read afresh, what may begin begins, and how all stands is written.

What earlier turns began goes on meanwhile: it counts as seen, and what came of it is in this turn's status.
"""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from datetime import datetime

from reconciler.beginning import begun_for_good
from reconciler.bookkeeping import Books
from reconciler.flights import Flights
from reconciler.looking import Pass
from reconciler.options import Options
from reconciler.patience import Patience
from reconciler.turn import Turn


@dataclass(slots=True, kw_only=True)
class Turning:
    """Turns, and what each leaves for the next; `hold` locks a pass's volume, and `now` is the hour, in UTC."""

    options: Options
    flights: Flights
    hold: Callable[[Pass], AbstractContextManager[None]]
    books: Books
    now: Callable[[], datetime]
    patience: Patience = field(default_factory=Patience)

    def turn(self, *, last: bool = False) -> Turn:
        """`last`: nothing is begun any more, and the status is written in any case. Raises ReconcileError."""
        with self.options.trace.a_pass() as trace:
            turned = self._turned(self.options.traced(trace), last=last)
            trace.ended(turned.report.result, turned.report.reason)
            return turned

    def _turned(self, options: Options, *, last: bool) -> Turn:
        began, since = self.now(), time.monotonic()
        with ExitStack() as stack:
            one = self.books.opened(stack.enter_context(begun_for_good(options, began, self.hold)))
            self.flights.want(one.desired)
            landed, observed = self.flights.landed(), one.observed()
            held = self.patience.held(landed, one.desired, observed)
            look = one.planned(observed, {model: setback.failure for model, setback in held.items()})
            steps = () if last or look.plan.refusal is not None else self.flights.free(look.plan.steps, held)
            outcomes = tuple(outcome for each in landed for outcome in each.outcomes)
            at_once = last or not (steps or self.flights.running())
            report = self.books.closed(one, look, outcomes, at_once=at_once)
            if steps:
                self.flights.begin(look, steps, one, stack.pop_all())
        running, seconds = self.flights.running(), time.monotonic() - since
        return Turn(look=look, report=report, begun=steps, running=running, began=began, seconds=seconds)
