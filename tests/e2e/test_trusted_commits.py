"""policy.verifyCommits through the command line: what is not trusted is not applied.

Git says who is trusted only in commits of somebody who was trusted before.
"""

import json
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.commit_keys import SshKey, run
from tests.e2e.bad_world import ME, Ground, document, mentions
from tests.e2e.command import Answer, reconcile
from tests.git_remotes import bare, git, write

pytestmark = pytest.mark.slow

SIGNERS, GONE = ".reconciler/allowed_signers", ".reconciler/revoked_signers"
POLICY = f"""apiVersion: reconciler/v1
kind: Repository
spec:
  policy:
    verifyCommits: {{mode: head, allowedSigners: {SIGNERS}}}
"""
NO_POLICY = "apiVersion: reconciler/v1\nkind: Repository\nspec: {policy: {verifyCommits: {mode: none}}}\n"
RECORD = ".reconciler/trusted.json"


@dataclass(frozen=True)
class Town:
    """A ground whose commits people sign; each commit changes what its one model says."""

    ground: Ground
    ann: SshKey
    ben: SshKey
    eve: SshKey

    @classmethod
    def founded(cls, folder: Path) -> "Town":
        keys = {name: SshKey.new(folder / name) for name in ("ann", "ben", "eve")}
        town = cls(ground=Ground(folder=folder).begin(), **keys)
        town.ground.source("m")
        return town

    def signers(self, *keys: SshKey) -> str:
        return "".join(f"{key.path.name}@example.org {key.public}\n" for key in keys)

    def commit(self, key: SshKey | None, files: Mapping[str, str], at: int | None = None) -> str:
        """Commits these files on top of what is there, signed by the key; the commit's id."""
        write(self.ground.repository, {path: text.encode() for path, text in files.items()})
        git(self.ground.repository, "add", "--all")
        identity = ["-c", "user.name=Tess", "-c", "user.email=tess@example.org", "-c", "gpg.format=ssh"]
        sign = [] if key is None else ["-c", f"user.signingKey={key.path}"]
        how = "--no-gpg-sign" if key is None else "--gpg-sign"
        command = [
            "git",
            "-C",
            str(self.ground.repository),
            *identity,
            *sign,
            "commit",
            "--quiet",
            "--allow-empty",
            how,
        ]
        environ = {} if at is None else {"GIT_COMMITTER_DATE": f"@{at} +0000"}
        run(*command, "--message", "as wanted", environ=environ)
        return git(self.ground.repository, "rev-parse", "HEAD")

    def model(self, size: int) -> dict[str, str]:
        """The model with something of it changed."""
        source = str(self.ground.folder / "sources" / "m")
        return {"models.d/m.yaml": document("m", source, config=f"{{max_batch_size: {size}}}")}

    def start(self, *keys: SshKey, by: SshKey | None, at: int | None = None) -> str:
        return self.commit(by, {"reconciler.yaml": POLICY, SIGNERS: self.signers(*keys), **self.model(1)}, at)

    def apply(self, *arguments: str, **more: str | Path) -> Answer:
        return self.ground.run("apply", *arguments, **more)

    def record(self) -> str:
        return (self.ground.volume / RECORD).read_text()

    def show(self, path: str) -> str:
        return git(self.ground.repository, "show", f"reconciler-status:default/{path}")


@pytest.fixture
def town(tmp_path: Path) -> Town:
    return Town.founded(tmp_path)


def refused(answer: Answer, *words: str) -> None:
    assert answer.code == 4, answer.said
    mentions(answer.said, "CommitNotVerified: ", "is not trusted", *words)
    assert "started" not in answer.out


