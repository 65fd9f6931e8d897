"""A plan as data: what will be done, in which order, why, and what is left alone (spec §6).

Each action carries all that the executor needs; the executor decides nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from reconciler.core.amounts import Span
from reconciler.core.artifact import Tree
from reconciler.core.digest import Digest, FileDigest, Generation
from reconciler.core.errors import Reason
from reconciler.core.spec import Probe, Resources, Source

NOTHING_DECLARED = Resources()

AT_ONCE = 4
"""Loads and unloads at once: Triton loads with four threads by default (triton-facts §3)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetch:
    """Bring what the sources hold onto the volume as blobs. `size` in bytes, None if not known before."""

    model: str
    sources: Mapping[int | None, Source]
    size: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Adopt:
    """Make blobs of what the model's foreign directory holds, which is not changed by that but in its files' times.

    `files`: what the sources hold, by source as in ModelSpec.sources(); `held`: which contents of it come from the
    directory; `size` of these in bytes.
    """

    model: str
    files: Mapping[int | None, tuple[FileDigest, ...]]
    held: frozenset[Digest]
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Activate:
    """Make (or mend) the tree and point `models/<model>` at it. `previous` is what the link points at now.

    `mends`: how often the tree has been mended then, noted before it is touched. `adopts`: a foreign directory of that
    name is set aside for it.
    """

    model: str
    tree: Tree
    previous: Generation | None
    mends: int = 0
    adopts: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """A model that must be up with this stamp after an operation; None: up, and not one of ours."""

    model: str
    generation: Generation | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Restore:
    """One model that a failed step puts back as it was, so that nothing is worse than before.

    `tree` is what the link named; None: there was no link, so it is taken away where it names `instead`. `served`: by
    server, what was up there and is loaded again unless it still is; None: it was not up and is unloaded.
    `timeout` in seconds for each of these loads and unloads; `mends`: how often trees have been mended. `adopted`: not
    None where the model's own directory was set aside and comes back; the servers on which it was up from there.
    `resources`: what it was declared to take. `apart`: both copies do not fit, so what came in its place is unloaded
    first.
    """

    model: str
    tree: Tree | None
    instead: Generation
    served: Mapping[str, Tree | None]
    timeout: float
    mends: Mapping[Generation, int] = field(default_factory=dict)
    adopted: tuple[str, ...] | None = None
    resources: Resources = NOTHING_DECLARED
    apart: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """Load the active tree with its stamped config, read back its stamp and those of `dependents`, run the probes.

    `timeout` in seconds for one try; `retries` beyond the first, for failures that can pass. `mends`: how often the
    tree has been mended, and `resources` what it is declared to take: both go with the config. `takes_down`: ensembles
    that are down from then on until all that they need has followed. `together`: others may be loaded in the same
    request, which takes all of them from the disk (core/planning/together.py).
    """

    model: str
    server: str
    tree: Tree
    timeout: float
    retries: int
    dependents: tuple[Expected, ...] = ()
    probes: tuple[Probe, ...] = ()
    mends: int = 0
    resources: Resources = NOTHING_DECLARED
    takes_down: tuple[str, ...] = ()
    together: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Unload:
    """Unload and wait until it is gone; timeout in seconds."""

    model: str
    server: str
    timeout: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Deactivate:
    """Take our link `models/<model>` away, if it still points at this generation."""

    model: str
    generation: Generation


@dataclass(frozen=True, slots=True, kw_only=True)
class Retire:
    """Delete the directory that an adoption has set aside: what took its place is served."""

    model: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Prune:
    """Delete what nothing refers to: whole trees, blobs, half-made things of earlier runs; size in bytes.

    `damaged`: blobs that are not what their name says, whatever refers to them, unless they are mended by then.
    """

    trees: tuple[Generation, ...]
    blobs: tuple[Digest, ...]
    partials: tuple[str, ...]
    size: int
    damaged: tuple[Digest, ...] = ()


