"""SSH public keys and certificates: cryptography reads and verifies, here is which algorithm goes with which key."""

import base64
import contextlib
import hashlib
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    SSHCertificate,
    SSHCertificateType,
    load_ssh_public_identity,
    load_ssh_public_key,
)

from reconciler.adapters.commits.wire import Wire
from reconciler.core.printable import printable

_CERTIFICATE = b"-cert-v01@openssh.com"
_RSA = {b"rsa-sha2-256": hashes.SHA256(), b"rsa-sha2-512": hashes.SHA512()}
_CURVES = {
    b"ecdsa-sha2-nistp256": hashes.SHA256(),
    b"ecdsa-sha2-nistp384": hashes.SHA384(),
    b"ecdsa-sha2-nistp521": hashes.SHA512(),
}
_TOKENS = (b"sk-ssh-ed25519@openssh.com", b"sk-ecdsa-sha2-nistp256@openssh.com")


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """What an authority says of a key. Times in seconds since 1970, the second exclusive."""

    authority: bytes
    principals: tuple[str, ...]
    after: int
    before: int
    of_user: bool


def fingerprint(blob: bytes) -> str:
    """A key as `ssh-keygen -l` names it; a certificate by the key that it is about."""
    with contextlib.suppress(ValueError):
        blob = plain(blob)
    return "SHA256:" + base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")


def plain(blob: bytes) -> bytes:
    """The key itself, where it may be a certificate's. Raises ValueError for what cannot be read."""
    if not _kind(blob).endswith(_CERTIFICATE):
        return blob
    return _blob(_identity(blob).public_key())


def certificate(blob: bytes) -> Certificate | None:
    """What a certificate says, None for a plain key. Raises ValueError if its authority did not sign that."""
    if not _kind(blob).endswith(_CERTIFICATE):
        return None
    found = _identity(blob)
    try:
        found.verify_cert_signature()
    except (InvalidSignature, UnsupportedAlgorithm) as error:
        raise ValueError("its authority's signature is not good") from error
    return Certificate(
        authority=_blob(found.signature_key()),
        principals=tuple(name.decode("utf-8", "replace") for name in found.valid_principals),
        after=found.valid_after,
        before=found.valid_before,
        of_user=found.type is SSHCertificateType.USER,
    )


def is_signed(blob: bytes, signature: bytes, data: bytes) -> bool:
    """Whether the key made the signature of the data. Raises ValueError for what cannot be read or is too weak."""
    key = plain(blob)
    kind = _kind(key)
    wire = Wire(signature)
    scheme, made = wire.text(), wire.text()
    if kind in _TOKENS:
        data = _token_data(key, wire, data)
    wire.end()
    if scheme not in (_RSA if kind == b"ssh-rsa" else (kind,)):
        made_by = (
            f"a signature {scheme.decode('ascii', 'replace')[:40]} of a key {kind.decode('ascii', 'replace')[:40]}"
        )
        raise ValueError(printable(made_by))
    try:
        _verify(key, scheme, made, data)
    except InvalidSignature:
        return False
    return True


def _verify(blob: bytes, scheme: bytes, made: bytes, data: bytes) -> None:
    match _loaded(blob):
        case ed25519.Ed25519PublicKey() as key:
            key.verify(made, data)
        case rsa.RSAPublicKey() as key:
            key.verify(made, data, padding.PKCS1v15(), _RSA[scheme])
        case ec.EllipticCurvePublicKey() as key:
            wire = Wire(made)
            pair = encode_dss_signature(wire.integer(), wire.integer())
            wire.end()
            key.verify(pair, data, ec.ECDSA(_CURVES.get(scheme, hashes.SHA256())))
        case _:
            raise ValueError("a key of a kind that is not supported")


def _token_data(key: bytes, wire: Wire, data: bytes) -> bytes:
    """What a hardware token signs (OpenSSH's PROTOCOL.u2f); whether somebody touched it is not asked, as by git."""
    flags_and_counter = wire.take(5)
    parts = Wire(key)
    application = b""
    for _ in range(4 if b"ecdsa" in _kind(key) else 3):
        application = parts.text()
    return hashlib.sha256(application).digest() + flags_and_counter + hashlib.sha256(data).digest()


def _kind(blob: bytes) -> bytes:
    return Wire(blob).text()


def _line(blob: bytes) -> bytes:
    return _kind(blob) + b" " + base64.b64encode(blob)


def _loaded(blob: bytes) -> object:
    try:
        return load_ssh_public_key(_line(blob))
    except UnsupportedAlgorithm as error:
        raise ValueError("a key of a kind that is not supported") from error


def _identity(blob: bytes) -> SSHCertificate:
    try:
        found = load_ssh_public_identity(_line(blob))
    except UnsupportedAlgorithm as error:
        raise ValueError("a certificate of a kind that is not supported") from error
    if not isinstance(found, SSHCertificate):
        raise ValueError("no certificate")  # noqa: TRY004 - for whoever reads it, it is what it holds
    return found


def _blob(key: ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey | rsa.RSAPublicKey | object) -> bytes:
    if not isinstance(key, (ec.EllipticCurvePublicKey, ed25519.Ed25519PublicKey, rsa.RSAPublicKey)):
        raise ValueError("a key of a kind that is not supported")  # noqa: TRY004
    return base64.b64decode(key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).split()[1])
