"""Telling others, before a local server that behaves like the real ones, also when those are unwell."""

import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from reconciler.adapters.notices import Channel, Forge, Mode, Notices, Receiver, Timing, settings_of, side_by_side
from reconciler.adapters.notices.github import Commit, report
from reconciler.adapters.notices.receivers import deliver
from reconciler.core.errors import Reason, ReconcileError, TerminalError, TransientError, UsageError
from reconciler.core.jsonvalue import JsonObject
from reconciler.core.statuses.verdict import State, Verdict
from tests.forge import SECRET, TOKEN, Seen, Stage, Trouble, stage

SHA = "0123456789abcdef0123456789abcdef01234567"


@dataclass
class Clock:
    """Time that only sleeping moves."""

    slept: list[float] = field(default_factory=list)

    def timing(self, budget: float = 30.0, silence: float = 10.0) -> Timing:
        return Timing(
            budget=budget,
            silence=silence,
            random=lambda: 0.5,
            sleep=self.slept.append,
            clock=lambda: sum(self.slept),
            now=lambda: 1_700_000_000.0,
        )


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def world() -> Iterator[Stage]:
    with stage(SHA) as found:
        yield found


def forge(world: Stage, channel: Channel = Channel.STATUSES, token: str = TOKEN) -> Forge:
    return Forge(channel=channel, api=f"{world.url}/api/v3", repository="o/r", token=token)


def commit(state: State = State.SUCCESS, words: str = "1 of 1 models are ready", revision: str = SHA) -> Commit:
    found = Verdict(state=state, description=words, details="All models are ready.")
    return Commit(revision=revision, context="reconcile/prod", verdict=found, page="https://github.com/o/r/tree/s/prod")


def failure(world: Stage, clock: Clock, token: str = TOKEN, revision: str = SHA) -> ReconcileError:
    with pytest.raises(ReconcileError) as caught:
        report(forge(world, token=token), commit(revision=revision), clock.timing())
    assert caught.value.reason is Reason.NOT_NOTIFIED
    assert "s3cret" not in f"{caught.value}{caught.value.__cause__}"
    return caught.value


# --- GitHub ---


def test_a_commit_gets_a_status_with_context_and_link(world: Stage, clock: Clock) -> None:
    report(forge(world), commit(), clock.timing())
    (row,) = world.statuses
    assert {**row, "id": 0} == {
        "id": 0,
        "sha": SHA,
        "state": "success",
        "description": "1 of 1 models are ready",
        "context": "reconcile/prod",
        "target_url": "https://github.com/o/r/tree/s/prod",
    }
    assert all(seen.headers["accept"] == "application/vnd.github+json" for seen in world.seen)


def test_the_same_status_is_not_written_twice_but_another_is(world: Stage, clock: Clock) -> None:
    for state in (State.PENDING, State.PENDING, State.FAILURE, State.FAILURE, State.PENDING):
        report(forge(world), commit(state), clock.timing())
    assert [row["state"] for row in world.statuses] == ["pending", "failure", "pending"]


def test_a_check_run_is_made_once_and_then_changed_in_place(clock: Clock) -> None:
    with stage(SHA, app=True) as world:
        for state in (State.PENDING, State.FAILURE, State.FAILURE, State.SUCCESS, State.ERROR):
            report(forge(world, Channel.CHECKS), commit(state, f"it is {state}"), clock.timing())
        (row,) = world.checks
    assert (row["name"], row["head_sha"], row["conclusion"]) == ("reconcile/prod", SHA, "failure")
    assert row["output"] == {"title": "it is error", "summary": "All models are ready."}
    writes = [asked for asked in world.asked() if not asked.startswith("GET")]
    assert writes == ["POST /api/v3/repos/o/r/check-runs", *["PATCH /api/v3/repos/o/r/check-runs/0"] * 3]


def test_somebody_elses_check_run_of_that_name_is_left_alone(clock: Clock) -> None:
    with stage(SHA, app=True) as world:
        world.checks.append({"id": 0, "name": "reconcile/prod", "head_sha": SHA, "external_id": "theirs"})
        report(forge(world, Channel.CHECKS), commit(), clock.timing())
        assert [row["external_id"] for row in world.checks] == ["theirs", "reconcile"]


def test_a_token_of_no_app_cannot_write_check_runs(world: Stage, clock: Clock) -> None:
    with pytest.raises(TerminalError, match="must authenticate via a GitHub App"):
        report(forge(world, Channel.CHECKS), commit(), clock.timing())


