"""Keys of people who sign models, made for one test, and signatures by the tool that they would use."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import model_signing
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec


def hashing() -> Any:
    """How the tool hashes if it is not told otherwise; the library has no types for it."""
    return cast("Any", model_signing.hashing).Config()


@dataclass(frozen=True)
class Signer:
    """Somebody with a private key, in a file."""

    key: Path

    @classmethod
    def new(cls, key: Path, curve: ec.EllipticCurve | None = None) -> "Signer":
        """With a new key at this path."""
        made = ec.generate_private_key(curve or ec.SECP256R1())
        form = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        key.write_bytes(made.private_bytes(serialization.Encoding.PEM, *form))
        return cls(key)

    @property
    def public(self) -> bytes:
        """The public key in PEM."""
        private = serialization.load_pem_private_key(self.key.read_bytes(), None)
        form = serialization.PublicFormat.SubjectPublicKeyInfo
        return private.public_key().public_bytes(serialization.Encoding.PEM, form)

    def sign(self, folder: str | Path, how: Any = None) -> bytes:
        """Signs all files of a folder, into its model.sig; gives what that holds then."""
        signature = Path(folder, "model.sig")
        signature.unlink(missing_ok=True)
        config = cast("Any", model_signing.signing).Config().use_elliptic_key_signer(private_key=self.key)
        config.set_hashing_config(how or hashing()).sign(folder, signature)
        return signature.read_bytes()
