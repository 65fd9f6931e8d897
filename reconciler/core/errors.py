"""The error tree, sorted by what to do next, and the reasons that plans, outcomes and status give.

Promise: every error that reaches a person says what happened, why, and what to do next.
"""

from dataclasses import dataclass
from enum import StrEnum


class Reason(StrEnum):
    """One CamelCase word for why something is planned, held, refused or failed (spec §6, §7)."""

    # why an action is planned
    NOT_ON_VOLUME = "NotOnVolume"
    GENERATION_CHANGED = "GenerationChanged"
    TREE_DAMAGED = "TreeDamaged"
    LINK_REPOINTED = "LinkRepointed"
    NOT_LOADED = "NotLoaded"
    NOT_READY = "NotReady"
    SERVED_GENERATION_DIFFERS = "ServedGenerationDiffers"
    DEPENDENCY_RELOADED = "DependencyReloaded"
    LOAD_DISABLED = "LoadDisabled"
    NOT_PLACED = "NotPlaced"
    REMOVED = "Removed"
    UNREFERENCED = "Unreferenced"
    CONTENT_UNKNOWN = "ContentUnknown"
    ADOPTED = "Adopted"

    # why it is not known what becomes of a model
    NOT_COMPARED = "NotCompared"
    NO_STATUS = "NoStatus"

    # why a model is held
    REJECTED = "Rejected"
    REMOVALS_PAUSED = "RemovalsPaused"
    SUSPENDED = "Suspended"
    FROZEN = "Frozen"
    FOREIGN = "Foreign"
    STALLED = "Stalled"
    PREFLIGHT_FAILED = "PreflightFailed"
    BREAKS_DEPENDENT = "BreaksDependent"
    MISSING_DEPENDENCY = "MissingDependency"
    DEPENDENCY_HELD = "DependencyHeld"
    DEPENDENCY_CYCLE = "DependencyCycle"
    STILL_NEEDED = "StillNeeded"
    NOT_SELECTED = "NotSelected"
    BACKEND_UNAVAILABLE = "BackendUnavailable"
    SERVER_UNREACHABLE = "ServerUnreachable"
    NOT_EXPLICIT_MODE = "NotExplicitMode"
    NO_CAPACITY = "NoCapacity"

    # why a run is refused
    REMOVALS_EXCEEDED = "RemovalsExceeded"
    EMPTY_REFUSED = "EmptyRefused"
    SOURCE_NOT_ALLOWED = "SourceNotAllowed"
    IN_THE_WAY = "InTheWay"
    NOT_CONFIRMED = "NotConfirmed"
    PLAN_STALE = "PlanStale"
    COMMIT_NOT_VERIFIED = "CommitNotVerified"

    # why something failed
    INVALID = "Invalid"
    USAGE = "Usage"
    SOURCE_NOT_FOUND = "SourceNotFound"
    SOURCE_EMPTY = "SourceEmpty"
    SOURCE_UNREADABLE = "SourceUnreadable"
    SOURCE_UNREACHABLE = "SourceUnreachable"
    SOURCE_CHANGED = "SourceChanged"
    UNSAFE_PATH = "UnsafePath"
    BAD_ARCHIVE = "BadArchive"
    DIGEST_MISMATCH = "DigestMismatch"
    SIGNATURE_INVALID = "SignatureInvalid"
    CREDENTIALS_MISSING = "CredentialsMissing"
    EXTRA_MISSING = "ExtraMissing"
    NO_SPACE = "NoSpace"
    VOLUME_UNUSABLE = "VolumeUnusable"
    LOCKED = "Locked"
    LOAD_FAILED = "LoadFailed"
    UNLOAD_FAILED = "UnloadFailed"
    STAMP_MISMATCH = "StampMismatch"
    DEPENDENT_DOWN = "DependentDown"
    PROBE_FAILED = "ProbeFailed"
    TIMED_OUT = "TimedOut"
    CANCELLED = "Cancelled"
    BUG = "Bug"
    REPOSITORY_UNREADABLE = "RepositoryUnreadable"
    REPOSITORY_UNREACHABLE = "RepositoryUnreachable"
    HOST_NOT_TRUSTED = "HostNotTrusted"
    REPOSITORY_UNWRITABLE = "RepositoryUnwritable"
    REF_NOT_FOUND = "RefNotFound"
    PUSH_REFUSED = "PushRefused"
    PUSH_RACED = "PushRaced"
    NOT_COMMENTED = "NotCommented"
    NOT_NOTIFIED = "NotNotified"
    METRICS_NOT_WRITTEN = "MetricsNotWritten"

    # how a condition stands when all is well
    SUCCEEDED = "Succeeded"
    PENDING = "Pending"
    BLOCKED = "Blocked"
    NO_SERVER = "NoServer"
    NO_PROBE = "NoProbe"


class ReconcileError(Exception):
    """An expected failure: a reason, a message for a person, and a hint at what to do next."""

    def __init__(self, reason: Reason, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        """Message and hint as one sentence: plans, outcomes and the status keep an error as a text."""
        hint = self.hint[:1].lower() + self.hint[1:].removesuffix(".")
        return f"{self.message.removesuffix('.')}; {hint}" if hint else self.message


class TransientError(ReconcileError):
    """Trying again may mend it: a network, a busy or restarting server, a full disk."""


class TerminalError(ReconcileError):
    """Only a change of the content, the spec or the set-up mends it: trying again is hopeless."""


class RefusedError(ReconcileError):
    """A policy or a guard says no (exit 4)."""


class UsageError(ReconcileError):
    """The command line does not say enough, or says what does not fit (exit 64)."""


class StaleError(ReconcileError):
    """What a saved plan is about has moved (exit 3)."""


class LockedError(ReconcileError):
    """Another run holds the volume's lock (exit 5)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One fault of a document: where it is (line and column from 1), what was found and what was expected."""

    file: str
    line: int
    column: int
    path: str
    found: str
    expected: str

    def __str__(self) -> str:
        where = f" {self.path}:" if self.path else ""
        return f"{self.file}:{self.line}:{self.column}:{where} found {self.found}, expected {self.expected}"
