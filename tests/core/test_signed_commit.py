"""Taking a commit object apart; that git does it the same way is in tests/adapters/test_commits_ssh.py."""

from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.trust.signed_commit import take_apart

HEAD = b"tree 1234\nparent aa\nparent bb\n"
PEOPLE = b"author T\xc3\xa9ss \x07<t@x> 5 +0000\ncommitter Bot <b@x> 7 +0100\n"
SIGNATURE = b"gpgsig -----BEGIN\n \n abc\n -----END\n"
MESSAGE = b"\nWhy\n\ngpgsig no header\n"


def test_a_commit_is_what_was_signed_and_its_signature() -> None:
    found = take_apart(HEAD + PEOPLE + SIGNATURE + b"mergetag x\n gpgsig y\n" + MESSAGE)
    assert found.payload == HEAD + PEOPLE + b"mergetag x\n gpgsig y\n" + MESSAGE
    assert found.signatures == (b"-----BEGIN\n\nabc\n-----END\n",)
    assert (found.author, found.committed, found.parents) == ("Téss \\x07<t@x>", 7, ("aa", "bb"))


def test_signatures_of_other_hashes_are_not_part_of_what_was_signed() -> None:
    found = take_apart(HEAD + PEOPLE + SIGNATURE + b"gpgsig-sha256 x\n y\n" + MESSAGE)
    assert found.payload == HEAD + PEOPLE + MESSAGE


def test_several_signatures_are_all_seen() -> None:
    assert len(take_apart(HEAD + SIGNATURE + PEOPLE + SIGNATURE + MESSAGE).signatures) == 2


def test_a_commit_without_people_has_no_time_and_no_author() -> None:
    found = take_apart(b"tree 1234\nauthor nobody")
    assert (found.author, found.committed, found.signatures, found.payload) == (
        "nobody",
        0,
        (),
        b"tree 1234\nauthor nobody",
    )


@given(st.binary())
def test_any_bytes_can_be_taken_apart(raw: bytes) -> None:
    found = take_apart(raw)
    assert found.signatures or b"gpgsig" in raw or found.payload == raw
