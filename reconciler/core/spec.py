"""The desired state as frozen values (spec §2). core/parsing/parse.py makes them; everybody else only reads them."""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from reconciler.core.digest import Digest
from reconciler.core.errors import Problem
from reconciler.core.jsonvalue import JsonObject
from reconciler.core.locked import LockedSource
from reconciler.core.selector import Selector


class Unpack(StrEnum):
    """What becomes of archives among a source's files."""

    AUTO = "auto"
    NEVER = "never"


class Update(StrEnum):
    """How a served model gives way to its successor (spec §2.1)."""

    AUTO = "auto"
    REPLACE = "replace"
    RECREATE = "recreate"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where files come from. A relative path in `uri` was resolved against the repository by the reader.

    `written` is the uri as the document has it; `locked` what the model's lock says that the source holds.
    """

    uri: str
    digest: Digest | None = None
    include: tuple[str, ...] = ("**",)
    exclude: tuple[str, ...] = ()
    unpack: Unpack = Unpack.AUTO
    credentials: str | None = None
    written: str = field(default="", compare=False)
    locked: LockedSource | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """A credentials profile: the names of secrets, never the secrets."""

    endpoint_url: str | None = None
    profile: str | None = None
    from_env: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Resources:
    """Declared needs or capacity, in bytes; None where nothing is declared."""

    memory: int | None = None
    gpu_memory: int | None = None
    disk: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadPolicy:
    """Whether and how a model is loaded; timeout in seconds, retries beyond the first try."""

    enabled: bool = True
    timeout: float = 600.0
    retries: int = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeTensor:
    """A tensor of the Open Inference Protocol; `tolerance` (absolute) only for outputs."""

    name: str
    datatype: str
    shape: tuple[int, ...] | None
    data: tuple[bool | int | float | str, ...]
    tolerance: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """A golden request and its answer; timeout in seconds."""

    inputs: tuple[ProbeTensor, ...]
    outputs: tuple[ProbeTensor, ...]
    timeout: float = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspend:
    """Left alone on request; `until` is the last day of it (UTC), None for open-ended."""

    reason: str = ""
    until: datetime.date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSpec:
    """One model as wanted. Has a source, versions, or (an ensemble made of config only) neither.

    `replicas`: on how many of the target's servers, None for all of them.
    """

    name: str
    file: str
    framework: str
    source: Source | None = None
    versions: Mapping[int, Source] = field(default_factory=dict)
    config: JsonObject = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    depends_on: tuple[str, ...] = ()
    resources: Resources = Resources()
    update: Update = Update.AUTO
    load: LoadPolicy = LoadPolicy()
    probes: tuple[Probe, ...] = ()
    suspend: Suspend | None = None
    replicas: int | None = None

    def sources(self) -> dict[int | None, Source]:
        """All sources: None for the one of the whole model, the version number for the others."""
        whole: dict[int | None, Source] = {} if self.source is None else {None: self.source}
        return whole | dict(self.versions)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One volume and the servers on it. `backends` None: not declared, so not checked."""

    name: str = "default"
    servers: tuple[str, ...] = ()
    volume: str = ""
    selector: Selector = field(default_factory=Selector)
    capacity: Resources = Resources()
    backends: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MaxRemovals:
    """How much of what we serve one run may remove: a count, or a percentage of it."""

    count: int | None = None
    percent: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSigners:
    """Who may sign models, as the commit has it: a folder of the configuration repository and its PEM files by path.

    `signature` is the name of the file at the root of each source.
    """

    signature: str = "model.sig"
    folder: str = ".reconciler/model-keys/"
    keys: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitSigners:
    """Who may sign commits, as one commit has it. `file`, `revoked`: of SSH keys; `folder`: of OpenPGP ones.

    They are paths, empty where there is none; `files` is what they hold, by path.
    """

    file: str = ""
    revoked: str = ""
    folder: str = ""
    files: Mapping[str, bytes] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Freeze:
    """A time in which only drift is mended: from whenever `cron` says, for `duration` seconds."""

    cron: str
    duration: float
    timezone: str = "UTC"
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What a run must not do (spec §2.3). `allowed_sources` None: everything is allowed.

    `commit_signers`, `model_signers` None: commits, models need no signature.
    """

    allowed_sources: tuple[str, ...] | None = None
    require_digest: bool = False
    max_removals: MaxRemovals | None = None
    allow_empty: bool = False
    freeze: tuple[Freeze, ...] = ()
    commit_signers: CommitSigners | None = None
    model_signers: ModelSigners | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Repository:
    """reconciler.yaml; the default value is what holds without one. `commit_url`: where the web shows a commit."""

    default_config: JsonObject = field(default_factory=dict)
    policy: Policy = Policy()
    credentials: Mapping[str, Credentials] = field(default_factory=dict)
    targets: Mapping[str, Target] = field(default_factory=dict)
    status_branch: str = "reconciler-status"
    commit_url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Desired:
    """What git says, whole: valid models by name, rejected ones with their problems.

    `revision` is the commit (40 hexadecimal digits), or a digest of the files of a plain directory.
    `allowed_removals` is what the commit's `Reconcile-Allow-Removals:` trailer says, None without one. `not_fresh`: why
    nobody could say whether this is the latest; empty if it is. `commit` is the commit as git has it, whose signature
    may count; empty if what was read is not just a commit.
    """

    revision: str
    models: Mapping[str, ModelSpec] = field(default_factory=dict)
    rejected: Mapping[str, tuple[Problem, ...]] = field(default_factory=dict)
    repository: Repository = Repository()
    problems: tuple[Problem, ...] = ()
    allowed_removals: int | None = None
    commit: bytes = field(default=b"", repr=False)
    not_fresh: str = ""
