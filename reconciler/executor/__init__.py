"""Carries out a plan: the whole plan and nothing but the plan.

Steps run as soon as what they wait for has succeeded, fetches in a pool of their own, never two of a lane at once, and
few at once on each server, so that one which does not answer keeps no step of another waiting. A failure blocks only
what waits for it. Cancelling begins nothing new, but what is half-changed is finished.
"""

from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, field, replace
from typing import assert_never

from reconciler.core.errors import Reason
from reconciler.core.plan import (
    AT_ONCE,
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
from reconciler.core.progress import Moved, Reporter
from reconciler.executor.attempts import Attempts
from reconciler.executor.hands import Server, Volume
from reconciler.executor.pools import Pools, pools
from reconciler.executor.restoring import Down, or_put_back

__all__ = ["Attempts", "Hands", "Pools", "execute", "pools"]

OPERATIONS = AT_ONCE
"""Operations at once on each server, and as many on the volume."""

_ENDED = {Result.FAILED: "failed", Result.CANCELLED: "was cancelled"}


def _wanted(_step: Step) -> bool:
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Hands:
    """All that the executor works with: the volume, the servers by their URL, and how it waits and retries.

    `wanted`: whether a step is still wanted by anybody, asked as often as whether the whole run was cancelled.
    """

    volume: Volume
    servers: Mapping[str, Server]
    attempts: Attempts
    reporter: Reporter
    wanted: Callable[[Step], bool] = _wanted

    def attempts_at(self, step: Step) -> Attempts:
        """How it waits and retries at one step."""
        return replace(self.attempts, cancelled=lambda: self.attempts.cancelled() or not self.wanted(step))


@dataclass(slots=True, kw_only=True)
class _Run:
    """The state of one execution; touched by the scheduling thread only."""

    waiting: list[Step]
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    running: dict[Future[Outcome], Step] = field(default_factory=dict)

    def is_in_the_way(self, step: Step) -> bool:
        """Whether a step of the same lane is running that must not overlap with it."""
        return any(_overlap(step, other) for other in self.running.values())

    def has_room(self, step: Step) -> bool:
        """Whether its server, or the volume, may be given one operation more."""
        if isinstance(step.action, (Fetch, Adopt)):
            return True
        return sum(_place(other) == _place(step) for other in self.running.values()) < OPERATIONS


def _place(step: Step) -> str | None:
    """The server that a step is for; empty for the volume, None for what has a pool of its own."""
    match step.action:
        case Load(server=server) | Unload(server=server):
            return server
        case Fetch() | Adopt():
            return None
        case _:
            return ""


def _overlap(step: Step, other: Step) -> bool:
    apart = step.beside and other.beside and _place(step) != _place(other)
    return step.lane is not None and step.lane == other.lane and not apart


def execute(plan: Plan, hands: Hands, shared: Pools | None = None) -> tuple[Outcome, ...]:
    """Every step's outcome, in the order of the plan. Expected failures are outcomes; a bug is raised.

    `shared`: threads that other executions use, too; its own where there are none.
    """
    if shared is None:
        with pools() as own:
            return execute(plan, hands, own)
    run = _Run(waiting=list(plan.steps))
    hands.reporter.expected(plan.steps)

    def start(step: Step) -> None:
        run.running[shared.of(step).submit(_carry_out, step, hands)] = step

    while _advance(run, hands, start):
        done, _ = wait(run.running, return_when=FIRST_COMPLETED)
        for future in done:
            _record(run, hands, future.result())
            del run.running[future]
    return tuple(run.outcomes[step.id] for step in plan.steps)


def _advance(run: _Run, hands: Hands, start: Callable[[Step], None]) -> bool:
    """Starts and settles all that can be; whether anything is running afterwards."""
    moved = True
    while moved:
        moved = False
        for step in list(run.waiting):
            if not step.behind <= run.outcomes.keys():
                continue  # also if it is blocked: what is behind it waits for what it is behind
            settled = _settled(step, run, hands)
            ready = step.after <= run.outcomes.keys() and not run.is_in_the_way(step) and run.has_room(step)
            if settled is None and not ready:
                continue
            run.waiting.remove(step)
            moved = True
            if settled is not None:
                _record(run, hands, settled)
            else:
                start(step)
    return bool(run.running)


def _record(run: _Run, hands: Hands, outcome: Outcome) -> None:
    run.outcomes[outcome.step.id] = outcome
    hands.reporter.ended(outcome)


def _settled(step: Step, run: _Run, hands: Hands) -> Outcome | None:
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


def _carry_out(step: Step, hands: Hands) -> Outcome:
    called_off = _called_off(step, hands)  # it may have waited for a thread
    if called_off is not None:
        return called_off
    hands.reporter.started(step)
    down: Down = set()
    outcome = hands.attempts_at(step).outcome(
        step, lambda: or_put_back(lambda: _effect(step, hands, down), step.restores, hands.volume, hands.servers, down)
    )
    return replace(outcome, found_down=frozenset(down))


def _effect(step: Step, hands: Hands, down: Down) -> None:
    match step.action:
        case Fetch() as action:
            _fetch(step, action, hands)
        case Adopt() as action:
            hands.volume.adopt(action)
        case Activate() as action:
            hands.volume.activate(action)
        case Load() as action:
            _load(step, action, hands, down)
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


def _load(step: Step, action: Load, hands: Hands, down: Down) -> None:
    def once() -> None:
        down.update((model, action.server) for model in hands.servers[action.server].load(action))

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
