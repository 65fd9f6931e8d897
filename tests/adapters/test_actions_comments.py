"""The one comment on a pull request, against a stand-in of GitHub's API."""

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.adapters.actions import Api, Kept, keep_comment
from reconciler.core.errors import Reason, ReconcileError, TerminalError, TransientError
from tests.github_api import BOT, REPOSITORY, Fault, GitHub, github

MARK = "<!-- reconcile review 0123456789abcdef -->"
BODY = f"{MARK}\n## What it would do\n"


@pytest.fixture
def hub() -> Iterator[GitHub]:
    with github() as running:
        yield running


def api(hub: GitHub, who: str = "writer", waited: list[float] | None = None) -> Api:
    pauses = list[float]() if waited is None else waited
    return Api(url=hub.url, repository=REPOSITORY, token=who, pause=pauses.append)


def failure(hub: GitHub, who: str = "writer", body: str = BODY) -> ReconcileError:
    with pytest.raises(ReconcileError) as caught:
        keep_comment(api(hub, who), 7, BOT, body)
    assert caught.value.reason is Reason.NOT_COMMENTED
    assert who not in str(caught.value)
    return caught.value


def test_it_is_made_once_then_edited_in_place_and_left_alone_if_nothing_is_new(hub: GitHub) -> None:
    hub.add(7, "ann", "Please review")
    assert keep_comment(api(hub), 7, BOT, BODY) is Kept.CREATED
    assert keep_comment(api(hub), 7, BOT, BODY + "more\n") is Kept.UPDATED
    assert keep_comment(api(hub), 7, BOT, BODY + "more\n") is Kept.UNCHANGED
    assert hub.bodies(7) == [BODY + "more\n"]
    assert [request.split()[0] for request in hub.requests] == ["GET", "POST", "GET", "PATCH", "GET"]


def test_it_is_found_on_whichever_page_it_is(hub: GitHub) -> None:
    hub.page_size = 2
    for number in range(7):
        hub.add(7, "ann", f"Comment {number}")
    hub.add(7, BOT, BODY)
    assert keep_comment(api(hub), 7, BOT, BODY + "new\n") is Kept.UPDATED
    assert hub.bodies(7) == [BODY + "new\n"]


def test_neither_what_others_wrote_with_the_same_mark_nor_our_other_comments_are_touched(hub: GitHub) -> None:
    hub.add(7, "mallory", BODY)
    hub.add(7, BOT, "<!-- reconcile review of something else -->\nhello")
    hub.add(7, BOT, f"A quote:\n{MARK}")
    hub.add(8, BOT, BODY)
    before = [dict(comment) for comment in (*hub.comments[7], *hub.comments[8])]
    assert keep_comment(api(hub), 7, BOT, BODY + "mine\n") is Kept.CREATED
    assert [*hub.comments[7][:-1], *hub.comments[8]] == before


def test_line_ends_that_github_changed_are_no_change(hub: GitHub) -> None:
    hub.add(7, BOT, BODY.replace("\n", "\r\n").rstrip())
    assert keep_comment(api(hub), 7, BOT, BODY) is Kept.UNCHANGED


@pytest.mark.parametrize("token", ["reader", "nobody"])
def test_who_may_not_comment_is_told_so_and_it_is_not_tried_again(hub: GitHub, token: str) -> None:
    error = failure(hub, token)
    assert isinstance(error, TerminalError)
    assert "pull-requests: write" in error.hint
    assert len(hub.requests) <= 2
    assert hub.bodies(7) == []


def test_what_github_finds_too_long_is_told(hub: GitHub) -> None:
    error = failure(hub, body=BODY + "x" * 70_000)
    assert isinstance(error, TerminalError)
    assert "422" in error.message


@pytest.mark.parametrize("status", [500, 502, 503])
def test_a_server_in_trouble_is_asked_again(hub: GitHub, status: int) -> None:
    hub.faults = [Fault(status=status), Fault(status=status)]
    waited: list[float] = []
    assert keep_comment(api(hub, waited=waited), 7, BOT, BODY) is Kept.CREATED
    assert waited == [1.0, 2.0]


def test_a_comment_that_was_made_though_the_answer_was_lost_is_not_made_twice(hub: GitHub) -> None:
    hub.add(7, "ann", "first")
    hub.faults = [Fault(status=200, body="[]"), Fault(status=502, done=True)]
    assert keep_comment(api(hub), 7, BOT, BODY) is Kept.UNCHANGED
    assert hub.bodies(7) == [BODY]


@pytest.mark.parametrize(
    "headers",
    [{"Retry-After": "7"}, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "RESET"}],
    ids=["retry-after", "reset"],
)
@pytest.mark.parametrize("status", [403, 429])
def test_a_limit_that_is_soon_over_is_waited_for(hub: GitHub, status: int, headers: dict[str, str]) -> None:
    headers = {name: text.replace("RESET", str(int(time.time()) + 8)) for name, text in headers.items()}
    hub.faults = [Fault(status=status, headers=headers)]
    waited: list[float] = []
    assert keep_comment(api(hub, waited=waited), 7, BOT, BODY) is Kept.CREATED
    assert 5 < waited[0] < 9


@pytest.mark.parametrize("after", ["3600", "Tomorrow"])
def test_a_limit_that_lasts_is_not_waited_for(hub: GitHub, after: str) -> None:
    hub.faults = [Fault(status=429, headers={"Retry-After": after})]
    error = failure(hub)
    assert isinstance(error, TransientError)
    assert "too many requests" in error.message
    assert len(hub.requests) == 1


def test_who_stays_in_trouble_is_given_up(hub: GitHub) -> None:
    hub.faults = [Fault(status=500)] * 9
    assert isinstance(failure(hub), TransientError)
    assert len(hub.requests) == 4


def test_nobody_there_is_told_by_the_host(hub: GitHub) -> None:
    nowhere = replace(api(hub), url="http://127.0.0.1:1")
    with pytest.raises(TransientError, match=r"127\.0\.0\.1 cannot be reached"):
        keep_comment(nowhere, 7, BOT, BODY)


def test_the_token_goes_nowhere_else_whatever_a_page_or_a_redirect_says(hub: GitHub) -> None:
    with github() as other:
        hub.page_size, hub.elsewhere = 1, other.url
        hub.add(7, "ann", "1")
        hub.add(7, "ann", "2")
        assert "another address" in failure(hub).message
        hub.faults = [Fault(status=302, headers={"Location": f"{other.url}/repos/{REPOSITORY}/issues/7/comments"})]
        assert "302" in failure(hub).message
        assert other.requests == []


def test_a_netrc_of_the_machine_does_not_replace_the_token(
    hub: GitHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login who password secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    assert keep_comment(api(hub), 7, BOT, BODY) is Kept.CREATED
    assert hub.seen_tokens == {"writer"}


@pytest.mark.parametrize("body", ["no JSON", "[1, null]", '[{"id": 1, "user": null, "body": null}]'])
def test_an_odd_answer_is_no_comment_of_ours(hub: GitHub, body: str) -> None:
    hub.faults = [Fault(status=200, body=body)]
    if body == "no JSON":
        assert isinstance(failure(hub), TerminalError)
    else:
        assert keep_comment(api(hub), 7, BOT, BODY) is Kept.CREATED
