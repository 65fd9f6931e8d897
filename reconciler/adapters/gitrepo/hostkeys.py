"""Whom ssh may speak to: the host keys in known_hosts, read as OpenSSH does.

libgit2 compares the server's key with a known_hosts of its own home folder, but lets callers overrule it, and pygit2
does so by default; it knows neither patterns, nor markers, nor other files. So it gets a home with just the keys of
this host in it, and its answer is final.
"""

import contextlib
import os
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace

import pygit2

from reconciler.adapters.gitrepo.access import SSH_PORT, Access, Remote
from reconciler.adapters.gitrepo.known_hosts import Row, rows_in, rows_of
from reconciler.core.errors import Reason, TerminalError

_USUAL = ("~/.ssh/known_hosts", "~/.ssh/known_hosts2", "/etc/ssh/ssh_known_hosts", "/etc/ssh/ssh_known_hosts2")
_TYPES = ("ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "ssh-rsa")
_REVOKED = "@revoked"
_HOME = threading.Lock()


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known of one server: its keys as `type base64`, and where each stands; where any is `revoked`."""

    host: str
    port: int
    file: str
    keys: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    revoked: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The server as known_hosts has it."""
        return self.host if self.port == SSH_PORT else f"[{self.host}]:{self.port}"

    def refusal(self) -> TerminalError:
        """The error for a server whose key is none of these."""
        scan = f"ssh-keyscan -p {self.port} {self.host}" if self.port != SSH_PORT else f"ssh-keyscan {self.host}"
        if not self.keys and self.revoked:
            message = f"the keys known of the ssh server {self.name} are REVOKED in {', '.join(self.revoked)}"
            hint = "ask its operators for the new key; do not take those lines away because of this message"
            return TerminalError(Reason.HOST_NOT_TRUSTED, f"{message}: nothing was sent to it", hint)
        if not self.keys:
            message = f"the ssh server {self.name} is not known, so it is not trusted: nothing was sent to it"
            hint = f"compare what `{scan}` prints with what its operators publish, then append it to {self.file}"
            return TerminalError(Reason.HOST_NOT_TRUSTED, message, hint)
        message = (
            f"THE HOST KEY OF THE SSH SERVER {self.name} HAS CHANGED: it is not the one in {', '.join(self.places)}. "
            "Somebody may be between you and it, or it was set up anew. Nothing was sent to it"
        )
        hint = f"ask its operators; only if they changed it, replace those lines by what `{scan}` prints"
        return TerminalError(Reason.HOST_NOT_TRUSTED, message, hint)


@contextlib.contextmanager
def known(remote: Remote, access: Access) -> Iterator[Known]:
    """What is known of the remote's server; while this lasts libgit2 knows the same, and nothing else.

    Raises TerminalError if the file that is named cannot be read.
    """
    found = _found(remote, access)
    with _HOME, tempfile.TemporaryDirectory(prefix="reconcile-ssh-") as home:
        os.mkdir(os.path.join(home, ".ssh"))
        with open(os.path.join(home, ".ssh", "known_hosts"), "w", encoding="utf-8") as stream:
            stream.writelines(f"{found.name} {key}\n" for key in found.keys)
        before = str(pygit2.settings.homedir)
        pygit2.settings.homedir = home
        try:
            yield found
        finally:
            pygit2.settings.homedir = before


def _found(remote: Remote, access: Access) -> Known:
    named = access.known_hosts
    files = [named] if named else [os.path.expanduser(path) for path in _USUAL]
    rows = [row for path in files for row in rows_in(path, named=named is not None)]
    nothing = Known(host=remote.host, port=remote.port, file=files[0])
    here = rows_of(rows, nothing.name) or rows_of(rows, remote.host)  # as for ssh, the name without its port will do
    good = _good(here)
    return replace(
        nothing,
        keys=tuple(row.key for row in good),
        places=tuple(row.where for row in good),
        revoked=tuple(row.where for row in here if row.marker == _REVOKED),
    )


def _good(rows: list[Row]) -> list[Row]:
    revoked = {row.key for row in rows if row.marker == _REVOKED}
    return [row for row in rows if not row.marker and row.key not in revoked and row.key.split()[0] in _TYPES]
