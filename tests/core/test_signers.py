"""Who may sign models, read with the rest of a configuration: keys are public, there, and from the same commit."""

import pytest

from reconciler.core.errors import Problem
from reconciler.core.parsing.parse import parse
from reconciler.core.spec import Desired, ModelSigners
from reconciler.core.trust.signers import key_folders

KEY = b"-----BEGIN PUBLIC KEY-----\nMFkw\n-----END PUBLIC KEY-----\n"
MODEL = b"apiVersion: reconciler/v1\nkind: Model\nmetadata: {name: m}\nspec: {framework: python, source: /a}\n"


def repository(verify: str) -> bytes:
    spec = f"spec: {{policy: {{verifyModels: {verify}}}}}"
    return f"apiVersion: reconciler/v1\nkind: Repository\n{spec}\n".encode()


def read(verify: str, **files: bytes) -> Desired:
    given = {"reconciler.yaml": repository(verify), "models.d/m.yaml": MODEL}
    return parse({**given, **{path.replace("__", "/"): content for path, content in files.items()}}, revision="r")


def problem(verify: str, files: dict[str, bytes]) -> Problem:
    given = {"reconciler.yaml": repository(verify), "models.d/m.yaml": MODEL, **files}
    desired = parse(given, revision="r")
    assert desired.models == {}
    (found,) = desired.problems
    assert desired.rejected["m"] == (found,)
    return found


def test_the_public_keys_of_the_folder_are_read_and_nothing_else_in_it() -> None:
    files = {"keys/b.pem": KEY, "keys/team/a.PUB": b"\n" + KEY, "keys/README.md": b"hello", "keys.pem": b"other"}
    verify = "{mode: require, keys: keys, signature: m.sig}"
    desired = parse({"reconciler.yaml": repository(verify), **files}, revision="r")
    assert desired.problems == ()
    assert desired.repository.policy.model_signers == ModelSigners(
        signature="m.sig", folder="keys", keys={"keys/b.pem": KEY, "keys/team/a.PUB": b"\n" + KEY}
    )


def test_folder_and_signature_have_names_of_their_own_where_none_are_given() -> None:
    files = {"reconciler.yaml": repository("{mode: require}"), ".reconciler/model-keys/a.pem": KEY}
    signers = parse(files, revision="r").repository.policy.model_signers
    assert signers is not None
    assert (signers.signature, list(signers.keys)) == ("model.sig", [".reconciler/model-keys/a.pem"])


@pytest.mark.parametrize("verify", ["{mode: none}", "{mode: none, keys: nowhere/}"])
def test_where_no_signature_is_required_no_key_is_needed(verify: str) -> None:
    desired = read(verify)
    assert desired.problems == ()
    assert desired.repository.policy.model_signers is None
    assert key_folders({"reconciler.yaml": repository(verify)}) == ()


def test_without_a_key_no_model_is_accepted() -> None:
    found = problem("{mode: require, keys: keys/}", {"keys/README.md": b""})
    assert (found.file, found.path) == ("reconciler.yaml", "spec.policy.verifyModels.keys")
    assert (found.line, found.found) == (3, "no key in keys/")


def test_a_private_key_is_a_fault_that_says_what_that_means() -> None:
    key = b"-----BEGIN PRIVATE KEY-----\nhunter2\n"
    found = problem("{mode: require, keys: keys/}", {"keys/a.pem": key})
    assert (found.file, found.found) == ("keys/a.pem", "a private key")
    assert "make another pair" in found.expected
    assert "hunter2" not in str(found)


def test_what_is_no_key_is_a_fault_of_that_file() -> None:
    found = problem("{mode: require, keys: keys/}", {"keys/a.pem": b"a symbolic link to '/etc/x'"})
    assert str(found) == "keys/a.pem:1:1: found something else, expected a public key in PEM (BEGIN PUBLIC KEY)"


@pytest.mark.parametrize("keys", ["/etc/keys", "../keys", "a/../../b", "a//b", "./keys"])
def test_the_folder_is_one_of_the_repository(keys: str) -> None:
    found = problem(f"{{mode: require, keys: {keys}}}", {})
    assert found.path == "spec.policy.verifyModels.keys"
    assert "the path of a folder in this repository" in found.expected
    assert key_folders({"reconciler.yaml": repository(f"{{mode: require, keys: {keys}}}")}) == ()


def test_the_folder_is_read_only_where_a_sound_file_asks_for_it() -> None:
    assert key_folders({"reconciler.yaml": repository("{mode: require, keys: a/b/}")}) == ("a/b",)
    assert key_folders({"reconciler.yaml": b"]"}) == ()
    assert key_folders({"models.d/m.yaml": MODEL}) == ()
