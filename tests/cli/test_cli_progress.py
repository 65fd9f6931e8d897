"""Progress while a plan is carried out, as lines."""

import io
import json
import re
from dataclasses import dataclass

import pytest
from rich.console import Console

from reconciler.cli.bar_columns import cut
from reconciler.cli.bars import Bars
from reconciler.cli.progress import Lines, told_in_lines
from reconciler.cli.voice import Voice
from reconciler.core.errors import Reason
from reconciler.core.plan import Outcome, Result
from reconciler.core.progress import Moved
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
        lines.advanced(fetch("m", 4096), Moved(100, "1/model.bin", 4096))
        lines.tick()
    lines.ended(Outcome(step=fetch("m", 4096), result=Result.DONE, seconds=25))
    clock.now = 60.0
    lines.tick()
    assert capsys.readouterr().out.splitlines() == [
        "fetch m: started, 4.0 KiB",
        "fetch m: still going, 1000 B of 4.0 KiB, 100 B/s, 31s left, at 1/model.bin [10s elapsed]",
        "fetch m: still going, 2.0 KiB of 4.0 KiB, 100 B/s, 21s left, at 1/model.bin [20s elapsed]",
        "fetch m: done [25s]",
    ]


def test_several_fetches_are_also_told_together(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    steps = [fetch("a", 4096), fetch("b", 4096), load("a")]
    lines = Lines(Voice(as_json=False, err=False), clock=clock)
    lines.expected(steps)
    for step in steps[:2]:
        lines.started(step)
        lines.advanced(step, Moved(1024, "1/model.bin", 4096))
    clock.now = 10.0
    lines.tick()
    assert capsys.readouterr().out.splitlines()[-1] == "all fetches: 2.0 KiB of 8.0 KiB, 205 B/s, 30s left"


def test_the_json_of_what_is_going_has_rate_and_time_left(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    lines = Lines(Voice(as_json=True, err=False), clock=clock)
    lines.started(fetch("m", 4096))
    lines.advanced(fetch("m", 4096), Moved(1024, "1/model.bin", 4096))
    clock.now = 16.0
    lines.tick()
    told = json.loads(capsys.readouterr().err.splitlines()[-1])
    wanted = {"event": "going", "done": 1024, "bytes_per_second": 64, "seconds_left": 48, "file": "1/model.bin"}
    assert {key: told[key] for key in wanted} == wanted


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
    assert events[1]["message"] == "a\\x1b[31m b"
    assert told.out == ""


def test_on_a_terminal_a_bar_goes_up_and_becomes_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    bars, screen = Bars(err=False), io.StringIO()
    bars.live.console = Console(file=screen, force_terminal=True, width=100, height=20)
    bars.expected([fetch("[bold]m", 2048), fetch("other", 1 << 30)])
    bars.started(fetch("[bold]m", 2048))
    bars.advanced(fetch("[bold]m", 2048), Moved(1024, "1/small", 1024))
    bars.started(fetch("other", 1 << 30))
    bars.advanced(fetch("other", 1 << 30), Moved(1 << 28, "1/[red]big", 1 << 29))
    bars.started(load("m"))
    bars.live.refresh()
    bars.ended(Outcome(step=fetch("[bold]m", 2048), result=Result.DONE))
    bars.live.stop()
    drawn = screen.getvalue()
    assert "fetch [bold]m" in drawn
    assert "1.0/2.0 KiB" in drawn
    assert "1/[red]big" in drawn
    assert "256.0/512.0 MiB" in drawn
    assert "1/small" not in drawn
    assert re.search(r"all fetches .*0\.3/1\.0 GiB", drawn)
    assert f"load m on {SERVER}" in drawn
    assert "fetch [bold]m: done [0.0s]" in drawn + capsys.readouterr().out


@pytest.mark.parametrize("width", [40, 60, 80, 120, 200])
def test_each_bar_stays_on_one_line_with_its_amount_at_every_width(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    bars, screen = Bars(err=False), io.StringIO()
    bars.live.console = Console(file=screen, force_terminal=True, no_color=True, width=width, height=20)
    name = "a-model-whose-name-is-longer-than-anybody-should-have-to-read-or-write"
    bars.expected([fetch(name, 300 << 20), fetch("other", 90 << 20)])
    for step in (fetch(name, 300 << 20), fetch("other", 90 << 20), load(name)):
        bars.started(step)
    bars.advanced(fetch(name, 300 << 20), Moved(120 << 20, "1/model-00001-of-00002.safetensors", 200 << 20))
    bars.live.refresh()
    bars.live.stop()
    lines = [line.rstrip() for line in re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", screen.getvalue()).splitlines()]
    assert max(map(len, lines)) <= width
    drawn = [line.split("\r")[-1] for line in lines if "MiB" in line]
    assert [amount for line in drawn for amount in re.findall(r"[\d.]+/[\d.]+ MiB", line)][-4:] == [
        "120.0/390.0 MiB",
        "120.0/300.0 MiB",
        "0.0/90.0 MiB",
        "120.0/200.0 MiB",
    ]
    assert re.search(r"load .*s elapsed", "\n".join(lines))


@pytest.mark.parametrize(("room", "told"), [(30, "fetch densenet"), (14, "fetch densenet"), (9, "fetc…enet")])
def test_a_name_that_is_cut_keeps_its_beginning_and_its_end(room: int, told: str) -> None:
    assert cut("fetch densenet", room) == told