def test_what_is_not_signed_is_not_applied_and_the_status_says_what_the_target_is_held_at(town: Town) -> None:
    first = town.start(town.ann, by=town.ann)
    assert town.apply().code == 0
    served, model_status = town.ground.served_files(), town.show("m.yaml")
    record = town.record()
    assert stat.S_IMODE((town.ground.volume / RECORD).stat().st_mode) == 0o600

    second = town.commit(None, town.model(2))
    told = (f"commit {second[:12]} by Tess <tess@example.org>", "it is not signed", f"default stays at {first[:12]}")
    before = town.ground.snapshot()
    for command in ("plan", "status"):
        refused(town.ground.run(command), *told)
    assert town.ground.snapshot() == before
    refused(town.apply(), *told)
    assert (town.ground.served_files(), town.record()) == (served, record)

    # the models' own status is as it was; the page and a condition of the target say which commit and why
    assert town.show("m.yaml") == model_status
    mentions(town.show("README.md"), f"**Held at `{first[:12]}`:** commit {second[:12]}", "it is not signed", "| [m]")
    told_of = json.loads(town.show("@target.json"))["status"]
    assert (told_of["revision"], told_of["refused"]) == (first, second)
    (condition,) = told_of["conditions"]
    assert (condition["type"], condition["status"], condition["reason"]) == ("Trusted", "False", "CommitNotVerified")
    refs = town.ground.refs()
    refused(town.apply(), *told)
    assert town.ground.refs() == refs  # the same refusal again is no commit

    # signed after all
    third = town.commit(town.ann, {})
    assert town.apply().code == 0
    assert town.ground.served_files() != served
    assert "Held at" not in town.show("README.md")
    assert third in town.record()
    assert "@target.json" not in git(town.ground.repository, "ls-tree", "--name-only", "reconciler-status:default")
    assert town.ground.run("plan", "--detailed-exitcode").code == 0


def test_a_plan_against_the_status_refuses_it_too_with_the_volume_and_without(town: Town, tmp_path: Path) -> None:
    town.start(town.ann, by=town.ann)
    assert town.apply().code == 0
    town.commit(None, town.model(2))
    asked = ("--observed", "status", "--target", "default")
    refused(town.ground.run("plan", *asked), "it is not signed")
    town.start(town.eve, by=town.eve)
    refused(town.ground.run("plan", *asked), f"the unknown key {town.eve.fingerprint}")
    pins = tmp_path / "pins"
    pins.write_text(town.signers(town.ann))
    elsewhere = ("--repo", str(town.ground.repository), *asked)
    assert reconcile("plan", *elsewhere).code == 0, "its own signers are all that is known there"
    refused(reconcile("plan", *elsewhere, "--allowed-signers", str(pins)), f"add it to {pins}")


def test_the_first_revision_is_judged_by_its_own_policy(town: Town) -> None:
    town.start(town.ann, by=None)
    refused(town.apply(), "it is not signed")
    assert list(town.ground.volume.iterdir()) == []
    assert not (town.ground.volume / RECORD).exists()
    assert "reconciler-status" not in town.ground.refs()
    town.start(town.ann, by=town.eve)
    refused(town.apply(), f"the unknown key {town.eve.fingerprint}", f"add it to {SIGNERS}")
    town.start(town.ann, by=town.ann)
    assert town.apply().code == 0


def test_to_switch_it_off_takes_a_signature_of_whom_it_trusts(town: Town) -> None:
    town.start(town.ann, by=town.ann)
    assert town.apply().code == 0
    off = {"reconciler.yaml": NO_POLICY, **town.model(2)}
    for by in (None, town.eve):
        town.commit(by, off)
        refused(town.apply())
    # nor by a commit that says who may sign it, nor by one without any settings
    town.commit(town.eve, {"reconciler.yaml": POLICY, SIGNERS: town.signers(town.eve)})
    refused(town.apply(), "the unknown key")
    (town.ground.repository / "reconciler.yaml").unlink()
    town.commit(None, {})
    refused(town.apply(), "it is not signed")
    town.commit(town.ann, off)
    assert town.apply().code == 0
    town.commit(None, town.model(3))
    assert town.apply().code == 0


def test_settings_that_cannot_be_read_do_not_switch_it_off(town: Town) -> None:
    town.start(town.ann, by=town.ann)
    assert town.apply().code == 0
    town.commit(town.ann, {"reconciler.yaml": "spec: ["})
    assert town.apply().code == 65
    town.commit(None, {"reconciler.yaml": NO_POLICY})
    refused(town.apply(), "it is not signed")
    town.commit(town.ann, {"reconciler.yaml": POLICY, SIGNERS: "nobody\n"})
    answer = town.apply()
    assert answer.code == 65
    mentions(answer.said, f"no signer in {SIGNERS}", f"{SIGNERS}:1:1")
    town.commit(None, town.model(3))
    refused(town.apply(), "it is not signed")


