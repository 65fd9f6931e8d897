"""Signatures of models in the OpenSSF format (model-signing), checked against the digests that sources have.

The library reads the bundle and does the cryptography. It does not read the files: each blob has the content that its
name says, so what was hashed once need not be hashed again. Promise: a signature is good only if it is about each file
of the source but itself, and about no other.
"""

import importlib
import os
import tempfile
from typing import Any

from reconciler.adapters.sources import shown
from reconciler.adapters.volume.claims import Claim
from reconciler.adapters.volume.shelf import Shelf
from reconciler.core.content import Content, Known, Unavailable, Unfetched
from reconciler.core.digest import FileDigest
from reconciler.core.errors import Reason, ReconcileError, TerminalError, TransientError
from reconciler.core.spec import ModelSigners, ModelSpec, Source

_LIMIT = 64 << 20
"""Bytes of a signature, which is read into memory: a hundred thousand files need a third of it."""


def signed(shelf: Shelf, signers: ModelSigners | None, model: ModelSpec, content: Content) -> Content:
    """The content, if each source is signed: else why not. Unfetched where a signature is not here yet."""
    if signers is None or not isinstance(content, Known):
        return content
    try:
        for key, files in content.files.items():
            listed = _signature(model.sources()[key], files, signers)
            read = shelf.blobs.read(listed.digest)
            if read is None and listed.digest not in content.missing:
                raise _lost(listed, shelf.blobs.path(listed.digest))
            if read is None:
                return _unfetched(content)
            _check(model.sources()[key], Claim(files=files, signature=listed.path, bundle=read), signers)
    except ReconcileError as error:
        return Unavailable(reason=error.reason, message=str(error), terminal=isinstance(error, TerminalError))
    return content


def _signature(source: Source, files: tuple[FileDigest, ...], signers: ModelSigners) -> FileDigest:
    found = next((file for file in files if file.path == signers.signature), None)
    if found is None:
        words = f"{shown(source.uri)} is not signed: it holds no {signers.signature}"
        hint = f"Sign it, and put {signers.signature} beside its files; a source of one file cannot hold a signature."
        raise TerminalError(Reason.SIGNATURE_INVALID, words, hint)
    if found.size > _LIMIT:
        raise _invalid(source, f"it is larger than {_LIMIT} bytes", "Sign it again.")
    return found


def _lost(signature: FileDigest, path: str) -> TransientError:
    words = f"the signature {signature.path} is damaged on the volume"
    return TransientError(Reason.VOLUME_UNUSABLE, words, f"Delete {path}; then it is fetched again.")


def _unfetched(content: Known) -> Unfetched:
    files = {file.digest: file.size for each in content.files.values() for file in each}
    missing = [size for digest, size in files.items() if digest in content.missing]
    return Unfetched(size=sum(missing), files=len(missing))


def _check(source: Source, claim: Claim, signers: ModelSigners) -> None:
    """Raises TerminalError(SIGNATURE_INVALID) unless one of the keys made the signature, and for just these files."""
    library = _library()
    if not claim.names_its_key:
        raise _invalid(source, "it is no signature of model-signing 1.0 or later, made with a key", "Sign it again.")
    with tempfile.TemporaryDirectory() as folder:
        bundle = _written(folder, "bundle", claim.bundle)
        for text in signers.keys.values():
            config = library.Config().set_hashing_config(claim)
            answer = _answer(config, _written(folder, "key", text), bundle)
            if answer is None:
                return
            if answer.startswith("Signature mismatch"):
                words = "; ".join(claim.differences()) or "it is about other files"
                hint = "If the files are as they should be, sign them again; `exclude` leaves out what nobody signed."
                raise _invalid(source, words, hint)
    words = f"none of the keys in {signers.folder} made it, or it was altered since"
    raise _invalid(source, words, "Sign it with a key that is trusted, or add the public key of who signed it.")


def _answer(config: Any, key: str, bundle: str) -> str | None:
    """None for a good signature, else what the library says; it raises whatever its own libraries do."""
    try:
        config.use_elliptic_key_verifier(public_key=key).verify(os.path.dirname(key), bundle)
    except Exception as error:  # noqa: BLE001
        return str(error) or type(error).__name__
    return None


def _library() -> Any:
    try:
        return importlib.import_module("model_signing.verifying")
    except ImportError as error:
        words = "signatures of models can only be checked with a package that is not installed"
        hint = "Install it: pip install 'triton-reconcile[signing]'; until then what serves goes on."
        raise TerminalError(Reason.EXTRA_MISSING, words, hint) from error


def _written(folder: str, name: str, content: bytes) -> str:
    path = os.path.join(folder, name)
    with open(path, "wb") as stream:
        stream.write(content)
    return path


def _invalid(source: Source, words: str, hint: str) -> TerminalError:
    return TerminalError(Reason.SIGNATURE_INVALID, f"the signature of {shown(source.uri)} is not good: {words}", hint)