def test_a_wrong_token_is_told_without_it_and_not_tried_again(world: Stage, clock: Clock) -> None:
    error = failure(world, clock, token="wr0ng-s3cret")
    assert isinstance(error, TerminalError)
    assert error.message == "GitHub cannot be told: it answers 401: Bad credentials"
    assert len(world.seen) == 1


def test_a_server_that_sends_back_what_it_got_gives_no_secret_away(world: Stage, clock: Clock) -> None:
    world.troubles.append(Trouble(status=400, message=f"bad Bearer {TOKEN} for /api/v3/repos/o/r/commits"))
    error = failure(world, clock)
    assert TOKEN not in error.message
    assert "it answers 400: bad" in error.message


def test_a_commit_that_was_not_pushed_there_is_told(world: Stage, clock: Clock) -> None:
    error = failure(world, clock, revision="f" * 40)
    assert "No commit found" in error.message
    assert error.hint == "is the commit pushed there?"


@pytest.mark.parametrize("status", [500, 502, 503, 429, 408])
def test_a_server_that_is_unwell_is_asked_again(world: Stage, clock: Clock, status: int) -> None:
    world.troubles += [Trouble(status=status), Trouble(status=status)]
    report(forge(world), commit(), clock.timing())
    assert len(world.statuses) == 1
    assert clock.slept == [0.375, 0.75]


def test_a_reset_connection_is_tried_again(world: Stage, clock: Clock) -> None:
    world.troubles += [Trouble(), Trouble()]
    report(forge(world), commit(), clock.timing())
    assert len(world.statuses) == 1


def test_it_is_given_up_after_a_few_attempts(world: Stage, clock: Clock) -> None:
    world.troubles += [Trouble(status=503)] * 9
    assert isinstance(failure(world, clock), TransientError)
    assert len(world.seen) == 5
    assert sum(clock.slept) < 8


