"""Signatures of commits: whether one was made by somebody who may, as `git verify-commit` decides it.

Nothing but values comes in and goes out: the commit object as bytes, and what the files of signers hold. The libraries
that do the cryptography are an extra, so they are imported only where there is a signature to check.
"""

import importlib
from typing import Protocol, cast

from reconciler.adapters.commits.doubt import Doubt
from reconciler.core.errors import Reason, RefusedError
from reconciler.core.spec import CommitSigners
from reconciler.core.trust.signed_commit import SignedCommit, take_apart

__all__ = ["Doubt", "doubt"]

_KINDS = {b"-----BEGIN SSH SIGNATURE-----": "ssh", b"-----BEGIN PGP SIGNATURE-----": "openpgp"}


class _Verifier(Protocol):
    def doubt(self, commit: SignedCommit, signers: CommitSigners) -> Doubt | None:
        """Why the signature does not count, None if it does."""


def doubt(raw: bytes, signers: CommitSigners) -> Doubt | None:
    """Why the commit is not trusted, None if it is. Raises RefusedError(EXTRA_MISSING) without the libraries."""
    commit = take_apart(raw)
    if not commit.signatures:
        hint = "sign it: git commit --amend --no-edit -S, or merge it so that your forge signs the merge"
        return Doubt(words="it is not signed", hint=hint)
    if len(commit.signatures) > 1:
        return Doubt(words="it has several signatures", hint="sign it once")
    found = _KINDS.get(commit.signatures[0].partition(b"\n")[0].strip())
    if found is None:
        hint = "sign it with an SSH key (gpg.format=ssh) or an OpenPGP key"
        return Doubt(words="its signature is neither one of SSH nor of OpenPGP", hint=hint)
    return _verifier(found).doubt(commit, signers)


def _verifier(kind: str) -> _Verifier:
    try:
        return cast("_Verifier", importlib.import_module(f"{__name__}.{kind}"))
    except ImportError as error:
        words = "signatures of commits can only be checked with a package that is not installed"
        hint = "install it: pip install 'triton-reconcile[trust]'; until then what serves goes on"
        raise RefusedError(Reason.EXTRA_MISSING, words, hint) from error
