"""What went wrong with a remote, in words: libgit2 tells most of it only in its messages."""

import os
import re
import tempfile
from collections.abc import Callable

from reconciler.core.errors import Reason, ReconcileError, TerminalError, TransientError

_DAMAGE = re.compile(r"object not found|no match for id|corrupt|packfile|failed to (lock|open|read|write|create|parse)")
_UNREACHABLE = re.compile(
    r"failed to (connect|resolve|send|receive)|timed out|timeout|could not read|syscall failure|early EOF|reset by peer"
    r"|unexpected (EOF|disconnect)|socket|status code: (408|429|5\d\d)|hung up|connection|getting banner",
    re.IGNORECASE,
)
_DENIED = re.compile(r"\b40[13]\b|auth|credential|permission denied|publickey", re.IGNORECASE)
_ABSENT = re.compile(r"\b404\b|not found|not exported|does not (exist|appear)|no such", re.IGNORECASE)
_NO_GIT = re.compile(
    r"content-?type|invalid (pkt|packet|response)|malformed|unexpected http|http scheme", re.IGNORECASE
)
_CERTIFICATE = re.compile(r"certificate|known_hosts|host ?key|exchange encryption keys", re.IGNORECASE)
_ELSEWHERE = re.compile(r"cannot redirect", re.IGNORECASE)


def in_words(error: Exception, where: str, text: str) -> Exception:
    """An error of libgit2 as ours, `text` being its message without secrets.

    The same error where it is not about the network, so that the mirror is suspected.
    """
    if _DAMAGE.search(text):
        return error
    found = (make for sign, make in _SITUATIONS if sign.search(text))
    return next((make(where, text) for make in found), error)


def refused(branch: str, where: str, words: str) -> ReconcileError:
    """The error for a push that a server's rule refuses."""
    hint = f"let this user push to {branch}, or name another branch in reconciler.yaml (spec.status.branch)"
    return TerminalError(Reason.PUSH_REFUSED, f"{where} refuses a push to {branch}: {words.strip()}", hint)


def untrusted(where: str, words: str) -> ReconcileError:
    """The error for a server that may be another one."""
    hint = "let SSL_CERT_FILE or GIT_SSL_CAINFO name its authority; `openssl s_client -connect` shows what it presents"
    return TerminalError(Reason.HOST_NOT_TRUSTED, f"{where} cannot be trusted: {words}", hint)


def denied(where: str, words: str) -> ReconcileError:
    """The error for credentials that are missing or not taken."""
    hint = (
        "set RECONCILE_GIT_TOKEN or RECONCILE_GIT_TOKEN_FILE (and RECONCILE_GIT_USERNAME) for https, "
        "RECONCILE_GIT_SSH_KEY or an agent for ssh"
    )
    return TerminalError(Reason.CREDENTIALS_MISSING, f"{where}: {words}", hint)


def unreachable(where: str, words: str) -> ReconcileError:
    """The error for a remote that nobody can say anything about just now."""
    hint = "check the address and the network; the next run tries again"
    return TransientError(Reason.REPOSITORY_UNREACHABLE, f"{where} cannot be reached: {words}", hint)


def _absent(where: str, words: str) -> ReconcileError:
    hint = "check --repo, and that these credentials may see it"
    return TerminalError(Reason.REPOSITORY_UNREADABLE, f"there is no repository at {where}: {words}", hint)


def _elsewhere(where: str, words: str) -> ReconcileError:
    hint = "a redirect to another host is not followed, for credentials are for this one only: give --repo that address"
    return TerminalError(Reason.REPOSITORY_UNREADABLE, f"{where} leads elsewhere: {words}", hint)


def _no_git(where: str, words: str) -> ReconcileError:
    hint = "check --repo: is it the address that `git clone` takes?"
    return TerminalError(Reason.REPOSITORY_UNREADABLE, f"what answers at {where} is no git: {words}", hint)


_SITUATIONS: tuple[tuple[re.Pattern[str], Callable[[str, str], ReconcileError]], ...] = (
    (_ELSEWHERE, _elsewhere),
    (_CERTIFICATE, untrusted),
    (_UNREACHABLE, unreachable),
    (_DENIED, denied),
    (_ABSENT, _absent),
    (_NO_GIT, _no_git),
)
"""The first that fits."""


def disk_says(repository: str) -> str:
    """Why no object can be written in a repository now, which libgit2 does not tell; empty if one can."""
    try:
        with tempfile.TemporaryFile(dir=os.path.join(repository, "objects")) as stream:
            stream.write(b"?")
    except OSError as error:
        return error.strerror or str(error)
    return ""
