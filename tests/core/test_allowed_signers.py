"""Reading an allowed-signers file; that ssh-keygen reads it the same way is in tests/adapters/test_commits_ssh.py."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.trust.allowed_signers import Signer, allowed, matches, public_keys

BLOB = b"\x00\x00\x00\x0bssh-ed25519\x00\x00\x00\x20" + bytes(32)
KEY = f"ssh-ed25519 {base64.b64encode(BLOB).decode()}"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (f"tess {KEY}", Signer(principals="tess", key=BLOB)),
        (f"  tess,*@example.org \t {KEY} of Tess\r", Signer(principals="tess,*@example.org", key=BLOB)),
        (f'"Tess T" {KEY}', Signer(principals="Tess T", key=BLOB)),
        (f"tess cert-authority {KEY}", Signer(principals="tess", key=BLOB, authority=True)),
        (
            f'tess Cert-Authority,namespaces="git,file",valid-after="19700102",valid-before="197001030001Z" {KEY}',
            Signer(principals="tess", key=BLOB, authority=True, namespaces="git,file", after=86400, before=172860),
        ),
        (f'tess valid-before="19700101000001UTC" {KEY}', Signer(principals="tess", key=BLOB, before=1)),
        (f'tess namespaces="a \\"b" {KEY}', Signer(principals="tess", key=BLOB, namespaces='a "b')),
    ],
)
def test_a_line_names_who_may_sign_with_which_key_for_what_and_when(line: str, expected: Signer) -> None:
    assert allowed(f"# nobody\n\n{line}\n".encode()) == ((expected,), ())


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("tess", "no principals with a key"),
        (f'"tess {KEY}', "no principals with a key"),
        ("tess key", "no key"),
        (f"tess AAAA {KEY}", "an unknown option AAAA"),
        (f"tess cert-authority, {KEY}", "options that cannot be read"),
        (f'tess cert-authority="yes" {KEY}', "an unknown option cert-authority"),
        (f"tess namespaces {KEY}", "an unknown option namespaces"),
        (f"tess no-touch-required {KEY}", "an unknown option no-touch-required"),
        (f'tess namespaces="a",namespaces="b" {KEY}', "namespaces twice"),
        (f'tess valid-after="soon" {KEY}', "valid-after that is no time"),
        (f'tess valid-before="20261301" {KEY}', "valid-before that is no day"),
        (f'tess valid-after="20260101",valid-before="20260101" {KEY}', "valid-before is not after valid-after"),
        (f"tess {KEY[:-3]}", "a key that was cut"),
        (f"tess {KEY.replace('ssh-ed25519', 'ssh-rsa')}", "a key that was cut or is of another kind"),
        ('tess namespaces="git" nothing', "no public key"),
    ],
)
def test_a_line_that_cannot_be_read_allows_nobody_and_takes_none_with_it(line: str, why: str) -> None:
    signers, unread = allowed(f"{line}\nann {KEY}".encode())
    assert signers == (Signer(principals="ann", key=BLOB),)
    assert [each.line for each in unread] == [1]
    assert why in unread[0].why


def test_a_file_of_public_keys_has_one_in_each_line() -> None:
    keys, unread = public_keys(f"# gone\n{KEY} tess\n\nSHA256:abc\n".encode())
    assert keys == (BLOB,)
    assert [each.line for each in unread] == [4]


@pytest.mark.parametrize(
    ("text", "patterns", "holds"),
    [
        ("git", "git", True),
        ("git", "file,g?t", True),
        ("git", "*,!git", False),
        ("git", "!git,*", False),
        ("git", "!file", False),
        ("git", "", False),
        ("a.b", "a?b", True),
        ("axb", "a.b", False),
        ("[x]", "[x]", True),
        ("abcabd", "a*b?", True),
        ("abcabd", "a*c*d", True),
        ("abcabd", "a*d*b*", False),
        ("abcabd", "b*", False),
        ("abcabd", "*c", False),
        ("aba", "ab*ba", False),
        ("a" * 500, "*a" * 100 + "b*", False),
    ],
)
def test_a_list_of_patterns_takes_what_one_takes_and_none_refuses(text: str, patterns: str, holds: bool) -> None:
    assert matches(text, patterns) is holds


@given(st.binary())
def test_any_bytes_are_a_file_of_signers_and_lines_that_are_none(content: bytes) -> None:
    signers, unread = allowed(content)
    lines = [line for line in content.split(b"\n") if line.strip()]
    assert len(signers) + len(unread) <= len(lines)
