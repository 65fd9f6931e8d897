"""Progress while a plan is carried out, as lines."""

import io
import json
from dataclasses import dataclass

import pytest
from rich.console import Console

from reconciler.cli.bars import Bars
from reconciler.cli.progress import Lines, Voice, told_in_lines
from reconciler.core.errors import Reason
from reconciler.core.plan import Outcome, Result
from tests.plan_samples import SERVER, fetch, load


@dataclass(slots=True)
class Clock:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_step_without_news_is_still_going_every_ten_seconds(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    lines = Lines(Voice(as_json=False, err=False), clock=clock)
    lines.started(fetch("m", 4096))
    for second in range(1, 26):
        clock.now = float(second)
        lines.advanced(fetch("m", 4096), 100)
        lines.tick()
    lines.ended(Outcome(step=fetch("m", 4096), result=Result.DONE, seconds=25))
    clock.now = 60.0
    lines.tick()
    assert capsys.readouterr().out.splitlines() == [
        "fetch m: started, 4.0 KiB",
        "fetch m: still going, 1000 B of 4.0 KiB [10s elapsed]",
        "fetch m: still going, 2.0 KiB of 4.0 KiB [20s elapsed]",
        "fetch m: done [25s]",
    ]


def test_the_end_of_a_step_that_never_began_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    lines = Lines(Voice(as_json=False, err=True))
    lines.ended(Outcome(step=load("m"), result=Result.BLOCKED, reason=Reason.BLOCKED, message="fetch of m failed"))
    told = capsys.readouterr()
    assert told.err == f"load m on {SERVER}: blocked: fetch of m failed\n"
    assert told.out == ""


def test_json_lines_go_to_stderr_and_are_one_object_each(capsys: pytest.CaptureFixture[str]) -> None:
    with told_in_lines(Voice(as_json=True, err=False)) as reporter:
        reporter.started(load("m"))
        reporter.ended(Outcome(step=load("m"), result=Result.DONE, message="a\x1b[31m\nb"))
    told = capsys.readouterr()
    events = [json.loads(line) for line in told.err.splitlines()]
    assert [(event["event"], event["model"], event["server"]) for event in events] == [
        ("started", "m", SERVER),
        ("ended", "m", SERVER),
    ]
    assert events[1]["message"] == "a\\x1b[31m\nb"
    assert told.out == ""


def test_on_a_terminal_a_bar_goes_up_and_becomes_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    bars, screen = Bars(err=False), io.StringIO()
    bars.live.console = Console(file=screen, force_terminal=True, width=100, height=20)
    bars.started(fetch("[bold]m", 2048))
    bars.advanced(fetch("[bold]m", 2048), 1024)
    bars.started(load("m"))
    bars.live.refresh()
    bars.ended(Outcome(step=fetch("[bold]m", 2048), result=Result.DONE))
    bars.live.stop()
    drawn = screen.getvalue()
    assert "fetch [bold]m" in drawn
    assert "1.0/2.0 KiB" in drawn
    assert f"load m on {SERVER}" in drawn
    assert "fetch [bold]m: done [0.0s]" in drawn + capsys.readouterr().out