def test_signers_change_hands_one_after_the_other(town: Town) -> None:
    town.start(town.ann, by=town.ann)
    assert town.apply().code == 0
    town.commit(town.ben, {SIGNERS: town.signers(town.ann, town.ben)})
    refused(town.apply(), f"the unknown key {town.ben.fingerprint}")
    town.commit(town.ann, {})
    assert town.apply().code == 0
    town.commit(town.ben, {SIGNERS: town.signers(town.ben)})
    assert town.apply().code == 0
    town.commit(town.ann, town.model(2))
    refused(town.apply(), f"the unknown key {town.ann.fingerprint}")
    # somebody who takes himself off the list has still signed that commit
    town.commit(town.ben, {SIGNERS: town.signers(town.ann)})
    assert [town.apply().code for _ in range(2)] == [0, 0]


def test_a_revoked_key_signs_nothing_any_more_whatever_the_commit_says(town: Town) -> None:
    town.start(town.ann, town.eve, by=town.ann)
    assert town.apply().code == 0
    settings = POLICY.replace("signers}", f"signers, revokedSigners: {GONE}}}")
    town.commit(town.ann, {"reconciler.yaml": settings, GONE: town.eve.public})
    assert town.apply().code == 0
    town.commit(town.eve, {GONE: ""}, at=1)
    refused(town.apply(), f"the revoked key {town.eve.fingerprint}")


def test_a_rollback_brings_models_back_but_nobody_who_was_trusted_then(town: Town) -> None:
    old = town.commit(town.ben, {"reconciler.yaml": NO_POLICY, **town.model(9)}, at=1_700_000_000)
    town.start(town.ann, town.ben, by=town.ann, at=1_700_000_100)
    assert town.apply().code == 0
    served = town.ground.served_files()
    newest = town.commit(town.ann, {SIGNERS: town.signers(town.ben)}, at=1_700_000_200)
    assert town.apply().code == 0

    answer = town.apply("--ref", old)
    assert answer.code == 0
    mentions(answer.err, f"commit {old[:12]} is older than the trusted {newest[:12]}", "who may sign stays")
    assert town.ground.served_files() != served
    town.commit(None, town.model(3))
    refused(town.apply(), "it is not signed", f"stays at {old[:12]}")
    assert town.apply("--ref", newest).code == 0  # although who signed it is none of its signers
    refused(town.apply("--ref", f"{newest}~1"), f"the unknown key {town.ann.fingerprint}")


def test_whoever_is_pinned_counts_and_not_what_git_says(town: Town, tmp_path: Path) -> None:
    pin = tmp_path / "pinned"
    pin.write_text(town.signers(town.ann))
    pinned = ("--allowed-signers", str(pin))
    town.commit(town.eve, {"reconciler.yaml": NO_POLICY, **town.model(1)})
    refused(town.apply(*pinned), f"the unknown key {town.eve.fingerprint}", f"add it to {pin}")
    town.start(town.eve, by=town.eve)
    refused(town.ground.run("plan", *pinned), f"the unknown key {town.eve.fingerprint}")
    town.start(town.eve, by=town.ann)
    assert town.apply(*pinned).code == 0
    # git's word stands where nobody is pinned; and a pin puts somebody in who was locked out
    town.commit(town.ann, town.model(2))
    refused(town.apply(), f"the unknown key {town.ann.fingerprint}")
    assert town.apply(*pinned).code == 0


@pytest.mark.parametrize(
    ("text", "words"), [("", "it names nobody"), ("ann key\n", "line 1: no key"), (None, "No such")]
)
def test_a_pin_that_pins_nobody_is_a_usage_error(town: Town, tmp_path: Path, text: str | None, words: str) -> None:
    if text is not None:
        (tmp_path / "pinned").write_text(text)
    town.start(town.ann, by=town.ann)
    answer = town.apply("--allowed-signers", str(tmp_path / "pinned"))
    assert answer.code == 64
    mentions(answer.err, "--allowed-signers", words)
    (tmp_path / "keys").mkdir()
    answer = town.apply("--gpg-keys", str(tmp_path / "keys"))
    assert answer.code == 64
    mentions(answer.err, "--gpg-keys", "it holds no key")
    answer = town.apply("--gpg-keys", str(tmp_path))  # of SSH
    assert answer.code == 64
    mentions(answer.err, "ann.pub", "no OpenPGP public key")


