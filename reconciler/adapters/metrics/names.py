"""Every metric there is: its name, what it is, its labels, and what it says. docs/metrics.md is this table."""

from dataclasses import dataclass
from enum import StrEnum


class Type(StrEnum):
    """The types of Prometheus that are used."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True)
class Described:
    """One metric family, as it is named in queries."""

    name: str
    type: Type
    labels: tuple[str, ...]
    says: str


def _counter(name: str, labels: str, says: str) -> Described:
    return Described(f"reconcile_{name}_total", Type.COUNTER, tuple(labels.split()), says)


def _gauge(name: str, labels: str, says: str) -> Described:
    return Described(f"reconcile_{name}", Type.GAUGE, tuple(labels.split()), says)


def _histogram(name: str, labels: str, says: str) -> Described:
    return Described(f"reconcile_{name}", Type.HISTOGRAM, tuple(labels.split()), says)


BUILD = _gauge("build_info", "version python", "1, for the version of reconcile and of the Python it runs in.")

RUNS = _counter("runs", "target result", "Runs by how they ended, as their exit codes say it.")
RUN_SECONDS = _histogram("run_duration_seconds", "target", "How long runs took.")
LAST_RUN = _gauge("last_run_timestamp_seconds", "target", "When the last run ended.")
LAST_RESULT = _gauge("last_run_result", "target result", "1 for how the last run ended, 0 for all else.")
LAST_SUCCESS = _gauge("last_success_timestamp_seconds", "target", "When a run last ended with success.")

ACTIONS = _counter("actions", "target kind outcome", "Actions of plans by what they are and what came of them.")
ACTION_SECONDS = _histogram(
    "action_duration_seconds", "target kind outcome", "How long actions took that were begun, with all their tries."
)
FETCHED = _counter("fetched_bytes", "target", "Bytes that came from sources, also those of tries that failed.")
DRIFT = _counter("drift_found", "target reason", "Models that a run found changed by others than git.")
LOAD_FAILURES = _counter("load_failures", "target model", "Loads of the model that failed in the end.")

MODELS = _gauge("models", "target condition status", "Models by condition and its status.")
MODEL_READY = _gauge("model_ready", "target model", "1 if what git wants of the model is what is served.")
MODEL_INFO = _gauge("model_info", "target model reason", "1, for the reason that the model's Ready has.")

DECLARED = _gauge(
    "declared_memory_bytes", "target kind", "What the models that are to be up are declared to take of a server."
)
DECLARED_LIMIT = _gauge("declared_memory_limit_bytes", "target kind", "The memory that the target declares to have.")
VOLUME = _gauge("volume_bytes", "target", "What the models' files take of the volume once the plan is carried out.")
VOLUME_LIMIT = _gauge("volume_limit_bytes", "target", "The room on the volume that the target declares to have.")

SERVER_UP = _gauge("server_up", "target server", "1 if the server answered when it was last looked at.")
REVISION = _gauge("revision_info", "target revision", "1, for the revision that was last read.")
FRESH = _gauge("revision_fresh", "target", "0 if the remote could not be asked whether this is the latest.")
DOCUMENT_ERRORS = _gauge("document_errors", "target", "Faults of files in the configuration repository.")

RUNNING = _gauge("pass_running", "target", "1 while a pass of `reconcile run` is under way.")
CONVERGED = _gauge(
    "first_convergence_timestamp_seconds", "target", "When the loop first had brought up all that can be."
)

ALL: tuple[Described, ...] = (
    BUILD,
    RUNS,
    RUN_SECONDS,
    LAST_RUN,
    LAST_RESULT,
    LAST_SUCCESS,
    ACTIONS,
    ACTION_SECONDS,
    FETCHED,
    DRIFT,
    LOAD_FAILURES,
    MODELS,
    MODEL_READY,
    MODEL_INFO,
    DECLARED,
    DECLARED_LIMIT,
    VOLUME,
    VOLUME_LIMIT,
    SERVER_UP,
    REVISION,
    FRESH,
    DOCUMENT_ERRORS,
    RUNNING,
    CONVERGED,
)
