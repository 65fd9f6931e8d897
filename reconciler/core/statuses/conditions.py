"""How one model stands, as Kubernetes says it: conditions with a reason and the time they last turned (spec §7).

Promise: the same state is the same value. Messages are kept free of what differs between two runs that saw the same:
times, durations, addresses, process ids, names of temporary files.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from reconciler.core.digest import Digest, Generation, hexdigits
from reconciler.core.errors import Reason
from reconciler.core.observed import StalledAt
from reconciler.core.printable import printable

MAX_MESSAGE = 1000

_VOLATILE = (
    (re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?([.,]\d+)?(Z|[+-]\d\d:?\d\d)?"), "a time"),
    (re.compile(r"\b\d+(\.\d+)? ?(ns|us|µs|ms|s|secs?|seconds?|min|minutes?|hours?)\b"), "some time"),
    (re.compile(r"\b0x[0-9a-fA-F]{4,}\b"), "0x…"),
    (re.compile(r"\b(pid|process|thread|stub)([ =:#]*)\d+\b", re.IGNORECASE), r"\1\2…"),
    (re.compile(r"(/tmp/|/var/tmp/)(folder|tmp|python_env_)\w{5,}[^\s'\",;:()]*"), r"\1…"),
    (re.compile(r"(/dev/shm/)[^\s'\",;:()]+"), r"\1…"),
)
_USERINFO = re.compile(r"(://)[^/\s'\"?#]*@")


class Kind(StrEnum):
    """The conditions that a model has, in the order they are written."""

    READY = "Ready"
    FETCHED = "Fetched"
    LOADED = "Loaded"
    PROBED = "Probed"
    STALLED = "Stalled"


class Truth(StrEnum):
    """A condition's status."""

    TRUE = "True"
    FALSE = "False"
    UNKNOWN = "Unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One condition; `last_transition_time` (RFC 3339, UTC) is when its status last became another."""

    kind: Kind
    status: Truth
    reason: Reason
    message: str = ""
    last_transition_time: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A condition without its time."""

    status: Truth
    reason: Reason
    message: str = ""


class Fate(StrEnum):
    """What became of a generation."""

    PENDING = "Pending"
    READY = "Ready"
    FAILED = "Failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """A generation that git wanted, at a revision, first seen at `wanted`; its fate, since when, and why (RFC 3339)."""

    generation: Generation
    revision: str
    wanted: str
    since: str
    fate: Fate = Fate.PENDING
    reason: Reason = Reason.PENDING
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelStatus:
    """How one model of a target stands.

    `generation` is what git wants, as far as it is known, and `revision` the commit at which we saw that first, so
    that commits about other models change nothing here. `active` is what the volume's link names; `served` what each
    server has up, None where it carries no stamp, and `belongs_on` are the servers that are to have it; `versions` are
    those that answer. `digests` are the sources' tree digests, under `source` or the version's number. `stalled_at` is
    what not to try again, and why.

    For plans without a look at the world: `settings` is a digest of all but the sources that decided about the
    generation, `servers` are those that answered, `members` the models that its served steps name, `calls` those
    that the config of what is active says it calls.

    `history`: what became of the last generations that git wanted, the last of them first.
    """

    name: str
    target: str
    revision: str
    generation: Generation | None = None
    active: Generation | None = None
    served: Mapping[str, Generation | None] = field(default_factory=dict)
    versions: tuple[int, ...] = ()
    digests: Mapping[str, Digest] = field(default_factory=dict)
    settings: Digest | None = None
    servers: tuple[str, ...] = ()
    belongs_on: tuple[str, ...] = ()
    members: tuple[str, ...] = ()
    calls: tuple[str, ...] = ()
    stalled_at: StalledAt | None = None
    conditions: Mapping[Kind, Condition] = field(default_factory=dict)
    history: tuple[Episode, ...] = ()

    @property
    def needs(self) -> frozenset[str]:
        """All that it is known to need."""
        return frozenset((*self.members, *self.calls))

    @property
    def ready(self) -> bool:
        """Whether what is wanted is what is served."""
        condition = self.conditions.get(Kind.READY)
        return condition is not None and condition.status is Truth.TRUE


def stable(text: str) -> str:
    """A message as it may be kept: one printable line, no secrets of URLs, nothing that differs from run to run."""
    line = _USERINFO.sub(r"\1", " ".join(text.split()))
    for pattern, instead in _VOLATILE:
        line = pattern.sub(instead, line)
    return printable(line if len(line) <= MAX_MESSAGE else line[: MAX_MESSAGE - 1] + "…")


def short(generation: Generation) -> str:
    """A generation as people compare it."""
    return hexdigits(generation)[:12]
