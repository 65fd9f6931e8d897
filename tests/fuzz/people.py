"""Somebody who signs, somebody who may, and their commits: made of fixed keys, the same each time."""

import base64
import hashlib
from functools import cache

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from reconciler.adapters.commits.wire import text
from reconciler.core.spec import CommitSigners
from tests.commit_keys import MAGIC, armoured, payload, spliced

NOON = 1748779200


def _key(number: int) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32)


def _blob(key: Ed25519PrivateKey) -> bytes:
    return base64.b64decode(key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).split()[1])


def _line(key: Ed25519PrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)


ANN, EVE, OLD = _key(1), _key(2), _key(3)

FILE = (
    b'# who may sign\nann@example.org,*@example.net namespaces="git,file" ' + _line(ANN) + b" Ann\n"
    b'"old one" valid-after="20200101Z",valid-before="202101011200Z" ' + _line(OLD) + b"\n"
    b"ca@example.org cert-authority " + _line(OLD) + b"\n"
)
SIGNERS = CommitSigners(file="signers", files={"signers": FILE})


def signed(key: Ed25519PrivateKey, commit: bytes) -> bytes:
    """The commit with an SSH signature."""
    hashed = hashlib.sha512(commit).digest()
    data = MAGIC + text(b"git") + text(b"") + text(b"sha512") + text(hashed)
    made = text(b"ssh-ed25519") + text(key.sign(data))
    return spliced(commit, armoured(_blob(key), made))


@cache
def good() -> bytes:
    """Signed by Ann, who may."""
    return signed(ANN, payload(NOON, "why"))


@cache
def signed_payloads() -> frozenset[bytes]:
    """All that Ann ever signed."""
    return frozenset({payload(NOON, "why")})