@pytest.mark.parametrize(
    ("status", "headers", "wait"),
    [
        (429, {"Retry-After": "7"}, 7.0),
        (503, {"Retry-After": "Tue, 14 Nov 2023 22:13:25 GMT"}, 5.0),
        (403, {"Retry-After": "9"}, 9.0),
        (403, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1700000011"}, 11.0),
        (503, {"Retry-After": "soon"}, 0.375),
    ],
)
def test_what_the_server_asks_to_wait_is_waited(
    world: Stage, clock: Clock, status: int, headers: Mapping[str, str], wait: float
) -> None:
    world.troubles.append(Trouble(status=status, headers=headers))
    report(forge(world), commit(), clock.timing())
    assert clock.slept == [wait]
    assert len(world.statuses) == 1


def test_a_limit_that_ends_too_late_is_not_waited_for(world: Stage, clock: Clock) -> None:
    world.troubles.append(Trouble(status=429, headers={"Retry-After": "3600"}, message="API rate limit exceeded"))
    error = failure(world, clock)
    assert isinstance(error, TransientError)
    assert "API rate limit exceeded" in error.message
    assert clock.slept == []


def test_a_refusal_that_is_no_limit_is_not_tried_again(world: Stage, clock: Clock) -> None:
    world.troubles.append(Trouble(status=403, message="Resource not accessible by integration"))
    assert isinstance(failure(world, clock), TerminalError)
    assert len(world.seen) == 1


def test_a_redirect_is_not_followed_with_the_token(world: Stage, clock: Clock) -> None:
    with stage(SHA) as other:
        world.troubles.append(Trouble(status=307, headers={"Location": f"{other.url}/api/v3/x"}))
        assert "redirects are not followed" in failure(world, clock).hint
        assert other.seen == []


def test_netrc_does_not_replace_the_token(
    world: Stage, clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login tess password other\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    report(forge(world), commit(), clock.timing())
    assert len(world.statuses) == 1


def test_a_silent_server_is_left_behind(world: Stage) -> None:
    world.troubles += [Trouble(silence=0.6, status=200)] * 9
    started = time.monotonic()
    with pytest.raises(TransientError, match="does not answer in time"):
        report(forge(world), commit(), Timing(budget=0.5, silence=0.2, first=0.01))
    assert time.monotonic() - started < 2


def test_nobody_listens_there(clock: Clock) -> None:
    nowhere = Forge(channel=Channel.STATUSES, api="http://127.0.0.1:1", repository="o/r", token=TOKEN)
    with pytest.raises(TransientError, match="GitHub cannot be told: the connection fails"):
        report(nowhere, commit(), clock.timing())


def test_one_who_drips_keeps_nobody_longer_than_the_budget(world: Stage) -> None:
    world.troubles.append(Trouble(drip=True))
    timing = Timing(budget=0.4)
    started = time.monotonic()
    good: list[str] = []
    works = [
        ("GitHub", lambda: report(forge(world), commit(), timing)),
        ("other", lambda: good.append("told")),
    ]
    (failed,) = side_by_side(works, timing)
    assert time.monotonic() - started < 2
    assert str(failed) == "GitHub takes too long to be told; what was done stays done"
    assert good == ["told"]


# --- events ---


def event(name: str = "m", message: str = "words") -> JsonObject:
    return {
        "specversion": "1.0",
        "id": f"id-{name}",
        "source": "https://github.com/o/r",
        "type": "t",
        "subject": f"prod/{name}",
        "time": "2026-11-21T03:00:00Z",
        "datacontenttype": "application/json",
        "data": {"model": name, "message": message},
    }


def receiver(world: Stage, mode: Mode = Mode.STRUCTURED) -> Receiver:
    return Receiver(url=f"{world.url}/hook/path-s3cret", mode=mode, token="bearer-s3cret", secret=SECRET)


def told(world: Stage) -> list[Seen]:
    assert all(seen.signed and seen.headers["authorization"] == "Bearer bearer-s3cret" for seen in world.events())
    return world.events()


def test_an_event_travels_as_json(world: Stage, clock: Clock) -> None:
    deliver(receiver(world), [event("a"), event("ä")], clock.timing())
    assert [seen.document for seen in told(world)] == [event("a"), event("ä")]
    assert {seen.headers["content-type"] for seen in world.seen} == {"application/cloudevents+json; charset=utf-8"}


def test_a_binary_event_has_its_attributes_in_headers(world: Stage, clock: Clock) -> None:
    deliver(receiver(world, Mode.BINARY), [event("ä b%")], clock.timing())
    (seen,) = told(world)
    assert seen.document == {"model": "ä b%", "message": "words"}
    assert seen.headers["content-type"] == "application/json"
    attributes = {name: value for name, value in seen.headers.items() if name.startswith("ce-")}
    assert attributes == {
        "ce-specversion": "1.0",
        "ce-id": "id-%C3%A4%20b%25",
        "ce-source": "https://github.com/o/r",
        "ce-type": "t",
        "ce-subject": "prod/%C3%A4%20b%25",
        "ce-time": "2026-11-21T03:00:00Z",
    }


def test_a_batch_carries_a_hundred_events_at_most(world: Stage, clock: Clock) -> None:
    events = [event(str(number)) for number in range(150)]
    deliver(receiver(world, Mode.BATCH), events, clock.timing())
    assert [len(seen.document) for seen in told(world)] == [100, 50]
    assert [each for seen in world.seen for each in seen.document] == events
    assert world.seen[0].headers["content-type"].startswith("application/cloudevents-batch+json")


def test_a_receiver_without_secrets_gets_none(world: Stage, clock: Clock) -> None:
    deliver(replace(receiver(world), token=None, secret=None), [event()], clock.timing())
    assert not {"authorization", "x-hub-signature-256"} & world.seen[0].headers.keys()


def test_an_event_is_sent_again_under_the_same_id(world: Stage, clock: Clock) -> None:
    world.troubles += [Trouble(status=500), Trouble()]
    deliver(receiver(world), [event()], clock.timing())
    assert [seen.document["id"] for seen in told(world)] == ["id-m"] * 3


def test_an_event_that_is_refused_does_not_keep_the_others(world: Stage, clock: Clock) -> None:
    world.troubles.append(Trouble(status=400, message="no such model"))
    with pytest.raises(TerminalError) as caught:
        deliver(receiver(world), [event("a"), event("b")], clock.timing())
    assert "answers 400: no such model (1 of 2 events were not delivered)" in caught.value.message
    assert [seen.document["subject"] for seen in told(world)] == ["prod/a", "prod/b"]


def test_a_receiver_that_is_down_is_not_asked_for_each_event(world: Stage, clock: Clock) -> None:
    world.troubles += [Trouble(status=503)] * 99
    with pytest.raises(TransientError, match=r"\(3 of 3 events were not delivered\)") as caught:
        deliver(receiver(world), [event("a"), event("b"), event("c")], clock.timing())
    assert len(world.seen) == 5
    assert "s3cret" not in str(caught.value)
    assert caught.value.message.startswith(f"{world.url} cannot be told")


# --- settings ---

ENVIRONMENT = {"GITHUB_TOKEN": TOKEN}


def asked(**more: str | None) -> Notices:
    return Notices(
        github=Channel.STATUSES,
        github_api=more.get("api"),
        github_repository=more.get("repository"),
    )


@pytest.mark.parametrize(
    ("remote", "notices", "api", "repository"),
    [
        ("git@github.com:o/r.git", asked(), "https://api.github.com", "o/r"),
        ("https://acme.ghe.com/o/r", asked(), "https://api.acme.ghe.com", "o/r"),
        ("https://ghe.example/o/r", asked(api="https://ghe.example/api/v3/"), "https://ghe.example/api/v3", "o/r"),
        ("/srv/x", asked(api="http://127.0.0.1:80/api", repository="o/r"), "http://127.0.0.1:80/api", "o/r"),
    ],
)
def test_where_to_report_follows_from_the_remote_or_is_said(
    remote: str, notices: Notices, api: str, repository: str
) -> None:
    found, _ = settings_of(notices, remote, ENVIRONMENT)
    assert found is not None
    assert (found.api, found.repository, found.token) == (api, repository, TOKEN)
    assert TOKEN not in repr(found)


@pytest.mark.parametrize(
    ("remote", "notices"),
    [
        ("https://gitlab.com/o/r", asked()),
        ("https://github.com.evil.example/o/r", asked()),
        ("https://evilghe.com/o/r", asked()),
        ("/srv/x", asked()),
        ("https://github.com/o/r/x", asked()),
        ("https://github.com/o/r", asked(api="http://ghe.example/api/v3")),
        ("https://github.com/o/r", asked(api="ghe.example")),
        ("https://github.com/o/r", asked(repository="o/r/../x")),
    ],
)
def test_a_token_goes_nowhere_that_nobody_named(remote: str, notices: Notices) -> None:
    with pytest.raises(UsageError):
        settings_of(notices, remote, ENVIRONMENT)


@pytest.mark.parametrize(
    "url", ["ftp://x/y", "https://:80/x", "http://[::1", "https://x/a b", "https://x/ä", "https://x:99999/"]
)
def test_an_address_that_is_none_is_refused_without_showing_it(url: str) -> None:
    with pytest.raises(UsageError) as caught:
        settings_of(Notices(urls=(url,)), None, {})
    assert url not in str(caught.value)


def test_tokens_come_from_files_too_and_our_own_variable_wins(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("from-file\n")
    named = {"RECONCILE_GITHUB_TOKEN_FILE": str(tmp_path / "token"), "GITHUB_TOKEN": "other"}
    found, _ = settings_of(asked(), "git@github.com:o/r", named)
    assert found is not None
    assert found.token == "from-file"
    files = {"RECONCILE_NOTIFY_SECRET_FILE": str(tmp_path / "token"), "RECONCILE_NOTIFY_TOKEN": "t"}
    _, (one,) = settings_of(Notices(urls=("https://x/hook",)), None, files)
    assert (one.secret, one.token, one.shown) == ("from-file", "t", "https://x")


@pytest.mark.parametrize(
    ("content", "words"), [(None, "No such file"), (b"", "is empty"), (b"\xff", "no text"), (b"a\nb", "is no token")]
)
def test_a_token_that_cannot_be_read_is_told(tmp_path: Path, content: bytes | None, words: str) -> None:
    path = tmp_path / "token"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(TerminalError) as caught:
        settings_of(asked(), "git@github.com:o/r", {"RECONCILE_GITHUB_TOKEN_FILE": os.fspath(path)})
    assert words in caught.value.message


def test_without_a_token_it_is_said_before_anything_is_done() -> None:
    with pytest.raises(TerminalError, match="no token to report to GitHub"):
        settings_of(asked(), "git@github.com:o/r", {})


def test_nobody_is_told_if_nothing_is_asked_for() -> None:
    assert settings_of(Notices(), "git@github.com:o/r", ENVIRONMENT) == (None, ())
