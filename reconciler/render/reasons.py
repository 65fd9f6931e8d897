"""What a reason means in a few words, for plans whose message says no more than the reason does."""

from collections.abc import Mapping

from reconciler.core.errors import Reason
from reconciler.render import words

MEANINGS: Mapping[Reason, str] = {
    Reason.NOT_ON_VOLUME: "it is not on the volume yet",
    Reason.GENERATION_CHANGED: "what the spec wants differs from what is on the volume",
    Reason.TREE_DAMAGED: "files of its tree are missing or changed",
    Reason.LINK_REPOINTED: "its link does not point where the spec wants it",
    Reason.NOT_LOADED: "the server does not have it loaded",
    Reason.NOT_READY: "the server has it, but it does not answer",
    Reason.SERVED_GENERATION_DIFFERS: "the server serves another generation than the volume holds",
    Reason.DEPENDENCY_RELOADED: "a model it depends on is loaded anew",
    Reason.LOAD_DISABLED: "load.enabled is false",
    Reason.NOT_PLACED: "it belongs on other servers of the target",
    Reason.REMOVED: "the desired state does not have it any more",
    Reason.UNREFERENCED: "nothing refers to it",
    Reason.CONTENT_UNKNOWN: "what its source holds is known once it is fetched",
    Reason.ADOPTED: "the directory of its name that is not ours is taken over",
    Reason.NOT_COMPARED: "whether it would change is not known",
    Reason.NO_STATUS: "no status tells what is there",
    Reason.REJECTED: "its file has errors, so it is left exactly as it is",
    Reason.REMOVALS_PAUSED: "nothing is removed while any file has errors",
    Reason.SUSPENDED: "suspended by its spec",
    Reason.FROZEN: "nothing but drift is mended in a freeze window",
    Reason.FOREIGN: "it is not ours, so it is left alone",
    Reason.STALLED: "it failed for a reason that trying again cannot mend",
    Reason.PREFLIGHT_FAILED: "Triton would not take it",
    Reason.BREAKS_DEPENDENT: "a model that depends on it would go down",
    Reason.MISSING_DEPENDENCY: "a model it depends on does not exist",
    Reason.DEPENDENCY_HELD: "a model it depends on is held",
    Reason.DEPENDENCY_CYCLE: "it depends on itself",
    Reason.STILL_NEEDED: "something that is up still needs it",
    Reason.NOT_SELECTED: "not among the models asked for",
    Reason.BACKEND_UNAVAILABLE: "the target does not have its backend",
    Reason.SERVER_UNREACHABLE: "its server could not be reached",
    Reason.NO_CAPACITY: "there is no memory left for it",
    Reason.NOT_EXPLICIT_MODE: "the server was not started with --model-control-mode=explicit",
}


def why(reason: Reason, message: str) -> str:
    """`NotLoaded: …` with the message, or what the reason means where there is none."""
    told = words.line(message) or MEANINGS.get(reason, "")
    return f"{reason.value}: {told}" if told else reason.value
