"""Carries out a plan in a simulated world, in any order that `after` and lanes allow, with any steps failing.

The way back of a failed load is the executor's own.
"""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import assert_never

from reconciler.core.configs.modelfacts import facts
from reconciler.core.content import Unavailable
from reconciler.core.errors import Reason, ReconcileError, TerminalError
from reconciler.core.plan import Activate, Adopt, Deactivate, Fetch, Load, Plan, Prune, Retire, Step, Unload
from reconciler.executor.restoring import or_put_back
from tests.property.world import World

Mishaps = Mapping[str, str]
"""Step id to how it fails: `early` before it did anything, `late` after it did it (a time-out, a golden request)."""


@dataclass(slots=True, kw_only=True)
class Run:
    """One execution of a plan; `watch` is told of each step before and after it, `stop_after` is the kill -9."""

    world: World
    plan: Plan
    order: random.Random
    mishaps: Mishaps = field(default_factory=dict)
    stop_after: int | None = None
    watch: Callable[[str, Step], None] = lambda _, __: None
    done: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)

    def execute(self) -> None:
        """Until nothing can run any more."""
        waiting = {step.id: step for step in self.plan.steps}
        while self.stop_after is None or len(self.done) < self.stop_after:
            ready = self._ready(waiting)
            if not ready:
                return
            step = waiting.pop(self.order.choice(ready))
            self.watch("before", step)
            try:
                or_put_back(partial(self._effect, step), step.restores, self.world.volume, self.world.servers, set())
            except ReconcileError as error:
                self.failed[step.id] = str(error)
            else:
                self.done.append(step.id)
            self.watch("after", step)

    def _ready(self, waiting: dict[str, Step]) -> list[str]:
        """Steps that may run now; those that will not any more are taken out, as the executor blocks them."""
        while True:
            ended = {step.id for step in self.plan.steps} - waiting.keys()
            next_ones = [step for step in waiting.values() if step.behind <= ended]
            blocked = [step.id for step in next_ones if step.after & (ended - set(self.done))]
            if not blocked:
                return sorted(step.id for step in next_ones if step.after <= set(self.done))
            for name in blocked:
                del waiting[name]

    def models_failed(self) -> dict[str, Unavailable]:
        """Models of which a step did not succeed, as the second round of a pass is told."""
        found: dict[str, Unavailable] = {}
        for step in self.plan.steps:
            if step.id not in self.done and not isinstance(step.action, Prune):
                message = self.failed.get(step.id, "blocked")
                failure = Unavailable(reason=Reason.LOAD_FAILED, message=message, terminal=False)
                found.setdefault(step.action.model, failure)
        return found

    def _load(self, action: Load, mishap: str | None) -> None:
        """Fails early as Triton fails, or late, when the golden requests get wrong answers."""
        server = self.world.servers[action.server]
        if mishap == "early":
            server.fail(action.model, facts(action.tree.config))
        else:
            server.load(action)
        if mishap is not None:
            raise TerminalError(Reason.LOAD_FAILED, f"{action.model} {mishap}")

    def _effect(self, step: Step) -> None:
        mishap = self.mishaps.get(step.id)
        volume = self.world.volume
        if mishap == "early" and not isinstance(step.action, Load):
            raise _failure(step)
        match step.action:
            case Fetch() as action:
                volume.fetch(action, progress=lambda _: None, cancelled=lambda: False)
            case Load() as action:
                self._load(action, mishap)
            case Unload() as action:
                self.world.servers[action.server].unload(action)
            case _:
                self._on_volume(step.action)
        if mishap == "late" and isinstance(step.action, (Unload, Fetch)):
            raise _failure(step)

    def _on_volume(self, action: Adopt | Activate | Deactivate | Retire | Prune) -> None:
        volume = self.world.volume
        match action:
            case Adopt():
                volume.adopt(action)
            case Activate():
                volume.activate(action)
            case Deactivate():
                volume.deactivate(action)
            case Retire():
                volume.retire(action)
            case Prune():
                volume.prune(action)
            case _:
                assert_never(action)


def _failure(step: Step) -> TerminalError:
    return TerminalError(Reason.TIMED_OUT, f"{step.id} failed")