Action = Fetch | Adopt | Activate | Load | Unload | Deactivate | Retire | Prune


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One action with its reason.

    `after`: ids of steps that must have succeeded before; `behind`: of steps that must have ended, well or not. Steps
    of one `lane` never overlap, unless both are `beside` others, on two servers. If it fails in the end, `restores` are
    put back in their order: what is needed before what needs it. `continues`: what the steps before it changed is half
    a change without it, so a run that was asked to stop still does it.
    """

    id: str
    action: Action
    reason: Reason
    detail: str = ""
    after: frozenset[str] = frozenset()
    behind: frozenset[str] = frozenset()
    lane: str | None = None
    beside: bool = False
    restores: tuple[Restore, ...] = ()
    continues: bool = False


class Change(StrEnum):
    """What becomes of one model, as one word."""

    CREATE = "create"
    UPDATE = "update"
    RECREATE = "recreate"
    REMOVE = "remove"
    MEND = "mend"
    MOVE = "move"
    UNCHANGED = "unchanged"
    HELD = "held"
    FOREIGN = "foreign"
    UNKNOWN = "unknown"


class GapKind(StrEnum):
    """Why a model that is up will not answer for a while, or any more. A first load is none, nor is a replacement."""

    RECREATED = "recreated"
    NEEDS_RECREATED = "needs-recreated"
    NEEDS_CHANGED = "needs-changed"
    UNLOADED = "unloaded"
    REMOVED = "removed"

    @property
    def ends(self) -> bool:
        """Whether it is over once the plan is carried out."""
        return self not in (GapKind.UNLOADED, GapKind.REMOVED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Versions:
    """The versions of a model that answer before a plan and after it, ascending; None where that is not known."""

    before: tuple[int, ...] | None = None
    after: tuple[int, ...] | None = None

    @property
    def going(self) -> tuple[int, ...]:
        """Those that answer now and certainly will not: requests for them by number fail from then on."""
        return () if self.after is None else tuple(sorted({*(self.before or ())} - {*self.after}))


UNTOLD = Versions()


@dataclass(frozen=True, slots=True, kw_only=True)
class Moves:
    """The servers that a model leaves, and those that it comes to first."""

    leaves: tuple[str, ...] = ()
    comes_to: tuple[str, ...] = ()


STAYS = Moves()


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelPlan:
    """What becomes of one model and why.

    `active` is what the volume's link names now, `wanted` what it will name; `wanted` is None where `deferred`: what
    its sources hold is known only after they are fetched, and the rest is planned then. `gap` says why requests will
    fail meanwhile, empty if they will not or it is removed; `gap_kind` says that too. `stalled`: trying again is
    hopeless, so a person or a spec change is needed. `warnings` are facts worth knowing that do not hold it. `kept`:
    why `wanted` is what is active, which is mended, and not what git wants. `foreign_needs`: models it needs that are
    not ours to bring. `servers`: those that it belongs on, None for all of the target's.
    """

    model: str
    change: Change
    reason: Reason
    message: str = ""
    active: Generation | None = None
    wanted: Generation | None = None
    steps: tuple[str, ...] = ()
    deferred: bool = False
    stalled: bool = False
    kept: Reason | None = None
    gap: str = ""
    gap_kind: GapKind | None = None
    warnings: tuple[str, ...] = ()
    foreign_needs: tuple[str, ...] = ()
    versions: Versions = UNTOLD
    servers: tuple[str, ...] | None = None
    moves: Moves = STAYS


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why none of this may be carried out (exit 4)."""

    reason: Reason
    message: str
    hint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Everything one run would do to one target. `remembered`: the world is what the last status says it was."""

    target: str
    revision: str
    models: tuple[ModelPlan, ...] = ()
    steps: tuple[Step, ...] = ()
    refusal: Refusal | None = None
    unknown: tuple[str, ...] = ()  # servers and sources that could not be looked at, in words
    totals: Mapping[str, int] = field(default_factory=dict)
    spans: tuple[Span, ...] = ()  # memories and disk, before, at most meanwhile, and after
    remembered: bool = False
    not_fresh: str = ""  # why nobody could say whether the revision is the latest

    @property
    def empty(self) -> bool:
        """Whether there is nothing to do."""
        return not self.steps


class Result(StrEnum):
    """How a step ended."""

    DONE = "done"
    FAILED = "failed"
    BLOCKED = "blocked"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of a step.

    `terminal`: trying again will not mend the failure. `began` and `seconds` (by the run's clock) are for people and
    never go into a status. `found_down`: models and their servers that were up before and were down meanwhile.
    """

    step: Step
    result: Result
    reason: Reason = Reason.SUCCEEDED
    message: str = ""
    terminal: bool = False
    began: float = 0.0
    seconds: float = 0.0
    found_down: frozenset[tuple[str, str]] = frozenset()
