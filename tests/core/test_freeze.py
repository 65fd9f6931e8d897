"""When a freeze window is open, and what is refused as one."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from reconciler.core.parsing import parse
from reconciler.core.parsing.freeze import frozen
from reconciler.core.spec import Freeze
from reconciler.core.statuses.conditions import stable

BERLIN = ZoneInfo("Europe/Berlin")
WEEKEND = Freeze(cron="0 18 * * 5", duration=62 * 3600, timezone="Europe/Berlin", reason="weekend")
NIGHT = Freeze(cron="30 22 * * *", duration=8 * 3600)


@pytest.mark.parametrize(
    ("when", "told"),
    [
        (datetime(2026, 11, 20, 17, 59, 59, tzinfo=BERLIN), ""),
        (datetime(2026, 11, 20, 18, 0, 0, tzinfo=BERLIN), "frozen until 08:00 Europe/Berlin on 2026-11-23: weekend"),
        (datetime(2026, 11, 21, 12, tzinfo=BERLIN), "frozen until 08:00 Europe/Berlin on 2026-11-23: weekend"),
        (datetime(2026, 11, 23, 7, 59, 59, tzinfo=BERLIN), "frozen until 08:00 Europe/Berlin on 2026-11-23: weekend"),
        (datetime(2026, 11, 23, 8, 0, tzinfo=BERLIN), ""),
        (
            datetime(2026, 11, 20, 17, 30, tzinfo=UTC),
            "frozen until 08:00 Europe/Berlin on 2026-11-23: weekend",
        ),
    ],
)
def test_a_window_is_open_from_its_beginning_for_its_duration_in_its_own_zone(when: datetime, told: str) -> None:
    assert frozen([WEEKEND], when) == told


def test_a_change_of_the_clocks_moves_neither_the_beginning_nor_the_duration() -> None:
    spring = datetime(2026, 3, 27, 18, 0, tzinfo=BERLIN)
    assert frozen([WEEKEND], spring) == "frozen until 09:00 Europe/Berlin on 2026-03-30: weekend"


def test_of_several_windows_the_one_that_ends_last_is_told() -> None:
    assert frozen([WEEKEND, NIGHT], datetime(2026, 11, 20, 23, tzinfo=UTC)).endswith("weekend")
    assert frozen([NIGHT], datetime(2026, 11, 18, 3, tzinfo=UTC)) == "frozen until 06:30 UTC on 2026-11-18"
    assert frozen([], datetime(2026, 11, 18, 3, tzinfo=UTC)) == ""


def test_a_window_that_has_never_begun_is_not_open() -> None:
    never = Freeze(cron="0 0 29 2 *", duration=60)
    assert frozen([never], datetime(2026, 11, 20, tzinfo=UTC)) == ""


def repository(window: str) -> bytes:
    return f"apiVersion: reconciler/v1\nkind: Repository\nspec:\n  policy:\n    freeze:\n      - {window}\n".encode()


def test_windows_are_read_from_reconciler_yaml() -> None:
    text = '{cron: "0 18 * * 5", duration: 62h, timezone: Europe/Berlin, reason: weekend}'
    desired = parse.parse({"reconciler.yaml": repository(text)}, revision="r")
    assert desired.repository.policy.freeze == (WEEKEND,)
    assert desired.problems == ()


@pytest.mark.parametrize(
    ("window", "words"),
    [
        ('{cron: "61 * * * *", duration: 1h}', "five fields of cron"),
        ('{cron: "0 0 30 2 *", duration: 1h}', "five fields of cron"),
        ('{cron: "0 0 1 1 * *", duration: 1h}', "five fields of cron"),
        ('{cron: "0 18 * * 5", duration: 1h, timezone: Mars/Olympus}', "a time zone such as UTC"),
        ('{cron: "0 18 * * 5", duration: 1h, timezone: ../etc}', "a time zone such as UTC"),
        ('{cron: "0 18 * * 5"}', "duration"),
        ('{cron: "0 18 * * 5", duration: soon}', "a duration with units"),
    ],
)
def test_what_is_no_window_is_a_problem_with_its_place(window: str, words: str) -> None:
    desired = parse.parse({"reconciler.yaml": repository(window)}, revision="r")
    (problem,) = desired.problems
    assert problem.line == 6
    assert words in str(problem)


def test_the_end_of_a_freeze_stays_in_the_status() -> None:
    told = frozen([NIGHT], datetime(2026, 11, 18, 3, tzinfo=UTC))
    assert stable(told) == told
