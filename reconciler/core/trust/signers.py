"""Who may sign models: `policy.verifyModels`, and the public keys in the folder that it names, at the same commit."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import cast

from reconciler.core.checking.checked import Checked, check_repository
from reconciler.core.checking.nodes import START, problem_at
from reconciler.core.errors import Problem
from reconciler.core.jsonvalue import Json
from reconciler.core.spec import ModelSigners, Repository
from reconciler.core.trust.commit_signers import signer_faults, signer_paths

_FILE = "reconciler.yaml"
_PATH = ("spec", "policy", "verifyModels")
_SUFFIXES = (".pem", ".pub")
_PUBLIC, _PRIVATE = b"-----BEGIN PUBLIC KEY-----", b"PRIVATE KEY-----"


def signers(verify: Json) -> ModelSigners | None:
    """Those of a checked `verifyModels`, their keys not read yet; None where models need no signature."""
    if not isinstance(verify, dict) or verify.get("mode") != "require":
        return None
    usual = ModelSigners()
    return ModelSigners(
        signature=cast("str", verify.get("signature", usual.signature)),
        folder=cast("str", verify.get("keys", usual.folder)),
    )


def key_folders(files: Mapping[str, bytes]) -> tuple[str, ...]:
    """The folders and files of the configuration repository, beside models.d, that its reconciler.yaml wants read."""
    checked = check_repository(_FILE, files[_FILE]) if _FILE in files else ()
    if not isinstance(checked, Checked):
        return ()
    found = signers(checked.sound(*_PATH))
    return (*signer_paths(checked), *(() if found is None else (found.folder.rstrip("/"),)))


def with_keys(repository: Repository, files: Mapping[str, bytes]) -> Repository:
    """The same with the keys of those who may sign."""
    found = repository.policy.model_signers
    if found is None:
        return repository
    keyed = replace(found, keys={path: files[path] for path in _key_files(found, files)})
    return replace(repository, policy=replace(repository.policy, model_signers=keyed))


def key_faults(checked: Checked, files: Mapping[str, bytes]) -> Iterator[Problem]:
    """What is wrong with the keys that a checked reconciler.yaml speaks of, of those who sign commits too."""
    yield from signer_faults(checked, files)
    found = signers(checked.sound(*_PATH))
    if found is None:
        return
    paths = _key_files(found, files)
    if not paths:
        expected = "a folder of this repository with a public key in PEM (*.pem or *.pub)"
        yield checked.fault((*_PATH, "keys"), f"no key in {found.folder}", expected)
    for path in paths:
        if _PRIVATE in files[path]:
            expected = "a public key: this one is a secret no more, so make another pair"
            yield problem_at(path, START, (), "a private key", expected)
        elif not files[path].lstrip().startswith(_PUBLIC):
            yield problem_at(path, START, (), "something else", "a public key in PEM (BEGIN PUBLIC KEY)")


def _key_files(found: ModelSigners, files: Mapping[str, bytes]) -> list[str]:
    folder = found.folder.rstrip("/") + "/"
    return sorted(path for path in files if path.startswith(folder) and path.lower().endswith(_SUFFIXES))
