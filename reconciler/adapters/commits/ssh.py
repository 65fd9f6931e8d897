"""SSH signatures of commits (OpenSSH's PROTOCOL.sshsig), judged as git does: by `find-principals`, then `verify`.

git takes the principals of the first line that fits the key, and asks for each of them whether a line lets it sign for
the namespace `git` at the time of the commit. So it is done here. Who committed plays no part in it, as in git.
"""

import base64
import hashlib
import math
import re
from dataclasses import dataclass

from reconciler.adapters.commits import keys
from reconciler.adapters.commits.doubt import Doubt, altered, revoked, unknown
from reconciler.adapters.commits.wire import Wire, text
from reconciler.core.spec import CommitSigners
from reconciler.core.trust.allowed_signers import Signer, allowed, matches, public_keys
from reconciler.core.trust.signed_commit import SignedCommit

_ARMOUR = re.compile(rb"-----BEGIN SSH SIGNATURE-----\n([A-Za-z0-9+/=\n]+)\n-----END SSH SIGNATURE-----\s*")
_MAGIC, _NAMESPACE = b"SSHSIG", b"git"
_HASHES = (b"sha256", b"sha512")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Signature:
    key: bytes
    namespace: bytes
    hash: bytes
    made: bytes


def doubt(commit: SignedCommit, signers: CommitSigners) -> Doubt | None:
    """Why the commit's SSH signature does not count, None if it does."""
    try:
        signature = _read(commit.signatures[0])
        if signature.namespace != _NAMESPACE:
            words = f"its signature is not one for git but for {signature.namespace.decode('ascii', 'replace')!r}"
            return Doubt(words=words, hint="sign it with git commit -S")
        if not keys.is_signed(signature.key, signature.made, _signed_data(commit.payload, signature)):
            return altered()
        return _revoked(signature.key, signers) or _not_allowed(signature.key, commit.committed, signers)
    except ValueError as error:
        return Doubt(words=f"its signature cannot be read: {error}", hint="sign it again, with a key of OpenSSH")


def _read(armoured: bytes) -> _Signature:
    found = _ARMOUR.fullmatch(armoured)
    if found is None:
        raise ValueError("its armour is damaged")
    wire = Wire(base64.b64decode(found[1].replace(b"\n", b""), validate=True))
    if wire.take(len(_MAGIC)) != _MAGIC or wire.number() != 1:
        raise ValueError("it is no SSH signature of version 1")
    key, namespace, _reserved, hashed, made = (wire.text() for _ in range(5))
    wire.end()
    if hashed not in _HASHES:
        raise ValueError("it is made with another hash than sha256 or sha512")
    return _Signature(key=key, namespace=namespace, hash=hashed, made=made)


def _signed_data(payload: bytes, signature: _Signature) -> bytes:
    hashed = hashlib.new(signature.hash.decode(), payload).digest()
    return _MAGIC + text(_NAMESPACE) + text(b"") + text(signature.hash) + text(hashed)


def _revoked(key: bytes, signers: CommitSigners) -> Doubt | None:
    """A revoked key takes the certificates with it that are about it or that it signed."""
    if not signers.revoked:
        return None
    listed, unread = public_keys(signers.files.get(signers.revoked, b"?"))
    if unread:
        words = f"{signers.revoked} cannot be read in line {unread[0].line}, so any key may be revoked"
        return Doubt(words=words, hint="write it anew: a public key in each line")
    found = keys.certificate(key)
    about = {keys.plain(key)} | ({found.authority} if found else set())
    return revoked(keys.fingerprint(key)) if about & {keys.plain(each) for each in listed} else None


def _not_allowed(key: bytes, when: int, signers: CommitSigners) -> Doubt | None:
    lines, _ = allowed(signers.files.get(signers.file, b""))
    certificate = keys.certificate(key)
    ours = [line for line in lines if _fits(line, key, certificate)]
    if not ours:
        return unknown(keys.fingerprint(key), signers.file or "an allowed-signers file (policy.verifyCommits)")
    names = next((found for line in ours if (found := _principals(line, certificate, when))), ())
    for name in names:
        if any(_in_time(line, certificate, when) and _lets_sign(line, name) for line in ours):
            return None
    return _why_not(ours, certificate, when, keys.fingerprint(key))


def _fits(line: Signer, key: bytes, certificate: keys.Certificate | None) -> bool:
    if line.authority:
        return certificate is not None and line.key == certificate.authority
    return line.key == key


def _principals(line: Signer, certificate: keys.Certificate | None, when: int) -> tuple[str, ...]:
    """The names that `ssh-keygen -Y find-principals` finds in a line whose key fits."""
    if not _in_time(line, certificate, when):
        return ()
    if not line.authority or certificate is None:
        return tuple(line.principals.split(","))
    return tuple(name for name in certificate.principals if matches(name, line.principals))


def _lets_sign(line: Signer, name: str) -> bool:
    return matches(name, line.principals) and (line.namespaces is None or matches("git", line.namespaces))


def _in_time(line: Signer, certificate: keys.Certificate | None, when: int) -> bool:
    if line.authority and certificate is not None and not (certificate.of_user and certificate.principals):
        return False
    first, last = _span(line, certificate)
    return first <= when <= last


def _why_not(lines: list[Signer], certificate: keys.Certificate | None, when: int, key: str) -> Doubt:
    hint = "sign it with a key that may sign now"
    spans = [_span(line, certificate) for line in lines]
    if all(when > last for _, last in spans):
        return Doubt(words=f"it is signed with the key {key}, which had expired by then", hint=hint)
    if all(when < first for first, _ in spans):
        return Doubt(words=f"it is signed with the key {key}, which was not valid yet", hint=hint)
    words = f"it is signed with the key {key}, which may not sign commits: its principals or namespaces do not fit"
    return Doubt(words=words, hint="mend its line in the allowed signers, in a commit that is trusted")


def _span(line: Signer, certificate: keys.Certificate | None) -> tuple[float, float]:
    """The first and the last second in which a line lets sign."""
    first, last = [line.after or 0.0], [math.inf if line.before is None else line.before]
    if line.authority and certificate is not None:
        first.append(certificate.after)
        last.append(certificate.before - 1)
    return max(first), min(last)
