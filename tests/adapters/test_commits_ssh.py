"""SSH signatures of commits: a table of cases that real git answers too, and both must say the same."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from reconciler.adapters import commits
from reconciler.adapters.commits import doubt
from reconciler.core.errors import Reason, RefusedError
from reconciler.core.spec import CommitSigners
from tests.commit_keys import Oracle, SshKey, Token, armoured, parts_of, payload, run, spliced, text
from tests.git_remotes import commit, git, work_tree

NOON = 1748779200  # 2025-06-01T12:00:00Z


@dataclass(frozen=True)
class People:
    """Everybody has a key; `certified` ones carry a certificate of the authority beside it."""

    folder: Path
    keys: dict[str, SshKey]

    def line(self, text: str) -> str:
        """A text with public keys where it has {names}."""
        return text.format(**{name: key.public for name, key in self.keys.items()})


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> People:
    folder = tmp_path_factory.mktemp("keys")
    keys = {name: SshKey.new(folder / name) for name in ("ann", "ben", "ca")}
    keys["rsa"] = SshKey.new(folder / "rsa", "rsa", "-b", "2048")
    keys |= {f"ec{bits}": SshKey.new(folder / f"ec{bits}", "ecdsa", "-b", bits) for bits in ("256", "384", "521")}
    valid, ann, ca = ("-V", "20250101Z:20260101Z"), keys["ann"], keys["ca"]
    keys["cert"] = ann.certified(ca, "cert", *valid, "-n", "ann,anna")
    keys["rsacert"] = keys["rsa"].certified(keys["ec256"], "rsacert", *valid, "-n", "ann")
    keys["nameless"] = ann.certified(ca, "nameless", *valid)
    keys["late"] = ann.certified(ca, "late", "-V", "20230101Z:20240101Z", "-n", "ann")
    keys["soon"] = ann.certified(ca, "soon", "-V", "20260101Z:20270101Z", "-n", "ann")
    keys["host"] = ann.certified(ca, "host", "-h", *valid, "-n", "ann")
    keys["endless"] = ann.certified(ca, "endless", "-n", "ann")
    return People(folder, keys)


def asked(people: People, raw: bytes, signers: str, revoked: str | None = None) -> tuple[bool, str]:
    """Whether git trusts the commit, and what we say against it."""
    folder = people.folder
    files = {"signers": people.line(signers).encode()}
    (folder / "signers").write_bytes(files["signers"])
    settings = [f"gpg.ssh.allowedSignersFile={folder / 'signers'}"]
    if revoked is not None:
        files["revoked"] = people.line(revoked).encode()
        (folder / "revoked").write_bytes(files["revoked"])
        settings.append(f"gpg.ssh.revocationFile={folder / 'revoked'}")
    ours = doubt(raw, CommitSigners(file="signers", revoked="revoked" if revoked is not None else "", files=files))
    return Oracle(folder / "oracle").verifies(raw, *settings), ours.words if ours else ""


@pytest.fixture(scope="module", autouse=True)
def oracle(people: People) -> None:
    (people.folder / "oracle").mkdir()


GOOD = ""


@pytest.mark.parametrize(
    ("key", "signers", "words"),
    [
        ("ann", "ann {ann}", GOOD),
        ("rsa", "ann {rsa}", GOOD),
        ("ec256", "ann {ec256}", GOOD),
        ("ec384", "ann {ec384}", GOOD),
        ("ec521", "ann {ec521}", GOOD),
        ("ann", "# signers\n\nben {ben}\nann,anna@example.org {ann} of Ann", GOOD),
        ("ann", "nonsense\nann {ann}", GOOD),
        ("ann", "somebody@else.example {ann}", GOOD),  # who committed plays no part
        ("ann", "ben {ben}", "the unknown key SHA256:"),
        ("ann", "", "the unknown key SHA256:"),
        ("ann", 'ann valid-before="20250601115959Z" {ann}', "which had expired by then"),
        ("ann", 'ann valid-before="202506011200Z" {ann}', GOOD),
        ("ann", 'ann valid-after="20250601120001Z" {ann}', "which was not valid yet"),
        ("ann", 'ann valid-after="20250601120000Z" {ann}', GOOD),
        ("ann", 'ann valid-after="20250601" {ann}', GOOD),
        ("ann", 'ann valid-before="20240101Z" {ann}\nann valid-after="20250101Z" {ann}', GOOD),
        ("ann", 'ann valid-before="20240101Z" {ann}\nother valid-after="20250101Z" {ann}', GOOD),
        ("ann", 'ann valid-before="soon" {ann}', "the unknown key"),
        ("ann", 'ann valid-after="20250101Z",valid-before="20250101Z" {ann}', "the unknown key"),
        ("ann", 'ann namespaces="git" {ann}', GOOD),
        ("ann", 'ann namespaces="file,g*" {ann}', GOOD),
        ("ann", 'ann namespaces="file" {ann}', "principals or namespaces do not fit"),
        ("ann", 'ann namespaces="!git,*" {ann}', "principals or namespaces do not fit"),
        ("ann", 'ann namespaces="file" {ann}\nann {ann}', GOOD),
        ("ann", 'ann namespaces="file" {ann}\nother {ann}', "principals or namespaces do not fit"),
        ("ann", 'ann NAMESPACES="git" {ann}', GOOD),
        ("ann", "ann no-touch-required {ann}", "the unknown key"),
        ("ann", "!ann {ann}", "principals or namespaces do not fit"),
        ("ann", "*,!ann {ann}", GOOD),
        ("ann", '"Ann A" {ann}', GOOD),
        ("ann", "ann cert-authority {ann}", "the unknown key"),
        ("cert", "ann cert-authority {ca}", GOOD),
        ("cert", "ann CERT-AUTHORITY {ca}", GOOD),
        ("cert", "* cert-authority {ca}", GOOD),
        ("cert", 'ann* cert-authority,namespaces="git" {ca}', GOOD),
        ("cert", 'ann* cert-authority,namespaces="file" {ca}', "principals or namespaces do not fit"),
        ("cert", "*,!ann cert-authority {ca}", GOOD),  # anna may
        ("cert", "ben cert-authority {ca}", "principals or namespaces do not fit"),
        ("cert", "ben cert-authority {ca}\nann cert-authority {ca}", GOOD),
        ("cert", "ann cert-authority {ben}", "the unknown key"),
        ("cert", "ann {ca}", "the unknown key"),
        ("cert", "ann {ann}", "the unknown key"),
        ("cert", "ann {cert}", GOOD),
        ("cert", 'ann cert-authority,valid-before="20250101Z" {ca}', "which had expired by then"),
        ("rsacert", "ann cert-authority {ec256}", GOOD),
        ("endless", "ann cert-authority {ca}", GOOD),
        ("nameless", "* cert-authority {ca}", "principals or namespaces do not fit"),
        ("late", "ann cert-authority {ca}", "which had expired by then"),
        ("soon", "ann cert-authority {ca}", "which was not valid yet"),
        ("host", "ann cert-authority {ca}", "principals or namespaces do not fit"),
    ],
)
def test_who_may_sign_is_what_git_says(people: People, key: str, signers: str, words: str) -> None:
    raw = spliced(payload(NOON), people.keys[key].sign(payload(NOON)))
    trusted, against = asked(people, raw, signers)
    assert (trusted, against == GOOD) == (words == GOOD, words == GOOD), against
    assert words in against


@pytest.mark.parametrize(
    ("key", "revoked", "words"),
    [
        ("ann", "", GOOD),
        ("ann", "# none\n{ben}", GOOD),
        ("ann", "{ben}\n{ann} lost in a train", "the revoked key SHA256:"),
        ("ann", "{cert}", "the revoked key SHA256:"),
        ("cert", "{ann}", "the revoked key SHA256:"),
        ("cert", "{ca}", "the revoked key SHA256:"),
        ("cert", "{cert}", "the revoked key SHA256:"),
        ("cert", "{ben}", GOOD),
        ("ann", "nonsense\n{ben}", "cannot be read in line 1, so any key may be revoked"),
    ],
)
def test_a_revoked_key_signs_nothing_whenever_it_did(people: People, key: str, revoked: str, words: str) -> None:
    raw = spliced(payload(NOON), people.keys[key].sign(payload(NOON)))
    trusted, against = asked(people, raw, "ann {ann}\nann cert-authority {ca}", revoked)
    assert (trusted, against == GOOD) == (words == GOOD, words == GOOD), against
    assert words in against


def test_a_list_of_revoked_keys_that_is_not_there_revokes_any(people: People) -> None:
    raw = spliced(payload(NOON), people.keys["ann"].sign(payload(NOON)))
    signers = CommitSigners(file="signers", revoked="gone", files={"signers": people.line("ann {ann}").encode()})
    found = doubt(raw, signers)
    assert found is not None
    assert "gone cannot be read" in found.words


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa"])
def test_keys_of_hardware_tokens_sign_too(people: People, kind: str) -> None:
    token, other = Token(kind), Token(kind)
    raw = spliced(payload(NOON), token.sign(payload(NOON)))
    assert asked(people, raw, f"ann {token.public}") == (True, GOOD)
    trusted, against = asked(people, raw, f"ann {other.public}")
    assert (trusted, "the unknown key" in against) == (False, True)
    altered = spliced(payload(NOON, "other"), token.sign(payload(NOON)))
    trusted, against = asked(people, altered, f"ann {token.public}")
    assert (trusted, "it was altered" in against) == (False, True)


UNSIGNED = payload(NOON)


def _another_key_in_it(people: People) -> bytes:
    (key, _), (_, inner) = (parts_of(people.keys[name].sign(UNSIGNED)) for name in ("ann", "ben"))
    return spliced(UNSIGNED, armoured(key, inner))


def _made_anew(people: People, who: str = "ann", **more: Any) -> bytes:
    blob, inner = parts_of(people.keys[who].sign(UNSIGNED))
    return spliced(UNSIGNED, armoured(**{"key": blob, "inner": inner, **more}))


def _cut(people: People) -> bytes:
    lines = people.keys["ann"].sign(UNSIGNED).splitlines()
    return spliced(UNSIGNED, b"\n".join([*lines[:2], *lines[3:]]))


def _endless(people: People) -> bytes:
    return spliced(UNSIGNED, b"\n".join(people.keys["ann"].sign(UNSIGNED).splitlines()[:-1]))


def _signed(people: People, then: bytes) -> bytes:
    """Another commit with the signature of this one."""
    return spliced(then, people.keys["ann"].sign(UNSIGNED))


def _old_rsa(people: People) -> bytes:
    _, inner = parts_of(people.keys["rsa"].sign(UNSIGNED))
    return _made_anew(people, "rsa", inner=text(b"ssh-rsa") + inner[16:])


TAMPERED: dict[str, tuple[Callable[[People], bytes], str]] = {
    "not signed": (lambda _: UNSIGNED, "it is not signed"),
    "another message": (lambda people: _signed(people, payload(NOON, "not")), "it was altered"),
    "another parent": (lambda people: _signed(people, payload(NOON, parents=["1" * 40])), "it was altered"),
    "another time": (lambda people: _signed(people, payload(NOON + 1)), "it was altered"),
    "for files": (
        lambda people: spliced(UNSIGNED, people.keys["ann"].sign(UNSIGNED, "file")),
        "not one for git but for 'file'",
    ),
    "said to be for git": (
        lambda people: _made_anew(people, inner=parts_of(people.keys["ann"].sign(UNSIGNED, "file"))[1]),
        "it was altered",
    ),
    "another's key in it": (_another_key_in_it, "it was altered"),
    "cut": (_cut, "cannot be read"),
    "no end of its armour": (_endless, "cannot be read: its armour"),
    "a later version": (lambda people: _made_anew(people, version=2), "no SSH signature of version 1"),
    "another hash": (lambda people: _made_anew(people, hashed=b"md5"), "another hash than"),
    "more inside": (
        lambda people: _made_anew(people, inner=parts_of(people.keys["ann"].sign(UNSIGNED))[1] + b"x"),
        "more than there should be",
    ),
    "a key of no kind": (lambda people: _made_anew(people, key=text(b"dsa")), "cannot be read"),
    "an old rsa": (_old_rsa, "a signature ssh-rsa of a key ssh-rsa"),
    "x509": (lambda _: spliced(UNSIGNED, b"-----BEGIN SIGNED MESSAGE-----\nAA\n"), "neither one of SSH nor of"),
}
"""Commits that somebody was at, and what is said of them."""


@pytest.mark.parametrize("case", TAMPERED)
def test_a_commit_that_somebody_was_at_is_not_trusted(people: People, case: str) -> None:
    make, words = TAMPERED[case]
    trusted, against = asked(people, make(people), "ann {ann}\nben {ben}\nrsa {rsa}")
    assert not trusted
    assert words in against


def test_a_commit_with_two_signatures_is_not_trusted_although_git_takes_the_first(people: People) -> None:
    twice = spliced(_signed(people, UNSIGNED), people.keys["ann"].sign(UNSIGNED))
    assert asked(people, twice, "ann {ann}") == (True, "it has several signatures")


def test_what_git_itself_signs_is_trusted(people: People, tmp_path: Path) -> None:
    key = people.keys["ann"]
    work_tree(tmp_path / "repository", {"a": b"1"})
    for name, value in (("gpg.format", "ssh"), ("user.signingKey", str(key.path)), ("commit.gpgSign", "true")):
        git(tmp_path / "repository", "config", name, value)
    git(tmp_path / "repository", "checkout", "--quiet", "-b", "side")
    commit(tmp_path / "repository", {"b": b"2"}, "tagged")
    git(tmp_path / "repository", "tag", "-s", "-m", "a tag", "v1")
    git(tmp_path / "repository", "checkout", "--quiet", "-")
    commit(tmp_path / "repository", {"c": b"3"}, "üñí\n\ngpgsig is no header here")
    git(tmp_path / "repository", "merge", "--quiet", "--no-edit", "v1")  # its header holds the tag, signature and all
    for revision in ("HEAD", "HEAD^"):
        raw = _raw(tmp_path / "repository", revision)
        assert asked(people, raw, "ann {ann}") == (True, GOOD)
        assert asked(people, raw, "ben {ben}")[0] is False
    assert b"mergetag" in _raw(tmp_path / "repository", "HEAD")


def _raw(folder: Path, revision: str) -> bytes:
    return run("git", "-C", folder, "cat-file", "commit", revision)


def test_the_doubt_names_the_key_as_ssh_keygen_does_and_what_to_do(people: People) -> None:
    raw = spliced(payload(NOON), people.keys["ann"].sign(payload(NOON)))
    found = doubt(raw, CommitSigners(file=".reconciler/allowed_signers"))
    assert found is not None
    assert found.words == f"it is signed with the unknown key {people.keys['ann'].fingerprint}"
    assert "add it to .reconciler/allowed_signers in a commit that is signed with a key that is trusted" in found.hint


@pytest.mark.parametrize(("module", "library"), [("ssh", "cryptography.hazmat.primitives"), ("openpgp", "pysequoia")])
def test_without_its_library_no_signature_is_good_and_the_extra_is_named(
    monkeypatch: pytest.MonkeyPatch, module: str, library: str
) -> None:
    monkeypatch.delitem(sys.modules, f"reconciler.adapters.commits.{module}", raising=False)
    monkeypatch.delitem(sys.modules, "reconciler.adapters.commits.keys", raising=False)
    monkeypatch.delattr(commits, "keys", raising=False)
    monkeypatch.setitem(sys.modules, library, None)
    kind = "SSH" if module == "ssh" else "PGP"
    raw = spliced(UNSIGNED, f"-----BEGIN {kind} SIGNATURE-----\nAAAA\n-----END {kind} SIGNATURE-----\n".encode())
    with pytest.raises(RefusedError, match="not installed") as caught:
        doubt(raw, CommitSigners(file="signers"))
    assert caught.value.reason is Reason.EXTRA_MISSING
    assert "pip install 'triton-reconcile[trust]'" in caught.value.hint