def test_only_a_commit_can_be_trusted(town: Town, tmp_path: Path) -> None:
    first = town.start(town.ann, by=town.ann)
    assert town.apply().code == 0
    write(town.ground.repository, {path: text.encode() for path, text in town.model(7).items()})
    refused(town.apply(), f"{first}-dirty-", "not just a commit", f"stays at {first[:12]}")
    assert town.apply("--ref", "HEAD").code == 0
    plain = tmp_path / "plain"
    files = {path: (town.ground.repository / path).read_bytes() for path in ("reconciler.yaml", SIGNERS)}
    write(plain, {**files, "models.d/README.md": b""})
    refused(town.apply(repo=plain), "not just a commit")


def test_a_bare_repository_and_a_remote_are_judged_like_a_work_tree(town: Town, tmp_path: Path) -> None:
    town.start(town.ann, by=town.ann)
    remote = bare(tmp_path / "bare.git", town.ground.repository)
    assert town.apply(repo=remote, ref="main").code == 0
    town.commit(None, town.model(2))
    git(town.ground.repository, "push", "--quiet", str(remote), "HEAD")
    refused(town.apply(repo=f"file://{remote}", ref="main"), "it is not signed")
    page = git(remote, "show", "reconciler-status:default/README.md")
    assert "Held at" in page


@pytest.mark.parametrize("content", ["", "{}", '{"version": 9}', "[" * 10000])
def test_a_record_that_cannot_be_read_trusts_nobody(town: Town, content: str) -> None:
    town.start(town.ann, by=town.ann)
    assert town.apply().code == 0
    (town.ground.volume / RECORD).write_text(content)
    answer = town.apply()
    assert answer.code == 4
    mentions(answer.err, RECORD, "cannot be read", "restore it", "delete it")
    assert (town.ground.volume / RECORD).read_text() == content
    (town.ground.volume / RECORD).unlink()
    assert town.apply().code == 0


def test_without_the_policy_nothing_is_remembered(town: Town) -> None:
    town.commit(None, town.model(1))
    assert town.apply().code == 0
    assert not (town.ground.volume / RECORD).exists()


def test_what_git_says_of_the_status_branch_counts_only_once_it_is_trusted(town: Town) -> None:
    town.start(town.ann, by=town.ann)
    assert town.apply().code == 0
    elsewhere = POLICY + "  status: {branch: elsewhere}\n"
    town.commit(None, {"reconciler.yaml": elsewhere})
    refused(town.apply())
    assert "refs/heads/elsewhere" not in town.ground.refs()
    assert "Held at" in town.show("README.md")


def test_a_merge_is_trusted_by_its_own_signature_and_not_by_those_of_what_it_merges(town: Town) -> None:
    town.start(town.ann, by=town.ann)
    assert town.apply().code == 0
    git(town.ground.repository, "checkout", "--quiet", "-b", "side")
    town.commit(town.ann, town.model(2))
    git(town.ground.repository, "checkout", "--quiet", "main")
    town.commit(town.ann, {"notes": "x"})
    git(town.ground.repository, *ME, "merge", "--quiet", "--no-edit", "--no-gpg-sign", "side")
    before = town.ground.served_files()
    refused(town.apply(), "it is not signed")
    assert town.ground.served_files() == before
    town.commit(town.ann, {})
    assert town.apply().code == 0


def test_who_takes_signers_away_or_adds_himself_must_be_one_already(town: Town) -> None:
    town.start(town.ann, town.ben, by=town.ann)
    assert town.apply().code == 0
    record = town.record()
    for signers in (town.signers(town.eve), town.signers(town.ann, town.eve), ""):
        town.commit(town.eve, {SIGNERS: signers, **town.model(9)})
        answer = town.apply()
        assert answer.code in (4, 65), answer.said
        assert town.record() == record
    refused(town.ground.run("apply", ref="HEAD~2"))


def test_gc_asks_for_the_same_trust(town: Town) -> None:
    town.start(town.ann, by=town.ann)
    assert town.apply().code == 0
    town.commit(None, {})
    before = town.ground.snapshot()
    refused(town.ground.run("gc", server="grpc://localhost:1"), "it is not signed")  # before any server is asked
    assert town.ground.snapshot() == before
