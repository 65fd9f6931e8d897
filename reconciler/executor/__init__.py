"""Carries out a plan: the whole plan and nothing but the plan.

Steps run as soon as what they wait for has succeeded, never two of a lane at once, and few at once on each server, so
that one which does not answer keeps no step of another waiting; many loads of one server go together (grouping.py).
A failure blocks only what waits for it. Cancelling begins nothing new, but what is half-changed is finished.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, wait
from dataclasses import replace
from typing import assert_never

from reconciler.core.errors import Reason
from reconciler.core.plan import (
    Activate,
    Adopt,
    Deactivate,
    Fetch,
    Load,
    Outcome,
    Plan,
    Prune,
    Result,
    Retire,
    Step,
    Unload,
)
from reconciler.core.progress import Moved
from reconciler.executor.grouping import Crowd, crowd, loads, server_of
from reconciler.executor.hands import Hands
from reconciler.executor.pools import Pools, pools
from reconciler.executor.restoring import Down, or_put_back
from reconciler.executor.state import Ended, State

__all__ = ["Hands", "Pools", "execute", "pools"]

_ENDED = {Result.FAILED: "failed", Result.CANCELLED: "was cancelled"}


def execute(plan: Plan, hands: Hands, shared: Pools | None = None) -> tuple[Outcome, ...]:
    """Every step's outcome, in the order of the plan. Expected failures are outcomes; a bug is raised.

    `shared`: threads that other executions use, too; its own where there are none.
    """
    if shared is None:
        with pools() as own:
            return execute(plan, hands, own)
    run = State(waiting={step.id: step for step in plan.steps}, crowd=crowd(plan.steps))
    hands.reporter.expected(plan.steps)

    def start(steps: Sequence[Step]) -> bool:
        if steps:
            run.started(steps, shared.of(steps[0]).submit(_job(run.crowd, steps, hands)))
        return bool(steps)

    while _advance(run, hands, start):
        done, _ = wait(run.running, return_when=FIRST_COMPLETED)
        for future in done:
            _end(run, hands, run.ended(future), future.result())
    return tuple(run.outcomes[step.id] for step in plan.steps)


def _advance(run: State, hands: Hands, start: Callable[[Sequence[Step]], bool]) -> bool:
    """Starts and settles all that can be; whether anything is running afterwards."""
    moved = True
    while moved:
        moved = False
        run.crowd.scatter()
        for step in list(run.waiting.values()):
            if not step.behind <= run.outcomes.keys():
                continue  # also if it is blocked: what is behind it waits for what it is behind
            settled = _settled(step, run, hands)
            if settled is not None:
                del run.waiting[step.id]
                _record(run, hands, settled)
                moved = True
            elif step.after <= run.outcomes.keys() and run.free(step):
                moved |= start(run.crowd.gather(step, run.free))
        moved = moved or _last_call(run, start)
    return bool(run.running)


def _last_call(run: State, start: Callable[[Sequence[Step]], bool]) -> bool:
    """Whether groups begin that nobody else can join, or somebody gives up waiting for one."""
    called = [*run.crowd.last_call(more_may_come=run.activating())]
    for steps in called:
        start(steps)
    return bool(called)


def _end(run: State, hands: Hands, steps: Sequence[Step], ended: Ended) -> None:
    """Notes what came of a job. What a group did not finish is waiting again."""
    for outcome in ended.outcomes:
        _record(run, hands, outcome)
    if ended.outcomes:
        return
    for step in run.crowd.part(steps, ended.came):
        seconds = hands.attempts.clock() - ended.began
        _record(run, hands, Outcome(step=step, result=Result.DONE, began=ended.began, seconds=seconds))
    run.waiting = {step.id: step for step in steps if step.id not in run.outcomes} | run.waiting


def _record(run: State, hands: Hands, outcome: Outcome) -> None:
    run.outcomes[outcome.step.id] = outcome
    hands.reporter.ended(outcome)


def _settled(step: Step, run: State, hands: Hands) -> Outcome | None:
    """The outcome of a step that will not run: something before it did not succeed, or it was cancelled."""
    before = (run.outcomes[name] for name in sorted(step.after) if name in run.outcomes)
    failed = next((outcome for outcome in before if outcome.result is not Result.DONE), None)
    if failed is not None:
        return Outcome(step=step, result=Result.BLOCKED, reason=Reason.BLOCKED, message=_at_the_root(failed))
    return _called_off(step, hands)


def _called_off(step: Step, hands: Hands) -> Outcome | None:
    if step.continues:
        return None
    if hands.attempts.cancelled():
        message = "the run was asked to stop before this began"
    elif not hands.wanted(step):
        message = "git wants something else since, so this was not begun"
    else:
        return None
    return Outcome(step=step, result=Result.CANCELLED, reason=Reason.CANCELLED, message=message)


def _at_the_root(failed: Outcome) -> str:
    """Which step it all hangs on; why that failed is told where it did, once."""
    return failed.message if failed.result is Result.BLOCKED else f"{failed.step.id} {_ENDED[failed.result]}"


def _job(crowd: Crowd, steps: Sequence[Step], hands: Hands) -> Callable[[], Ended]:
    """What a thread does about a step, or about the loads of a group."""
    if len(steps) > 1:
        return lambda: _carry_out_together(steps, hands)
    up, told = steps[0].id in crowd.up, steps[0].id in crowd.begun
    return lambda: _carry_out(steps[0], hands, up=up, told=told)


def _carry_out_together(steps: Sequence[Step], hands: Hands) -> Ended:
    for step in steps:
        hands.reporter.started(step)
    began = hands.attempts.clock()
    actions = [load for _, load in loads(steps)]
    return Ended(came=hands.servers[server_of(steps)].load_together(actions), began=began)


def _carry_out(step: Step, hands: Hands, *, up: bool, told: bool) -> Ended:
    called_off = None if up else _called_off(step, hands)  # it may have waited for a thread
    if called_off is not None:
        return Ended(outcomes=(called_off,))
    if not told:
        hands.reporter.started(step)
    down: Down = set()
    outcome = hands.attempts_at(step).outcome(
        step,
        lambda: or_put_back(
            lambda: _effect(step, hands, down, up=up), step.restores, hands.volume, hands.servers, down
        ),
    )
    return Ended(outcomes=(replace(outcome, found_down=frozenset(down)),))


def _effect(step: Step, hands: Hands, down: Down, *, up: bool) -> None:
    match step.action:
        case Fetch() as action:
            _fetch(step, action, hands)
        case Adopt() as action:
            hands.volume.adopt(action)
        case Activate() as action:
            hands.volume.activate(action)
        case Load() as action:
            _load(step, action, hands, down, up=up)
        case Unload() as action:
            hands.servers[action.server].unload(action)
        case Deactivate() as action:
            hands.volume.deactivate(action)
        case Retire() as action:
            hands.volume.retire(action)
        case Prune() as action:
            hands.volume.prune(action)
        case _:
            assert_never(step.action)


def _load(step: Step, action: Load, hands: Hands, down: Down, *, up: bool) -> None:
    """Loads and probes. What a group has brought up is only probed; where that is tried again it is loaded, too."""
    server, loaded = hands.servers[action.server], up

    def once() -> None:
        nonlocal loaded
        if loaded:
            loaded = False
            server.probe(action.model, action.probes)
        else:
            down.update((model, action.server) for model in server.load(action))

    hands.attempts_at(step).retrying(once, retries=action.retries)


def _fetch(step: Step, action: Fetch, hands: Hands) -> None:
    attempts = hands.attempts_at(step)

    def once() -> None:
        moved = 0

        def progress(more: Moved) -> None:
            nonlocal moved
            moved += more.count
            hands.reporter.advanced(step, more)

        try:
            hands.volume.fetch(action, progress=progress, cancelled=attempts.cancelled)
        except Exception:
            hands.reporter.advanced(step, Moved(-moved))
            raise

    attempts.retrying(once, retries=3)
