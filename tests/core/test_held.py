"""The status of a target that is held: everything as it was, with a note and a condition beside it."""

import json

from reconciler.core.statuses import status
from reconciler.core.statuses.held import CONDITION_FILE, Held, held_files, held_in
from reconciler.core.statuses.status_files import README

HELD = Held(
    target="prod", revision="a" * 40, refused="b" * 40, message="commit bbbbbbbbbbbb by <Eve> is not trusted: x"
)
NOTE = "**Held at `aaaaaaaaaaaa`:** commit bbbbbbbbbbbb by \\<Eve\\> is not trusted: x"
BEFORE = {**status.to_files({}, target="prod"), "m.yaml": b"as it was", "history/m/1.yaml": b"too"}


def test_the_page_says_first_that_the_target_is_held_and_all_else_stays() -> None:
    found = held_files(BEFORE, HELD, now="2026-11-21T00:00:00Z")
    page = found[README].decode()
    assert page.splitlines()[:3] == ["# Status of prod", "", NOTE]
    assert page.replace(f"\n{NOTE}\n", "") == BEFORE[README].decode()
    assert {path: found[path] for path in BEFORE if path != README} == {
        path: content for path, content in BEFORE.items() if path != README
    }


def test_a_condition_says_which_commit() -> None:
    document = json.loads(held_files(BEFORE, HELD, now="2026-11-21T00:00:00Z")[CONDITION_FILE])
    assert document["status"]["refused"] == "b" * 40
    assert document["status"]["conditions"] == [
        {
            "type": "Trusted",
            "status": "False",
            "reason": "CommitNotVerified",
            "message": HELD.message,
            "lastTransitionTime": "2026-11-21T00:00:00Z",
        }
    ]


def test_the_same_refusal_is_the_same_bytes_and_another_one_keeps_the_time() -> None:
    first = held_files(BEFORE, HELD, now="2026-11-21T00:00:00Z")
    assert held_files(first, HELD, now="2026-11-22T00:00:00Z") == first
    other = Held(target="prod", revision="a" * 40, refused="c" * 40, message="commit c")
    second = held_files(first, other, now="2026-11-22T00:00:00Z")
    assert second[README].count(b"Held at") == 1
    condition = json.loads(second[CONDITION_FILE])["status"]["conditions"][0]
    assert (condition["message"], condition["lastTransitionTime"]) == ("commit c", "2026-11-21T00:00:00Z")


def test_a_target_without_a_page_gets_one() -> None:
    found = held_files({CONDITION_FILE: b"[]"}, HELD, now="2026-11-21T00:00:00Z")
    assert found[README].decode() == f"# Status of prod\n\n{NOTE}\n"
    assert b"2026-11-21" in found[CONDITION_FILE]


def test_a_time_that_is_none_is_not_kept() -> None:
    odd = b'{"status": {"conditions": [{"lastTransitionTime": 7}]}}'
    assert b"2026-11-21" in held_files({CONDITION_FILE: odd}, HELD, now="2026-11-21T00:00:00Z")[CONDITION_FILE]


def test_what_is_held_is_no_model() -> None:
    assert status.from_files(held_files(BEFORE, HELD, now="2026-11-21T00:00:00Z")) == {}


def test_a_refusal_is_read_back_from_the_folder() -> None:
    assert held_in(held_files(BEFORE, HELD, now="2026-11-21T00:00:00Z")) == HELD
    assert held_in(BEFORE) is None
    assert held_in({CONDITION_FILE: b'{"metadata": 1}'}) is None
