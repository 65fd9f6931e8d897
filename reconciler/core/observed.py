"""What is really there: the volume and the servers, as values (spec §3, triton-facts).

Unreachable is not empty, foreign is not ours: each is a value of its own.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from reconciler.core.artifact import Tree
from reconciler.core.content import Content
from reconciler.core.digest import Digest, Generation
from reconciler.core.errors import Reason
from reconciler.core.spec import Resources


@dataclass(frozen=True, slots=True, kw_only=True)
class Active:
    """`models/<name>` is our link to a tree.

    `tree` is what the tree must hold by its generation, None if its document is lost.
    `damage` lists in words what is missing or changed below it; empty if it is whole.
    """

    generation: Generation
    tree: Tree | None
    damage: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignEntry:
    """`models/<name>` is there and not ours: a directory, a link elsewhere, a file. `kind` is for people.

    `adoptable`: there is a model's directory behind it that could be taken over.
    """

    kind: str
    adoptable: bool = False


Entry = Active | ForeignEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class VolumeView:
    """The volume as found. `trees`: every tree on it by generation, None where its document is lost.

    `blobs`: every blob by digest with its size in bytes. `partials`: names of half-made things left by earlier runs.
    `free_bytes`: room for what is to be fetched, with what half-fetched files have taken already; None if not known.
    `mends`: how often a damaged tree was mended, where it ever was. `aside`: models whose own directory an adoption has
    set aside, until what took its place is served. `damaged`: blobs that are not what their name says, where they were
    read.
    """

    entries: Mapping[str, Entry] = field(default_factory=dict)
    trees: Mapping[Generation, Tree | None] = field(default_factory=dict)
    blobs: Mapping[Digest, int] = field(default_factory=dict)
    partials: tuple[str, ...] = ()
    free_bytes: int | None = None
    mends: Mapping[Generation, int] = field(default_factory=dict)
    aside: frozenset[str] = frozenset()
    damaged: frozenset[Digest] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionState:
    """A row of Triton's index: states are READY, UNAVAILABLE, LOADING, UNLOADING, UNKNOWN."""

    version: int
    state: str
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A model the server knows as more than a directory name.

    `generation` is the stamp in its config, None if it has none or is not up. `members` are the models that the
    served config's ensemble steps name. `mends`: how often its tree had been mended when it was loaded. `resources`:
    what it was declared to take then, None where that was not noted.
    """

    versions: tuple[VersionState, ...] = ()
    generation: Generation | None = None
    members: frozenset[str] = frozenset()
    mends: int = 0
    resources: Resources | None = None

    @property
    def up(self) -> bool:
        """Whether any version answers requests."""
        return any(version.state == "READY" for version in self.versions)

    @property
    def busy(self) -> bool:
        """Whether any version is on its way up or down."""
        return any(version.state in ("LOADING", "UNLOADING") for version in self.versions)


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """A server that answered; models by name.

    `needs`: the ensembles that are up and their members; `users`: the same from the members' side.
    """

    models: Mapping[str, Served] = field(default_factory=dict)
    version: str = ""
    needs: Mapping[str, frozenset[str]] = field(init=False, repr=False, compare=False)
    users: Mapping[str, frozenset[str]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        needs = {name: served.members for name, served in self.models.items() if served.up and served.members}
        users: dict[str, set[str]] = {}
        for name, members in needs.items():
            for member in members:
                users.setdefault(member, set()).add(name)
        # Asked for every model, so worked out once: a plan for thousands of models must not take minutes.
        object.__setattr__(self, "needs", needs)
        object.__setattr__(self, "users", {member: frozenset(names) for member, names in users.items()})


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreachable:
    """A server that did not answer, or not in a way we can work with: nothing is known of its models."""

    reason: Reason
    message: str


ServerView = Serving | Unreachable


@dataclass(frozen=True, slots=True, kw_only=True)
class StalledAt:
    """What the status remembers of a model that trying again cannot mend.

    What else it depended on (core/statuses/circumstances.py), None where that was not noted: `circumstances` is a
    digest of the models around it, `probes` one of its golden requests.
    """

    generation: Generation
    reason: Reason
    message: str
    circumstances: Digest | None = None
    probes: Digest | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """All that one pass knows of the world. `contents` by model name.

    From the last status: `stalled`, and `before`, what each model's link named then (None if it had none).

    `remembered`: nothing of it was looked at, all is as the last status tells it (core/statuses/remembered.py).
    """

    volume: VolumeView = VolumeView()
    servers: Mapping[str, ServerView] = field(default_factory=dict)
    contents: Mapping[str, Content] = field(default_factory=dict)
    stalled: Mapping[str, StalledAt] = field(default_factory=dict)
    before: Mapping[str, Generation | None] = field(default_factory=dict)
    remembered: bool = False
