"""OpenPGP signatures of commits, by Sequoia.

A signature counts if its key was valid when it was made: what was signed before the key expired stays good (gpg says so
too; `git verify-commit` refuses it from that day on). A revoked certificate signs nothing, whenever it did.
"""

from collections.abc import Iterable

import pysequoia
from pysequoia.packet import PacketPile

from reconciler.adapters.commits.doubt import Doubt, altered, revoked, unknown
from reconciler.core.spec import CommitSigners
from reconciler.core.trust.commit_signers import keys_of
from reconciler.core.trust.signed_commit import SignedCommit


def doubt(commit: SignedCommit, signers: CommitSigners) -> Doubt | None:
    """Why the commit's OpenPGP signature does not count, None if it does."""
    try:
        signature = pysequoia.Sig.from_bytes(commit.signatures[0])
    except Exception:  # noqa: BLE001 - the library raises RuntimeError, and what its own libraries do
        return Doubt(words="its signature cannot be read", hint="sign it again")
    certificates = tuple(_certificates(keys_of(signers).values()))
    if _is_good(commit.payload, signature, [each for each in certificates if not each.is_revoked]):
        return None
    return _why_not(signature, certificates, signers)


def _certificates(contents: Iterable[bytes]) -> Iterable[pysequoia.Cert]:
    """Those that can be read; another file's fault is no reason to trust nobody."""
    for content in contents:
        try:
            yield from pysequoia.Cert.split_bytes(content)
        except Exception:  # noqa: BLE001, S112
            continue


def _is_good(payload: bytes, signature: pysequoia.Sig, certificates: list[pysequoia.Cert]) -> bool:
    try:
        checked = pysequoia.verify(bytes=payload, store=lambda _ids: certificates, signature=signature)
    except Exception:  # noqa: BLE001 - its words are a stack of Rust
        return False
    return bool(checked.valid_sigs)


def _why_not(signature: pysequoia.Sig, certificates: Iterable[pysequoia.Cert], signers: CommitSigners) -> Doubt:
    name = (signature.issuer_fingerprint or signature.issuer_key_id or "of nobody").upper()
    found = next((each for each in certificates if _has_key(each, name)), None)
    if found is None:
        return unknown(name, signers.folder or "a folder of OpenPGP keys (policy.verifyCommits.gpgKeys)")
    if found.is_revoked:
        return revoked(name)
    made, ends = signature.created, found.expiration
    if made is not None and ends is not None and made > ends:
        words = f"it is signed with the key {name}, which had expired by then"
        return Doubt(words=words, hint="extend the key and commit it anew, or sign with another")
    return altered()


def _has_key(certificate: pysequoia.Cert, name: str) -> bool:
    names = (packet.fingerprint for packet in PacketPile.from_bytes(bytes(certificate)))
    return any(fingerprint is not None and fingerprint.upper().endswith(name) for fingerprint in names)
