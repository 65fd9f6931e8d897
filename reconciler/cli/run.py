"""`reconcile run`: the loop, until it is asked to stop."""

import os
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import click

from reconciler.cli import out
from reconciler.cli.helping import Command, examples
from reconciler.cli.notices import notifying
from reconciler.cli.options import MAX_BANDWIDTH, NONE, TRACES, TRANSFERS, Common, duration_of, flag, shared


@click.command(
    cls=Command,
    epilog=examples(
        "run --repo https://git.example/models --volume /models --server grpc://localhost:8001",
        "run --target prod --interval 5m --listen 0.0.0.0:8080 --log-format json",
    ),
)
@shared
@flag(
    "--interval",
    "How often everything is looked at.",
    metavar="DURATION",
    default="60s",
    show_default=True,
    callback=duration_of,
)
@flag(
    "--poll",
    "How often git is asked whether the ref has moved.",
    metavar="DURATION",
    default="10s",
    show_default=True,
    callback=duration_of,
)
@flag(
    "--grace-period",
    "How long a run that is asked to stop may take to finish what is half-changed.",
    metavar="DURATION",
    default="25s",
    show_default=True,
    callback=duration_of,
)
@flag(
    "--listen",
    "Where /metrics, /healthz, /readyz, /status.json and a page are served; `none`: nowhere.",
    metavar="HOST:PORT|none",
    default="127.0.0.1:8080",
    show_default=True,
)
@MAX_BANDWIDTH
@TRANSFERS
@notifying
@TRACES
def run(common: Common, *, interval: float, poll: float, grace_period: float, **more: Any) -> int:
    """Keep a target as git says: look at everything again and again, and carry out what is to be done.

    A pass begins every interval, at once when git's ref moves, on SIGHUP or POST /reconcile, and when work ends. What a
    pass began goes on meanwhile, unless git wants something else since. Stops cleanly on SIGTERM.
    """
    from reconciler.adapters.metrics import Meter
    from reconciler.adapters.volume import Limits
    from reconciler.cli.boarding import Shown
    from reconciler.cli.journal import Spoken
    from reconciler.cli.one_pass import now, options
    from reconciler.cli.progress import told_in_lines
    from reconciler.cli.ringing import leave, ringing
    from reconciler.cli.views import served
    from reconciler.cli.voice import Voice
    from reconciler.cli.watching import recorded
    from reconciler.core.views.board import Loop
    from reconciler.looping.bell import Bell
    from reconciler.looping.loop import Pace, Surroundings
    from reconciler.looping.running import keep
    from reconciler.looping.watching import beginning
    from reconciler.passes.tracing import Trace
    from reconciler.render.line import Line, Tone

    limits = Limits(transfers=more["transfers"], bandwidth=more["max_bandwidth"])
    asked = replace(options(common), limits=limits, notices=more["notices"])
    bell, voice = Bell(), Voice(as_json=common.log_json, err=False)
    traces = recorded(asked=more["traces"], environment=os.environ)
    with ExitStack() as stack:
        caught = stack.enter_context(ringing(bell, grace_period))
        recorder = stack.enter_context(traces)
        meter = Meter(stack.enter_context(told_in_lines(voice)))
        empty = beginning(common.target or "default", Loop(since=now(), interval=interval))
        shown = Shown(Spoken(voice), meter, empty, now)
        if more["listen"] != NONE:
            address = stack.enter_context(served(more["listen"], shown, bell, interval, now))
            out.show([Line(f"Serving http://{address}", Tone.FAINT)], err=True)
        around = Surroundings(journal=shown, reporter=meter, bell=bell, now=now)
        if not keep(
            asked.traced(Trace(recorder=recorder)),
            around,
            Pace(interval=interval, poll=min(poll, interval), grace=grace_period),
        ):
            leave(caught[0])
    return 128 + caught[0]
