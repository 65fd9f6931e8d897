"""The page that a person reads on the web."""

from dataclasses import replace

from reconciler.core.errors import Reason
from reconciler.core.statuses.conditions import Condition, Episode, Fate, Kind, ModelStatus, Truth
from reconciler.core.statuses.status_page import page
from reconciler.core.web_links import NOWHERE, web_of
from tests.core.status_worlds import LATER, NEW, NOW, OLD

ID = "0123456789abcdef0123456789abcdef01234567"
WEB = web_of("git@github.com:o/r.git", None)


def model(name: str, truth: Truth | None, message: str = "") -> ModelStatus:
    conditions = {}
    if truth is not None:
        conditions[Kind.READY] = Condition(
            kind=Kind.READY, status=truth, reason=Reason.LOAD_FAILED, message=message, last_transition_time=NOW
        )
    return ModelStatus(name=name, target="prod", revision=ID, generation=NEW, versions=(1, 2), conditions=conditions)


def rows(*statuses: ModelStatus) -> list[str]:
    return [row for row in page(statuses, "prod", WEB) if row.startswith(("| [", "| 2"))]


def test_what_is_not_ready_comes_first_then_what_nobody_knows_then_the_rest() -> None:
    found = rows(model("a", Truth.TRUE), model("b", None), model("c", Truth.FALSE, "no"), model("d", Truth.UNKNOWN))
    assert [row.partition("](")[0] for row in found] == ["| [c", "| [b", "| [d", "| [a"]


def test_a_row_links_the_commit_and_says_since_when_and_why_not() -> None:
    (row,) = rows(model("a", Truth.FALSE, "no model.py"))
    link = f"[0123456789ab](https://github.com/o/r/commit/{ID})"
    assert row == (f"| [a](a.yaml) | \u274c no | {NOW} | {link} | `{NEW[7:19]}` | 1, 2 | LoadFailed: no model.py |")


def test_without_a_forge_the_commit_is_told_without_a_link() -> None:
    lines = list(page([model("a", Truth.TRUE)], "prod", NOWHERE))
    assert "| 0123456789ab |" in lines[-1]


def test_a_long_message_is_cut_on_the_page() -> None:
    (row,) = rows(model("a", Truth.FALSE, "x" * 1000))
    assert len(row) < 600
    assert "x…" in row


def test_what_became_of_generations_lately_is_told_the_last_first() -> None:
    ready = Episode(
        generation=OLD, revision="c1", wanted=NOW, since=NOW, fate=Fate.READY, reason=Reason.SUCCEEDED, message=""
    )
    broken = replace(
        ready, generation=NEW, revision=ID, since=LATER, fate=Fate.FAILED, reason=Reason.LOAD_FAILED, message="no"
    )
    pending = replace(ready, fate=Fate.PENDING)
    status = replace(model("a", Truth.TRUE), history=(broken, ready, pending))
    found = list(page([status, replace(model("b", Truth.TRUE), history=(ready,))], "prod", WEB))
    link = f"[0123456789ab](https://github.com/o/r/commit/{ID})"
    assert found[found.index("## Lately") + 4 :] == [
        f"| {LATER} | [a](a.yaml) | `{NEW[7:19]}` | {link} | failed: LoadFailed: no |",
        f"| {NOW} | [a](a.yaml) | `{OLD[7:19]}` | c1 | became ready, since replaced |",
        f"| {NOW} | [b](b.yaml) | `{OLD[7:19]}` | c1 | became ready |",
    ]
