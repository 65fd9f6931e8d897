"""The values of the library: frozen, few, and kept apart from those that the program works with."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from reconciler.core.errors import Problem
from reconciler.core.jsonvalue import JsonObject


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a pass is about, as the flags of the command line say it; `timeout` in seconds, for one load.

    `repo`: a folder or an address. `server_none`: fetch and activate only. `models`: none for all of the target.
    `environment`: where git and sources look for keys; None for that of the process.
    """

    repo: str = "."
    ref: str | None = None
    path: str = ""
    target: str | None = None
    servers: tuple[str, ...] = ()
    server_none: bool = False
    volume: str | None = None
    models: tuple[str, ...] = ()
    adopt: tuple[str, ...] = ()
    allow_removals: int | None = None
    timeout: float | None = None
    require_fresh: bool = False
    environment: Mapping[str, str] | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelPlan:
    """What becomes of one model. `change`: create, update, remove, … as in the plan's JSON; generations are digests.

    `gap`: why it will not answer for a while; empty if it will.
    """

    name: str
    change: str
    reason: str
    message: str
    before: str | None
    after: str | None
    gap: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One action of a plan: `kind` is fetch, activate, load, unload, deactivate or prune; `size` in bytes, if known."""

    id: str
    kind: str
    model: str | None
    server: str | None
    reason: str
    after: tuple[str, ...]
    size: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why nothing of a plan will be done."""

    reason: str
    message: str
    hint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What would be done. `complete` is false where something could not be looked at, which `unknown` names.

    `changes`: whether there is anything to do. `document`: all of it, as `reconcile plan -o json` prints it.
    """

    target: str
    revision: str
    changes: bool
    complete: bool
    unknown: tuple[str, ...]
    models: tuple[ModelPlan, ...]
    steps: tuple[Step, ...]
    refusal: Refusal | None
    problems: tuple[Problem, ...]
    document: JsonObject = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How one step ended: `result` is done, failed, blocked or cancelled; `terminal`: trying again is hopeless."""

    step: str
    kind: str
    model: str | None
    server: str | None
    result: str
    reason: str
    message: str
    terminal: bool
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """What was done. `status_commit`: None where there was nothing to write; `status_error`: why it failed.

    `ready`: by model, whether it is fetched, loaded where it should be, and answers.
    """

    plan: Plan
    outcomes: tuple[Outcome, ...]
    ready: Mapping[str, bool]
    status_commit: str | None
    status_error: str | None

    @property
    def ok(self) -> bool:
        """Whether the plan was carried out, all of it, and written down."""
        done = all(outcome.result == "done" for outcome in self.outcomes)
        return done and self.plan.refusal is None and self.status_error is None


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelState:
    """Where one model stands; generations are digests. `loaded`: what each server has, None for nothing of ours.

    `settled`: whether it is as git wants it; if it is not, `reason` and `message` say why.
    """

    name: str
    settled: bool
    desired: str | None
    on_disk: str | None
    loaded: Mapping[str, str | None]
    reason: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """How a target stands. `document`: all of it, as `reconcile status -o json` prints it."""

    target: str
    revision: str
    complete: bool
    models: tuple[ModelState, ...]
    problems: tuple[Problem, ...]
    document: JsonObject = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Validation:
    """How many models are right, and every fault of every file."""

    models: int
    problems: tuple[Problem, ...]

    @property
    def ok(self) -> bool:
        """Whether there is no fault."""
        return not self.problems
