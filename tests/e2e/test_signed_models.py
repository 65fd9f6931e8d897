"""policy.verifyModels through the command line: switched on, kept to, and decided anew when keys or files change."""

from pathlib import Path

import pytest

from tests.e2e.bad_world import Ground, document, lines_about, mentions
from tests.e2e.command import Answer
from tests.git_remotes import git
from tests.model_keys import Signer

pytestmark = pytest.mark.slow

POLICY = """apiVersion: reconciler/v1
kind: Repository
spec:
  policy:
    verifyModels: {mode: require}
"""


def told(answer: Answer, name: str, *words: str) -> None:
    """Whether the words were said of the model."""
    mentions("\n".join(lines_about(name, answer.out.splitlines())), *words)


def test_unsigned_models_are_held_and_what_serves_goes_on_until_they_are_signed(tmp_path: Path) -> None:
    ground = Ground(folder=tmp_path).begin()
    ann, bob = Signer.new(tmp_path / "ann.key"), Signer.new(tmp_path / "bob.key")
    old, new = ground.source("old"), ground.source("new")
    documents = {"old": document("old", str(old))}
    ground.want(documents)
    assert ground.run("apply").code == 0
    served = ground.served_files()

    # the policy is switched on: what is active and unsigned stays, what is new and unsigned does not come
    keys = {"reconciler.yaml": POLICY.encode(), ".reconciler/model-keys/ann.pem": ann.public}
    documents["new"] = document("new", str(new))
    ground.want(documents, keys)
    answer = ground.run("apply")
    assert answer.code == 6
    for name, source in (("old", old), ("new", new)):
        told(answer, name, "SignatureInvalid", f"{source} is not signed", "model.sig")
    assert ground.served_files() == served

    # signed by somebody who is not trusted (yet)
    bob.sign(new)
    ann.sign(old)
    answer = ground.run("apply")
    assert answer.code == 6
    told(answer, "new", "SignatureInvalid", "none of the keys in .reconciler/model-keys/")
    assert {path.partition("/")[0] for path in ground.served_files()} == {"old"}

    # a change of the keys decides anew
    ground.want(documents, {".reconciler/model-keys/bob.pub": bob.public})
    assert ground.run("apply").code == 0
    assert ground.run("plan", "--detailed-exitcode").code == 0
    served = ground.served_files()
    assert {path.partition("/")[0] for path in served} == {"old", "new"}
    assert served["new/model.sig"] == (new / "model.sig").read_bytes()

    # a file that was changed after it was signed, and then a key that is trusted no more
    (new / "1/model.py").write_text("import os")
    answer = ground.run("apply")
    assert answer.code == 6
    told(answer, "new", "SignatureInvalid", "altered: 1/model.py")
    (ground.repository / ".reconciler/model-keys/ann.pem").unlink()
    ground.want(documents)
    answer = ground.run("apply")
    told(answer, "old", "SignatureInvalid")
    assert ground.served_files() == served
    status = git(ground.repository, "show", "reconciler-status:default/new.yaml")
    mentions(status, "SignatureInvalid", "altered: 1/model.py")


def test_a_policy_without_a_key_holds_everything_as_it_is(tmp_path: Path) -> None:
    ground = Ground(folder=tmp_path).begin()
    ground.want({"m": document("m", str(ground.source("m")))}, {"reconciler.yaml": POLICY.encode()})
    answer = ground.run("apply")
    assert answer.code == 65
    mentions(answer.said, "reconciler.yaml:5", "no key in .reconciler/model-keys/")
    assert not (ground.volume / "models" / "m").exists()
