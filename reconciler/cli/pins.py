"""Who may sign commits by the command line: files of this machine, such as a mounted secret, that win over git."""

import os

from reconciler.core.errors import Reason, UsageError
from reconciler.core.spec import CommitSigners
from reconciler.core.trust.allowed_signers import allowed
from reconciler.core.trust.commit_signers import keys_of, no_public_key


def pinned(signers: str | None, folder: str | None) -> CommitSigners | None:
    """Those that a file and a folder name, None without either. Raises UsageError where they name nobody."""
    if signers is None and folder is None:
        return None
    files = {} if signers is None else _signers(signers)
    if folder is not None:
        files |= {path: _read(path, "--gpg-keys") for path in _inside(folder)}
    made = CommitSigners(file=signers or "", folder=folder or "", files=files)
    if folder is not None:
        _check_keys(folder, made)
    return made


def _check_keys(folder: str, made: CommitSigners) -> None:
    found = keys_of(made)
    if not found:
        raise _wrong("--gpg-keys", folder, "it holds no key (*.asc, *.gpg, *.key, *.pgp, *.pub)")
    for path, content in found.items():
        if wrong := no_public_key(content):
            raise _wrong("--gpg-keys", path, f"it is {wrong} and no OpenPGP public key")


def _signers(path: str) -> dict[str, bytes]:
    content = _read(path, "--allowed-signers")
    found, unread = allowed(content)
    if unread or not found:
        where = f"line {unread[0].line}: {unread[0].why}" if unread else "it names nobody"
        raise _wrong("--allowed-signers", path, where)
    return {path: content}


def _inside(folder: str) -> list[str]:
    try:
        paths = [f"{folder.rstrip('/')}/{name}" for name in sorted(os.listdir(folder))]
    except OSError as error:
        raise _wrong("--gpg-keys", folder, error.strerror or "it cannot be read") from error
    return [path for path in paths if os.path.isfile(path)]


def _read(path: str, name: str) -> bytes:
    try:
        with open(path, "rb") as stream:
            return stream.read()
    except OSError as error:
        raise _wrong(name, path, error.strerror or "it cannot be read") from error


def _wrong(name: str, path: str, why: str) -> UsageError:
    hint = "a file as in ssh-keygen(1), ALLOWED SIGNERS, and a folder of OpenPGP public keys"
    return UsageError(Reason.USAGE, f"{name} {path}: {why}", hint)
