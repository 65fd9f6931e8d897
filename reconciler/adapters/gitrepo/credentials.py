"""What opens a remote: tokens, netrc, ssh keys; each is for the remote's own host and for nobody else."""

import base64
import binascii
import netrc
import os
import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pygit2

from reconciler.adapters.gitrepo.access import Access, Remote
from reconciler.core.errors import Reason, TerminalError

TOKEN, TOKEN_FILE = "RECONCILE_GIT_TOKEN", "RECONCILE_GIT_TOKEN_FILE"
SSH_KEY = "RECONCILE_GIT_SSH_KEY"
_OPENSSH = b"openssh-key-v1\0"
_UNENCRYPTED = b"none"
_OWN_KEYS = ("id_ed25519", "id_ecdsa", "id_rsa")  # of those that ssh tries, the types that libssh2 can use


@dataclass(frozen=True, slots=True, kw_only=True)
class Offers:
    """Credentials in the order in which they are offered, each once; `lacking`: why there are none, or no more."""

    credentials: Iterator["pygit2.credentials.UserPass | pygit2.credentials.Keypair"]
    lacking: str = ""


def access_from(environment: Mapping[str, str], cache: str | None = None) -> Access:
    """What the environment says. A token's file is read each time, since whoever mounts it may replace it.

    Raises TerminalError for a file that cannot be read.
    """
    return Access(
        username=environment.get("RECONCILE_GIT_USERNAME", ""),
        token=environment.get(TOKEN) or _token_in(environment.get(TOKEN_FILE)),
        ssh_key=environment.get(SSH_KEY) or None,
        known_hosts=environment.get("RECONCILE_GIT_KNOWN_HOSTS") or None,
        environment=environment,
        cache=cache,
    )


def _token_in(path: str | None) -> str | None:
    if not path:
        return None
    try:
        with open(path, encoding="utf-8") as stream:
            token = stream.read().strip()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text"
        raise _unreadable(f"the git token in {path} cannot be read: {why}", TOKEN_FILE) from error
    if not token:
        raise _unreadable(f"there is no git token in {path}: it is empty", TOKEN_FILE)
    return token


def password(remote: Remote, access: Access, user: str | None) -> Offers:
    """The token, or what netrc has for the host. Raises TerminalError for a netrc that cannot be read."""
    if access.token is not None:
        offer = pygit2.UserPass(access.username or user or "git", access.token)
        return Offers(credentials=iter([offer]))
    found = _netrc(access.environment.get("NETRC"), remote.host)
    if found is not None and (user is None or user == found[0]):
        return Offers(credentials=iter([pygit2.UserPass(*found)]))
    return Offers(credentials=iter([]), lacking="it asks for credentials and there are none")


def _netrc(variable: str | None, host: str) -> tuple[str, str] | None:
    path = variable or os.path.expanduser("~/.netrc")
    try:
        found = netrc.netrc(path).authenticators(host)
    except FileNotFoundError as error:
        if variable:
            raise _unreadable(f"the file {path} does not exist", "NETRC") from error
        return None
    except OSError as error:
        raise _unreadable(f"the file {path} cannot be read: {error.strerror}", "NETRC") from error
    except (netrc.NetrcParseError, UnicodeDecodeError) as error:  # its own words may hold a password
        line = f" (line {error.lineno})" if isinstance(error, netrc.NetrcParseError) else ""
        raise _unreadable(f"the file {path} is not written as a netrc is{line}", "NETRC") from error
    return (found[0] or "git", found[2] or "") if found else None


def keys(access: Access, user: str) -> Offers:
    """The key that is named; else those of the agent, then the user's own. Raises TerminalError for a bad one."""
    if access.ssh_key is not None:
        _usable(access.ssh_key)
        return Offers(credentials=iter([pygit2.Keypair(user, None, access.ssh_key, "")]))
    agent = [pygit2.KeypairFromAgent(user)] if _agent_answers() else []
    own, sealed = _own(user)
    note = f" ({', '.join(sealed)}: encrypted, which only an agent can open)" if sealed else ""
    lacking = "" if agent or own else f"it asks for an ssh key and there is none{note}"
    return Offers(credentials=iter([*agent, *own]), lacking=lacking)


def _own(user: str) -> tuple[list["pygit2.credentials.Keypair"], list[str]]:
    """The user's own keys, and the paths of those that are encrypted."""
    mine = [os.path.expanduser(f"~/.ssh/{name}") for name in _OWN_KEYS]
    found = [path for path in mine if os.path.isfile(path) and os.access(path, os.R_OK)]
    sealed = [path for path in found if _is_encrypted(path)]
    return [pygit2.Keypair(user, None, path, "") for path in found if _is_encrypted(path) is False], sealed


def _agent_answers() -> bool:
    """libssh2 asks the agent that the process's own environment names."""
    path = os.environ.get("SSH_AUTH_SOCK")
    if not path:
        return False
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(5)
        try:
            probe.connect(path)
        except OSError:
            return False
    return True


def _usable(path: str) -> None:
    try:
        encrypted = _is_encrypted(path)
    except OSError as error:
        raise _unreadable(f"the ssh key {path} cannot be read: {error.strerror}", SSH_KEY) from error
    if encrypted is None:
        raise _unreadable(f"{path} is no private ssh key", SSH_KEY)
    if encrypted:
        hint = (
            f"give it to an ssh-agent and unset {SSH_KEY}, or make a deploy key without a passphrase: ssh-keygen -N ''"
        )
        message = f"the ssh key {path} is encrypted, and nobody is here to type its passphrase"
        raise TerminalError(Reason.CREDENTIALS_MISSING, message, hint)


def _is_encrypted(path: str) -> bool | None:
    """None if it is no private key at all. Raises OSError."""
    with open(path, "rb") as stream:
        first, *rest = stream.read(1 << 16).strip().splitlines() or [b""]
    if b"PRIVATE KEY-----" not in first:
        return None
    if b"OPENSSH" not in first:
        return b"ENCRYPTED" in first or any(b"ENCRYPTED" in line for line in rest[:3])
    try:
        content = base64.b64decode(b"".join(line for line in rest if not line.startswith(b"-----")))
    except binascii.Error:
        return None
    cipher = content.removeprefix(_OPENSSH)  # a length of four bytes, then the cipher's name
    return None if cipher == content else cipher[4 : 4 + int.from_bytes(cipher[:4], "big")] != _UNENCRYPTED


def _unreadable(message: str, variable: str) -> TerminalError:
    hint = f"correct {variable}, and let the user this runs as read the file"
    return TerminalError(Reason.CREDENTIALS_MISSING, message, hint)
