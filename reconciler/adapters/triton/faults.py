"""A failed call as an error for a person: what happened, and what to do about it."""

import re
from collections.abc import Collection
from typing import assert_never

from reconciler.adapters.triton.wire import CallFailed, Kind
from reconciler.core.errors import Reason, ReconcileError, TerminalError, TransientError

_LONGEST = 2000
_NOISE = re.compile(  # of gRPC, OpenSSL and Python around the one thing that says what is wrong
    r"failed to connect to all addresses; last error: \w+: \S+: (Failed to connect to remote host: )?"
    r"| \(TSI_\w+\)|SSL_ERROR_SSL: error:\w+:SSL routines:OPENSSL_internal:|: Invalid certificate verification.*"
    r"| \(_ssl.c:\d+\)"
)
_PORTS = "check the port: gRPC is usually on 8001, HTTP on 8000"

EXPLICIT_HINT = "start Triton with --model-control-mode=explicit"

# Trying again may mend these although Triton reports them like faults of the content.
_PASSING = (
    "is not healthy",
    "out of memory",
    "memory limit",
    "cannot allocate",
    "failed to allocate",
    "unable to allocate",
    "no space left",
    "resource temporarily unavailable",
    "shared memory",
    "memoryerror",
)
_OPAQUE = "failed to poll from model repository"
_OPAQUE_HINT = (
    "the cause is in Triton's own log only, and is one of: it does not see the directory (is its "
    "--model-repository the `models` folder of this volume?), config.pbtxt of this model or of one that it is "
    "composed of does not parse, its `name` is not the directory's, no backend can be derived, or a composing model "
    "is not there"
)
_STRANGE_HINT = (
    "config.pbtxt has what this version of reconcile does not know ({}): a server that does not know it either refuses "
    "the model just so. Else "
)


def unreachable(failure: CallFailed) -> tuple[Reason, str]:
    """Why nothing is known of a server, in words a person can act on."""
    reason = Reason.NOT_EXPLICIT_MODE if failure.kind is Kind.NOT_EXPLICIT else Reason.SERVER_UNREACHABLE
    return reason, _situation(failure)


def lost(server: str, failure: CallFailed) -> ReconcileError | None:
    """The error for a failure that is about the server and not about the model, None for one that is not."""
    match failure.kind:
        case Kind.NOT_EXPLICIT:
            message = f"{server} does not let others load and unload: {failure.words}"
            return TerminalError(Reason.NOT_EXPLICIT_MODE, message, EXPLICIT_HINT)
        case Kind.UNREACHABLE | Kind.TLS | Kind.NOT_TRITON | Kind.RESTRICTED:
            # Transient, although some of it needs a person: it says nothing against the model.
            reason, words = unreachable(failure)
            return TransientError(reason, f"{server}: {words}", "the next run tries again")
        case Kind.TIMEOUT | Kind.BUSY | Kind.NOT_FOUND | Kind.REJECTED | Kind.INTERNAL:
            return None
        case _:
            assert_never(failure.kind)


def of_load(
    server: str, model: str, failure: CallFailed, seconds: float, strange: Collection[str] = ()
) -> ReconcileError:
    """What a failed load means. `strange`: what of its config we do not know, so perhaps the server does not either."""
    about_server = lost(server, failure)
    if about_server is not None:
        return about_server
    if failure.kind is Kind.TIMEOUT:
        return TransientError(
            Reason.TIMED_OUT,
            f"{server} did not finish loading {model} within {seconds:g} s; it goes on with it and may still finish",
            "if the model needs longer, raise load.timeout; if it never ends, only a restart of Triton clears it",
        )
    words = failure.words.lower()
    message = f"{server} could not load {model}: {failure.words[:_LONGEST]}"
    if _OPAQUE in words:
        hint = _STRANGE_HINT.format(", ".join(strange)) if strange else ""
        return TransientError(Reason.LOAD_FAILED, message, hint + _OPAQUE_HINT)
    if failure.kind is Kind.BUSY or any(sign in words for sign in _PASSING):
        return TransientError(Reason.LOAD_FAILED, message, "this may pass: the next try or run loads it again")
    return TerminalError(Reason.LOAD_FAILED, message, "the model's content or config has to change")


def of_unload(server: str, model: str, failure: CallFailed, seconds: float) -> ReconcileError:
    """What a failed unload means."""
    about_server = lost(server, failure)
    if about_server is not None:
        return about_server
    if failure.kind is Kind.TIMEOUT:
        return still_there(server, model, seconds, "the server did not answer")
    message = f"{server} could not unload {model}: {failure.words[:_LONGEST]}"
    return TransientError(Reason.UNLOAD_FAILED, message, "the next run tries again")


def still_there(server: str, model: str, seconds: float, state: str) -> TransientError:
    """An unload that did not come to its end in time, or a model that comes up again each time."""
    if state == "READY":
        words, hint = "it comes up again each time", "somebody else may be loading it; the next run tries again"
        return TransientError(Reason.UNLOAD_FAILED, f"{server} has not unloaded {model}: {words}", hint)
    return TransientError(
        Reason.TIMED_OUT,
        f"{server} has not unloaded {model} after {seconds:g} s ({state})",
        "it waits for requests that are still running; the next run looks again",
    )


def _situation(failure: CallFailed) -> str:
    words = _NOISE.sub("", failure.words.replace("\n", " "))[:_LONGEST]
    match failure.kind:
        case Kind.UNREACHABLE:
            return f"{words}{_unreachable_hint(words.lower())}"
        case Kind.TIMEOUT:
            meaning = "it hangs or is overloaded, or a firewall swallows the packets"
        case Kind.TLS:
            meaning = (
                "grpcs:// and https:// need a server with TLS, and trust in who signed its certificate "
                "(GRPC_DEFAULT_SSL_ROOTS_FILE_PATH and SSL_CERT_FILE may name a file of authorities)"
            )
        case Kind.NOT_TRITON:
            meaning = f"something answers, but not a Triton in this protocol; {_PORTS}"
        case Kind.RESTRICTED:
            meaning = "the server is up and wants credentials; give the header that it expects as metadata"
        case Kind.NOT_EXPLICIT:
            return f"it does not let others load and unload ({words}); {EXPLICIT_HINT}"
        case Kind.BUSY | Kind.NOT_FOUND | Kind.REJECTED | Kind.INTERNAL:
            meaning = "the server is up and answered with that error"
        case _:
            assert_never(failure.kind)
    return f"{words}; {meaning}"


def _unreachable_hint(words: str) -> str:
    """A connection that is made and closed at once is most often one to the wrong port, or without the TLS it wants."""
    if "closed" in words or "reset" in words:
        return f"; if the server is up, then {_PORTS}; or it wants TLS (grpcs://, https://)"
    if "resolv" in words or "not known" in words or "name resolution" in words:
        return "; no machine of this name is known here: check the address of the server"
    return "; nothing listens there: is Triton running, and is this its port?" if "refused" in words else ""
