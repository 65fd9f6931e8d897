"""policy.verifyCommits: who may sign, by the files of the same commit, and what is wrong with those files."""

import pytest

from reconciler.core.parsing.parse import parse
from reconciler.core.spec import CommitSigners, Desired
from reconciler.core.trust.commit_signers import keys_of
from reconciler.core.trust.signers import key_folders
from tests.core.test_allowed_signers import KEY

KEYS = "-----BEGIN PGP PUBLIC KEY BLOCK-----"


def repository(verify: str) -> bytes:
    return f"apiVersion: reconciler/v1\nkind: Repository\nspec: {{policy: {{verifyCommits: {verify}}}}}\n".encode()


def read(verify: str, **files: str) -> Desired:
    paths = {name.replace("_", "/", 1).replace("_", "."): text.encode() for name, text in files.items()}
    return parse({"reconciler.yaml": repository(verify), **paths}, revision="r")


def test_the_signers_are_those_of_the_files_that_the_policy_names() -> None:
    files = {"k_allowed": f"tess {KEY}", "k_gone": KEY, "k_a_asc": KEYS, "k_README_md": "", "other_b_asc": KEYS}
    found = read("{mode: head, allowedSigners: k/allowed, revokedSigners: k/gone, gpgKeys: k/}", **files)
    signers = found.repository.policy.commit_signers
    assert found.problems == ()
    assert signers is not None
    assert sorted(signers.files) == ["k/a.asc", "k/allowed", "k/gone"]
    assert dict(keys_of(signers)) == {"k/a.asc": KEYS.encode()}


@pytest.mark.parametrize("verify", ["{mode: none}", "{mode: none, allowedSigners: gone}"])
def test_without_a_mode_of_head_nobody_needs_to_sign(verify: str) -> None:
    found = read(verify)
    assert (found.problems, found.repository.policy.commit_signers) == ((), None)


def test_the_files_of_signers_are_read_beside_the_models() -> None:
    settings = repository("{mode: head, allowedSigners: a/b, gpgKeys: keys/}")
    assert key_folders({"reconciler.yaml": settings}) == ("a/b", "keys")
    assert key_folders({"reconciler.yaml": repository("{mode: none}")}) == ()
    assert key_folders({"reconciler.yaml": b"{"}) == ()
    assert key_folders({}) == ()


@pytest.mark.parametrize(
    ("verify", "files", "wrong"),
    [
        ("{mode: head, allowedSigners: k/s}", {}, "found no file k/s"),
        ("{mode: head, allowedSigners: k/s}", {"k_s": "# nobody"}, "found no signer in k/s"),
        ("{mode: head, allowedSigners: k/s}", {"k_s": f"a {KEY}\nb"}, "k/s:2:1: found no principals with a key"),
        ("{mode: head, allowedSigners: k/s, revokedSigners: k/r}", {"k_s": f"a {KEY}"}, "found no file k/r"),
        (
            "{mode: head, allowedSigners: k/s, revokedSigners: k/r}",
            {"k_s": f"a {KEY}", "k_r": "SSHKRL\n\0"},
            "k/r:1:1: found a key revocation list",
        ),
        (
            "{mode: head, allowedSigners: k/s, revokedSigners: k/r}",
            {"k_s": f"a {KEY}", "k_r": "x"},
            "k/r:1:1: found no public key",
        ),
        ("{mode: head, gpgKeys: k}", {"k_README": KEYS}, "found no key in k"),
        ("{mode: head, gpgKeys: k}", {"k_a_asc": "-----BEGIN PGP PRIVATE KEY BLOCK-----"}, "found a private key"),
        ("{mode: head, gpgKeys: k}", {"k_a_asc": "ssh-rsa"}, "k/a.asc:1:1: found something else"),
        ("{mode: head, gpgKeys: ../k}", {}, "expected the path of a folder in this repository"),
    ],
)
def test_signers_that_nobody_could_be_are_faults_with_their_place(
    verify: str, files: dict[str, str], wrong: str
) -> None:
    found = read(verify, **files)
    assert [wrong in str(problem) for problem in found.problems] == [True], found.problems
    assert found.repository.policy.commit_signers is None


def test_keys_need_no_armour() -> None:
    files = {"reconciler.yaml": repository("{mode: head, gpgKeys: k}"), "k/a.gpg": b"\x98\x33\x04"}
    assert parse(files, revision="r").problems == ()


def test_a_policy_without_a_folder_has_no_openpgp_keys() -> None:
    assert keys_of(CommitSigners(file="a", files={"/a.asc": b""})) == {}
