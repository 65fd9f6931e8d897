"""OpenPGP signatures of commits: real gpg makes them, and is asked what it says of them itself."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from reconciler.adapters.commits import doubt
from reconciler.core.spec import CommitSigners
from tests.commit_keys import Oracle, payload, run, spliced

THEN = 1748779200  # 2025-06-01T12:00:00Z
UNSIGNED = payload(THEN)


@dataclass(frozen=True)
class Gpg:
    """A home of keys that belong to nobody else."""

    home: Path

    def __call__(self, *arguments: str | Path, given: bytes = b"", at: str | None = None) -> bytes:
        """Runs gpg; `at`: the time that it is taken to be."""
        clock = ["--faked-system-time", at] if at else []
        options = ["--batch", "--quiet", "--no-tty", "--pinentry-mode", "loopback", "--passphrase", ""]
        return run("gpg", *options, *clock, *arguments, given=given, environ=self.environ)

    @property
    def environ(self) -> Mapping[str, str]:
        return {"GNUPGHOME": str(self.home)}

    def new(self, name: str, expires: str = "never", use: str = "sign", at: str = "20250101T000000") -> None:
        self("--quick-gen-key", f"{name}@example.org", "ed25519", use, expires, at=at)

    def fingerprints(self, name: str) -> list[str]:
        listed = self("--list-keys", "--with-colons", f"{name}@example.org").decode().splitlines()
        return [line.split(":")[9] for line in listed if line.startswith("fpr:")]

    def export(self, name: str, *, armour: bool = True) -> bytes:
        return self(*(["--armor"] if armour else []), "--export", f"{name}@example.org")

    def sign(self, name: str, content: bytes = UNSIGNED, at: str = "20250601T120000") -> bytes:
        return self("--armor", "--detach-sign", "--local-user", f"{name}@example.org", given=content, at=at)

    def revoke(self, name: str, why: int) -> None:
        """Revokes a key: 1 as somebody else may have it, 2 as another took its place, 3 as it is not used any more."""
        (fingerprint, *_) = self.fingerprints(name)
        answers = f"y\n{why}\n\ny\n".encode()
        options = ["--no-tty", "--pinentry-mode", "loopback", "--passphrase", "", "--command-fd", "0"]
        made = run("gpg", *options, "--gen-revoke", fingerprint, given=answers, environ=self.environ)
        self("--import", given=made)


@pytest.fixture(scope="module")
def gpg() -> Iterator[Gpg]:
    home = Path(tempfile.mkdtemp(prefix="gpg-", dir="/tmp"))  # a socket's path must be short
    home.chmod(0o700)
    try:
        yield Gpg(home)
    finally:
        subprocess.run(["gpgconf", "--kill", "all"], env={**os.environ, "GNUPGHOME": str(home)}, check=True)
        shutil.rmtree(home)


def against(raw: bytes, *keys: bytes) -> str:
    files = {f"keys/{number}.asc": key for number, key in enumerate(keys)}
    found = doubt(raw, CommitSigners(folder="keys/", files=files))
    return found.words if found else ""


def git_trusts(gpg: Gpg, tmp_path: Path, raw: bytes) -> bool:
    return Oracle(tmp_path).verifies(raw, environ=gpg.environ)


@pytest.mark.parametrize("armour", [True, False], ids=["armoured", "binary"])
def test_a_commit_signed_with_a_key_of_the_folder_is_trusted(gpg: Gpg, tmp_path: Path, armour: bool) -> None:
    name = f"ann{armour}"
    gpg.new(name)
    gpg.new(f"ben{armour}")
    raw = spliced(UNSIGNED, gpg.sign(name))
    assert git_trusts(gpg, tmp_path, raw)
    assert against(raw, gpg.export(f"ben{armour}"), gpg.export(name, armour=armour)) == ""
    (fingerprint,) = gpg.fingerprints(name)
    assert against(raw, gpg.export(f"ben{armour}")) == f"it is signed with the unknown key {fingerprint}"
    assert against(raw) == f"it is signed with the unknown key {fingerprint}"


def test_several_keys_may_be_in_one_file_and_one_that_cannot_be_read_is_no_reason_to_trust_nobody(gpg: Gpg) -> None:
    gpg.new("one")
    gpg.new("two")
    both = gpg("--armor", "--export", "one@example.org", "two@example.org")
    for name in ("one", "two"):
        assert against(spliced(UNSIGNED, gpg.sign(name)), b"nonsense", both) == ""


def test_a_commit_that_was_altered_is_not_trusted(gpg: Gpg, tmp_path: Path) -> None:
    gpg.new("altered")
    raw = spliced(payload(THEN, "other"), gpg.sign("altered"))
    assert not git_trusts(gpg, tmp_path, raw)
    assert "it was altered" in against(raw, gpg.export("altered"))


def test_a_signature_that_is_none_is_not_trusted(gpg: Gpg, tmp_path: Path) -> None:
    gpg.new("cut")
    lines = gpg.sign("cut").splitlines()
    raw = spliced(UNSIGNED, b"\n".join([*lines[:2], b"AAAA", lines[-1]]))
    assert not git_trusts(gpg, tmp_path, raw)
    assert against(raw, gpg.export("cut")) == "its signature cannot be read"


def test_a_subkey_signs_for_its_key_until_it_is_revoked(gpg: Gpg, tmp_path: Path) -> None:
    gpg.new("sub", use="cert")
    (primary,) = gpg.fingerprints("sub")
    gpg("--quick-add-key", primary, "ed25519", "sign", "never", at="20250101T000000")
    raw = spliced(UNSIGNED, gpg.sign("sub"))
    assert git_trusts(gpg, tmp_path, raw)
    assert against(raw, gpg.export("sub")) == ""
    answers = b"key 1\nrevkey\ny\n1\n\ny\nsave\n"
    options = ["--no-tty", "--pinentry-mode", "loopback", "--passphrase", "", "--command-fd", "0"]
    run("gpg", *options, "--edit-key", primary, given=answers, environ=gpg.environ)
    assert not git_trusts(gpg, tmp_path, raw)
    assert against(raw, gpg.export("sub")) != ""


@pytest.mark.parametrize("why", [1, 2, 3], ids=["lost", "replaced", "retired"])
def test_a_revoked_key_signs_nothing_whenever_it_did(gpg: Gpg, tmp_path: Path, why: int) -> None:
    name = f"revoked{why}"
    gpg.new(name)
    raw, before = spliced(UNSIGNED, gpg.sign(name)), gpg.export(name)
    gpg.revoke(name, why)
    (fingerprint,) = gpg.fingerprints(name)
    assert not git_trusts(gpg, tmp_path, raw)
    assert against(raw, gpg.export(name)) == f"it is signed with the revoked key {fingerprint}"
    assert against(raw, before) == ""  # nobody else knows


def test_what_was_signed_before_the_key_expired_stays_good_as_gpg_says_and_git_does_not(
    gpg: Gpg, tmp_path: Path
) -> None:
    gpg.new("expired", expires="1y")
    raw = spliced(UNSIGNED, gpg.sign("expired"))
    (tmp_path / "signature").write_bytes(gpg.sign("expired"))
    gpg("--verify", tmp_path / "signature", "-", given=UNSIGNED)
    assert not git_trusts(gpg, tmp_path, raw)
    assert against(raw, gpg.export("expired")) == ""


def test_what_was_signed_after_the_key_expired_is_not_trusted_until_the_key_is_extended(
    gpg: Gpg, tmp_path: Path
) -> None:
    gpg.new("late", expires="never")
    signature = gpg.sign("late", at="20260601T000000")
    (fingerprint,) = gpg.fingerprints("late")
    endless = gpg.export("late")
    gpg("--quick-set-expire", fingerprint, "1y", at="20250102T000000")
    raw = spliced(UNSIGNED, signature)
    assert not git_trusts(gpg, tmp_path, raw)
    words = against(raw, gpg.export("late"))
    assert words == f"it is signed with the key {fingerprint}, which had expired by then", endless


def test_git_s_own_signature_is_trusted(gpg: Gpg, tmp_path: Path) -> None:
    gpg.new("own")
    identity = ["-c", "user.name=T", "-c", "user.email=t@example.org", "-c", "gpg.format=openpgp"]
    run("git", "-C", tmp_path, "init", "--quiet")
    command = ["git", "-C", str(tmp_path), *identity, "-c", "user.signingKey=own@example.org"]
    run(*command, "commit", "--quiet", "--allow-empty", "-S", "-m", "why", environ=gpg.environ)
    raw = run("git", "-C", tmp_path, "cat-file", "commit", "HEAD")
    assert against(raw, gpg.export("own")) == ""
