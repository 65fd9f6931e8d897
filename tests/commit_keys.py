"""People who sign commits, with the tools that they would use: ssh-keygen, gpg and git."""

import base64
import hashlib
import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.git_remotes import git

EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
MAGIC, TOKEN = b"SSHSIG", b"ssh:"


def run(*command: str | Path, given: bytes = b"", environ: Mapping[str, str] | None = None) -> bytes:
    """What a command prints; a failure is an error with its words."""
    done = subprocess.run(
        list(map(str, command)), input=given, capture_output=True, check=False, env={**os.environ, **(environ or {})}
    )
    assert done.returncode == 0, f"{command}: {done.stderr.decode()}"
    return done.stdout


@dataclass(frozen=True)
class SshKey:
    """Somebody's key, in a file beside its public half."""

    path: Path

    @classmethod
    def new(cls, path: Path, kind: str = "ed25519", *more: str) -> "SshKey":
        run("ssh-keygen", "-q", "-t", kind, *more, "-N", "", "-C", "", "-f", path)
        return cls(path)

    @property
    def public(self) -> str:
        """As it stands in a file of signers."""
        return " ".join(self._public.read_text().split()[:2])

    @property
    def fingerprint(self) -> str:
        return run("ssh-keygen", "-l", "-f", self._public).decode().split()[1]

    @property
    def _public(self) -> Path:
        return self.path if self.path.suffix == ".pub" else self.path.with_name(f"{self.path.name}.pub")

    def sign(self, payload: bytes, namespace: str = "git", *more: str) -> bytes:
        return run("ssh-keygen", "-q", "-Y", "sign", "-n", namespace, *more, "-f", self.path, given=payload)

    def certified(self, authority: "SshKey", name: str, *options: str) -> "SshKey":
        """The same key with a certificate of its own."""
        copy = self.path.with_name(name)
        copy.write_bytes(self.path.read_bytes())
        copy.chmod(0o600)
        Path(f"{copy}.pub").write_text(self.public + "\n")
        run("ssh-keygen", "-q", "-s", authority.path, "-I", name, *options, f"{copy}.pub")
        return SshKey(Path(f"{copy}-cert.pub"))


def text(content: bytes) -> bytes:
    return len(content).to_bytes(4, "big") + content


def _mpint(number: int) -> bytes:
    return text(number.to_bytes(number.bit_length() // 8 + 1, "big"))


class Token:
    """A hardware token, as far as it can be told from what it signs."""

    def __init__(self, kind: str) -> None:
        self._ec = ec.generate_private_key(ec.SECP256R1()) if kind == "ecdsa" else None
        self._ed = ed25519.Ed25519PrivateKey.generate()

    @property
    def kind(self) -> bytes:
        return b"sk-ssh-ed25519@openssh.com" if self._ec is None else b"sk-ecdsa-sha2-nistp256@openssh.com"

    @property
    def blob(self) -> bytes:
        if self._ec is None:
            raw = self._ed.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
            return text(self.kind) + text(raw) + text(TOKEN)
        point = self._ec.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return text(self.kind) + text(b"nistp256") + text(point) + text(TOKEN)

    @property
    def public(self) -> str:
        return f"{self.kind.decode()} {base64.b64encode(self.blob).decode()}"

    def sign(self, payload: bytes) -> bytes:
        data = MAGIC + text(b"git") + text(b"") + text(b"sha512") + text(hashlib.sha512(payload).digest())
        flags = b"\x01" + (7).to_bytes(4, "big")
        signed = hashlib.sha256(TOKEN).digest() + flags + hashlib.sha256(data).digest()
        if self._ec is None:
            made = self._ed.sign(signed)
        else:
            first, second = decode_dss_signature(self._ec.sign(signed, ec.ECDSA(hashes.SHA256())))
            made = _mpint(first) + _mpint(second)
        inner = text(self.kind) + text(made) + flags
        return armoured(self.blob, inner)


def parts_of(signature: bytes) -> tuple[bytes, bytes]:
    """The key and the inner signature of an SSH signature."""
    content = base64.b64decode(b"".join(signature.splitlines()[1:-1]))
    found, at = [], len(MAGIC) + 4
    while at < len(content):
        size = int.from_bytes(content[at : at + 4], "big")
        found.append(content[at + 4 : at + 4 + size])
        at += 4 + size
    return found[0], found[-1]


def armoured(key: bytes, inner: bytes, namespace: bytes = b"git", hashed: bytes = b"sha512", version: int = 1) -> bytes:
    """An SSH signature of these parts."""
    parts = (key, namespace, b"", hashed, inner)
    content = MAGIC + version.to_bytes(4, "big") + b"".join(map(text, parts))
    lines = base64.encodebytes(content).decode()
    return f"-----BEGIN SSH SIGNATURE-----\n{lines}-----END SSH SIGNATURE-----\n".encode()


def payload(when: int, message: str = "why", parents: Sequence[str] = ()) -> bytes:
    """A commit without a signature; `when` in seconds since 1970."""
    lines = [
        f"tree {EMPTY_TREE}",
        *(f"parent {parent}" for parent in parents),
        f"author Ann <ann@example.org> {when} +0000",
        f"committer Ben <ben@example.org> {when} +0200",
    ]
    return ("\n".join(lines) + f"\n\n{message}\n").encode()


def spliced(unsigned: bytes, signature: bytes) -> bytes:
    """The commit with a signature in its header, where git puts it."""
    head, _, message = unsigned.partition(b"\n\n")
    folded = signature.rstrip(b"\n").replace(b"\n", b"\n ")
    return head + b"\ngpgsig " + folded + b"\n\n" + message


@dataclass(frozen=True)
class Oracle:
    """A repository in which real git is asked."""

    folder: Path

    def verifies(self, raw: bytes, *settings: str, environ: Mapping[str, str] | None = None) -> bool:
        """Whether `git verify-commit` trusts it."""
        git(self.folder, "init", "--quiet")
        stored = run("git", "-C", self.folder, "hash-object", "-t", "commit", "-w", "--stdin", given=raw)
        options = [word for setting in settings for word in ("-c", setting)]
        command = ["git", "-C", str(self.folder), *options, "verify-commit", stored.decode().strip()]
        done = subprocess.run(
            command, capture_output=True, check=False, env={**os.environ, "TZ": "UTC", **(environ or {})}
        )
        return done.returncode == 0
