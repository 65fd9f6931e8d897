"""What is shown of a target at one moment: how its models stand, what was done lately, whether the loop turns.

Promise: a value of its own, which a reader may keep while the next pass goes on.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from reconciler.core.amounts import Span
from reconciler.core.errors import Problem
from reconciler.core.plan import Change, Outcome, Plan
from reconciler.core.statuses.conditions import Kind, ModelStatus, Truth
from reconciler.core.statuses.held import Held
from reconciler.core.views.tally import Ending, Tally

KEPT = 5
"""How many passes are remembered."""


class Light(StrEnum):
    """How a model stands, as one word."""

    STALLED = "stalled"
    NOT_READY = "not ready"
    UNKNOWN = "unknown"
    HELD = "held"
    READY = "ready"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerLine:
    """A server as it was last seen: its version, or why it could not be."""

    url: str
    up: bool
    told: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Passed:
    """A pass that is over. `plan`: what it set out to do, None where it did not come to that; `message`: why not.

    `repeats`: how many passes before it, since `first`, were just like it and did nothing.
    """

    began: datetime
    seconds: float
    ending: Ending
    revision: str = ""
    plan: Plan | None = None
    outcomes: tuple[Outcome, ...] = ()
    message: str = ""
    repeats: int = 0
    first: datetime | None = None

    @property
    def ended(self) -> datetime:
        """When it was over."""
        return self.began + timedelta(seconds=self.seconds)

    @property
    def idle(self) -> bool:
        """Whether nothing was to be done in it, or could be."""
        return not self.outcomes and (self.plan is None or self.plan.empty)


@dataclass(frozen=True, slots=True, kw_only=True)
class Loop:
    """The loop that turns `since`. `interval` in seconds; `running`: since when a pass is; `last`: when one ended.

    `converged`: when for the first time all was as wanted that can be so.
    """

    since: datetime
    interval: float
    running: datetime | None = None
    last: datetime | None = None
    converged: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """A target as of `at`; `remembered`: as the status branch tells it. Models by name, with what they need.

    `plan`: what is still to be done, None where nobody looked. `spans`: what is taken of memory and disk. `held`: the
    revision that is not trusted. `passes`: the last first; `loop` is None for a single run.
    """

    target: str
    at: datetime
    revision: str = ""
    remembered: bool = False
    models: Mapping[str, ModelStatus] = field(default_factory=dict)
    needs: Mapping[str, frozenset[str]] = field(default_factory=dict)
    plan: Plan | None = None
    servers: tuple[ServerLine, ...] = ()
    spans: tuple[Span, ...] = ()
    problems: tuple[Problem, ...] = ()
    unknown: tuple[str, ...] = ()
    not_fresh: str = ""
    held: Held | None = None
    passes: tuple[Passed, ...] = ()
    tally: Tally = field(default_factory=Tally)
    loop: Loop | None = None

    def lights(self) -> Mapping[str, Light]:
        """How each model stands."""
        held = {line.model for line in self.plan.models if line.change is Change.HELD} if self.plan else set()
        return {name: light(status, held=name in held) for name, status in self.models.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """Whether something is well, and why it is not."""

    well: bool
    says: str


def light(status: ModelStatus, *, held: bool = False) -> Light:
    """What is stalled needs somebody, whatever goes on serving; `held`: the plan leaves it alone."""
    stalled, found = status.conditions.get(Kind.STALLED), status.conditions.get(Kind.READY)
    if stalled is not None and stalled.status is Truth.TRUE:
        return Light.STALLED
    if status.ready:
        return Light.READY
    if held:
        return Light.HELD
    return Light.UNKNOWN if found is None or found.status is Truth.UNKNOWN else Light.NOT_READY


def with_pass(board: Board, passed: Passed) -> Board:
    """The board with one pass more. Passes that did nothing in the same way are one line."""
    last = board.passes[0] if board.passes else None
    if last is not None and _alike(last, passed):
        more = replace(passed, repeats=last.repeats + 1, first=last.first or last.began)
        return replace(board, passes=(more, *board.passes[1:]))
    return replace(board, passes=(passed, *board.passes)[:KEPT])


def _alike(one: Passed, other: Passed) -> bool:
    told = (one.ending, one.message, one.revision) == (other.ending, other.message, other.revision)
    return told and one.idle and other.idle


def settled(board: Board) -> bool:
    """Whether all that can be as wanted is: what is stalled or held is not waited for, trying again would not mend it.

    One model that is broken in git must not keep a whole pod from being ready.
    """
    reached = not board.unknown and all(server.up for server in board.servers)
    refused = board.plan is not None and board.plan.refusal is not None
    fine = (Light.READY, Light.STALLED, Light.HELD)
    return reached and not refused and all(light in fine for light in board.lights().values())


def turns(board: Board, now: datetime, patience: float) -> Health:
    """Whether the loop turns: a pass began or ended within `patience` seconds."""
    if board.loop is None:
        return Health(well=False, says="there is no loop")
    moments = (board.loop.since, board.loop.running, board.loop.last)
    silent = (now - max(moment for moment in moments if moment is not None)).total_seconds()
    doing = "a pass has been running for" if board.loop.running is not None else "no pass has begun for"
    if silent > patience:
        return Health(well=False, says=f"{doing} {silent:.0f} seconds, more than {patience:.0f}")
    return Health(well=True, says="the loop turns")


def readiness(board: Board) -> Health:
    """Whether the first convergence was reached, and every server answered when it was last looked at."""
    if board.loop is None or board.loop.converged is None:
        missing = [name for name, light in board.lights().items() if light not in (Light.READY, Light.STALLED)]
        told = f": {len(missing)} of {len(board.models)} models are not ready" if missing else ""
        return Health(well=False, says=f"the first convergence is not reached{told}")
    silent = [server.url for server in board.servers if not server.up]
    if silent:
        return Health(well=False, says=f"{len(silent)} of {len(board.servers)} servers do not answer")
    return Health(well=True, says="converged")
