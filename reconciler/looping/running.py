"""The loop with everything that it needs, put together and taken apart again."""

import threading
from contextlib import ExitStack

from reconciler import executor
from reconciler.adapters import gitrepo
from reconciler.looping.bell import Wake, Watch
from reconciler.looping.bookkeeping import Books
from reconciler.looping.flights import Flights
from reconciler.looping.loop import Loop, Pace, Surroundings
from reconciler.looping.tenancy import Tenancy
from reconciler.looping.turning import Turning
from reconciler.passes.audience import audience
from reconciler.passes.options import Options

OWNER = "reconcile run"


def keep(options: Options, around: Surroundings, pace: Pace) -> bool:
    """Reconciles until the bell says STOP, or for so many passes as `pace` says.

    Gives whether all that was under way ended in time: where it did not, its threads are left behind. Raises
    ReconcileError for what can never work.
    """
    to, over = audience(options), threading.Event()
    with ExitStack() as stack:
        stack.callback(over.set)
        shared = stack.enter_context(executor.pools())
        flights = Flights(pools=shared, reporter=around.reporter, wake=lambda: around.bell.ring(Wake.LANDED))
        books, hold = Books(audience=to), Tenancy(owner=OWNER).of
        turning = Turning(options=options, flights=flights, hold=hold, books=books, now=around.now)
        watch = Watch(lambda: _tip(options), around.bell)
        threading.Thread(target=watch.keep, args=(pace.poll, over.wait), name="watch-git", daemon=True).start()
        ended = Loop(turning=turning, flights=flights, around=around, pace=pace).run()
        if not ended:
            over.set()
            stack.pop_all()  # nobody can wait for what hangs
        return ended


def _tip(options: Options) -> str:
    access = options.access(options.volume)
    return gitrepo.tip(options.repo, ref=options.ref, path=options.path, access=access)
