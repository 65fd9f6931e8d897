"""Who may sign commits: `policy.verifyCommits`, and the files that it names, at the same commit."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from reconciler.core.checking import fields
from reconciler.core.checking.checked import Checked
from reconciler.core.checking.nodes import START, Place, problem_at
from reconciler.core.errors import Problem
from reconciler.core.jsonvalue import Json
from reconciler.core.spec import CommitSigners, Repository
from reconciler.core.trust.allowed_signers import Unread, allowed, public_keys

_PATH = ("spec", "policy", "verifyCommits")
_SUFFIXES = (".asc", ".gpg", ".key", ".pgp", ".pub")
_PUBLIC, _PRIVATE = b"-----BEGIN PGP PUBLIC KEY BLOCK-----", b"PRIVATE KEY"
_KRL = b"SSHKRL\n"


def commit_signers(verify: Json) -> CommitSigners | None:
    """Those of a checked `verifyCommits`, their files not read yet; None where commits need no signature."""
    if not isinstance(verify, dict) or verify.get("mode") != "head":
        return None
    return CommitSigners(
        file=fields.text(verify, "allowedSigners") or "",
        revoked=fields.text(verify, "revokedSigners") or "",
        folder=fields.text(verify, "gpgKeys") or "",
    )


def signer_paths(checked: Checked) -> tuple[str, ...]:
    """What a checked reconciler.yaml wants read for that: files and a folder."""
    found = commit_signers(checked.sound(*_PATH))
    if found is None:
        return ()
    return tuple(path.rstrip("/") for path in (found.file, found.revoked, found.folder) if path)


def with_signers(repository: Repository, files: Mapping[str, bytes]) -> Repository:
    """The same with what the files of those who may sign hold."""
    found = repository.policy.commit_signers
    if found is None:
        return repository
    paths = [path for path in (found.file, found.revoked, *_key_files(found, files)) if path in files]
    filled = replace(found, files={path: files[path] for path in paths})
    return replace(repository, policy=replace(repository.policy, commit_signers=filled))


def keys_of(signers: CommitSigners) -> Mapping[str, bytes]:
    """The OpenPGP keys by path."""
    return {path: signers.files[path] for path in _key_files(signers, signers.files)}


def signer_faults(checked: Checked, files: Mapping[str, bytes]) -> Iterator[Problem]:
    """What is wrong with the signers that a checked reconciler.yaml speaks of: nobody shall lock himself out."""
    found = commit_signers(checked.sound(*_PATH))
    if found is None:
        return
    if found.file:
        yield from _allowed_faults(checked, found.file, files)
    if found.revoked:
        yield from _revoked_faults(checked, found.revoked, files)
    if found.folder:
        yield from _folder_faults(checked, found, files)


def _allowed_faults(checked: Checked, path: str, files: Mapping[str, bytes]) -> Iterator[Problem]:
    if path not in files:
        expected = "a file of this repository: `name@example.org ssh-ed25519 AAAA…` in each line"
        yield checked.fault((*_PATH, "allowedSigners"), f"no file {path}", expected)
        return
    signers, unread = allowed(files[path])
    if not signers:
        yield checked.fault((*_PATH, "allowedSigners"), f"no signer in {path}", "at least one")
    yield from (_line(path, line, "a line as in ssh-keygen(1), ALLOWED SIGNERS") for line in unread)


def _revoked_faults(checked: Checked, path: str, files: Mapping[str, bytes]) -> Iterator[Problem]:
    if path not in files:
        yield checked.fault((*_PATH, "revokedSigners"), f"no file {path}", "a file of this repository, if empty")
    elif files[path].startswith(_KRL):
        yield problem_at(path, START, (), "a key revocation list", "public keys, one in each line")
    else:
        yield from (_line(path, line, "a public key, `ssh-ed25519 AAAA…`") for line in public_keys(files[path])[1])


def _folder_faults(checked: Checked, found: CommitSigners, files: Mapping[str, bytes]) -> Iterator[Problem]:
    paths = _key_files(found, files)
    if not paths:
        expected = f"a folder of this repository with OpenPGP public keys ({', '.join('*' + end for end in _SUFFIXES)})"
        yield checked.fault((*_PATH, "gpgKeys"), f"no key in {found.folder}", expected)
    for path in paths:
        wrong = no_public_key(files[path])
        if wrong:
            expected = "an OpenPGP public key, as `gpg --export` writes it; a private one in git is a secret no more"
            yield problem_at(path, START, (), wrong, expected)


def no_public_key(content: bytes) -> str:
    """What a file holds instead of an OpenPGP public key, empty if it may well be one."""
    if _PRIVATE in content:
        return "a private key"
    first = content[:1]  # of a packet of OpenPGP the first bit is set
    return "" if _PUBLIC in content or first >= b"\x80" else "something else"


def _line(path: str, unread: Unread, expected: str) -> Problem:
    return problem_at(path, Place(line=unread.line, column=1), (), unread.why, expected)


def _key_files(found: CommitSigners, files: Mapping[str, bytes]) -> list[str]:
    folder = found.folder.rstrip("/") + "/"
    inside = (path for path in files if found.folder and path.startswith(folder))
    return sorted(path for path in inside if path.lower().endswith(_SUFFIXES))
