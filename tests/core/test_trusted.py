"""What a volume remembers of the last trusted revision: it goes on with each, but nobody comes back into trust."""

import json
from dataclasses import replace

import pytest

from reconciler.core.errors import Problem, Reason, RefusedError
from reconciler.core.spec import CommitSigners, Desired, Policy, Repository, Target
from reconciler.core.trust.trusted import Trusted, UntrustedError, from_bytes, is_rollback, successor, to_bytes

ANN = CommitSigners(file="signers", revoked="gone", folder="keys/", files={"signers": b"ann\xff", "keys/a.asc": b""})
BEN = CommitSigners(file="signers", files={"signers": b"ben"})
TARGET = Target(name="prod")
BEFORE = Trusted(revision="b" * 40, since="b" * 40, committed=100, signers=ANN, target="prod", branch="status")


def desired(revision: str, committed: int, signers: CommitSigners | None, *parents: str) -> Desired:
    lines = [*(f"parent {parent}" for parent in parents), f"committer C <c@x> {committed} +0000", "", "why"]
    repository = Repository(policy=Policy(commit_signers=signers), status_branch="other")
    return Desired(revision=revision * 40, commit="\n".join(lines).encode(), repository=repository)


def test_the_first_trusted_revision_is_remembered_with_its_own_signers() -> None:
    found = successor(None, desired("a", 7, BEN), TARGET)
    assert found == Trusted(revision="a" * 40, since="a" * 40, committed=7, signers=BEN, target="prod", branch="other")


def test_a_younger_revision_says_who_may_sign_the_next() -> None:
    found = successor(BEFORE, desired("c", 101, BEN), TARGET)
    assert (found.revision, found.since, found.committed, found.signers) == ("c" * 40, "c" * 40, 101, BEN)


def test_a_younger_revision_may_need_no_signers_any_more() -> None:
    assert successor(BEFORE, desired("c", 101, None), TARGET).signers is None


def test_an_older_revision_is_where_we_are_but_its_signers_do_not_come_back() -> None:
    old = desired("a", 99, None)
    found = successor(BEFORE, old, TARGET)
    assert is_rollback(BEFORE, old)
    assert found == replace(BEFORE, revision="a" * 40)


def test_a_child_is_younger_whatever_the_clock_of_its_committer_said() -> None:
    child = desired("c", 99, BEN, "b" * 40)
    found = successor(BEFORE, child, TARGET)
    assert not is_rollback(BEFORE, child)
    assert (found.since, found.committed, found.signers) == ("c" * 40, 100, BEN)


def test_the_way_back_to_the_newest_is_no_rollback() -> None:
    behind = replace(BEFORE, revision="a" * 40)
    assert successor(behind, desired("b", 100, ANN), TARGET).revision == BEFORE.since
    assert not is_rollback(replace(behind, committed=200), desired("b", 100, ANN))


def test_settings_that_cannot_be_read_change_nobody_s_trust() -> None:
    fault = Problem(file="reconciler.yaml", line=1, column=1, path="", found="x", expected="y")
    broken = replace(desired("c", 101, None), problems=(fault,))
    found = successor(BEFORE, broken, TARGET)
    assert (found.revision, found.since, found.signers) == ("c" * 40, "b" * 40, ANN)


@pytest.mark.parametrize("signers", [ANN, BEN, None])
def test_what_was_remembered_is_read_back_as_it_was(signers: CommitSigners | None) -> None:
    trusted = replace(BEFORE, signers=signers)
    assert from_bytes(to_bytes(trusted)) == trusted


def _without(name: str) -> bytes:
    raw = json.loads(to_bytes(BEFORE))
    del raw[name]
    return json.dumps(raw).encode()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{",
        b"null",
        b'{"version": 2}',
        _without("signers"),
        _without("branch"),
        to_bytes(BEFORE).replace(b'"prod"', b"7"),
        to_bytes(BEFORE).replace(b'"files": {', b'"files": {"x": "?",'),
        to_bytes(BEFORE).replace(b": 100", b": []"),
        to_bytes(BEFORE)[:-9],
    ],
)
def test_what_cannot_be_read_is_an_error_and_never_nothing(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        from_bytes(content)


def test_a_refusal_says_what_is_refused_and_what_stays() -> None:
    error = UntrustedError("not signed", "sign it", held=BEFORE, volume="/models", revision="c" * 40)
    assert isinstance(error, RefusedError)
    assert (error.reason, str(error)) == (Reason.COMMIT_NOT_VERIFIED, "not signed; sign it")
    assert (error.held, error.volume, error.revision) == (BEFORE, "/models", "c" * 40)
