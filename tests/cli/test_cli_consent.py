"""Asking before a plan is carried out, on a terminal of its own."""

import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from reconciler import cli
from reconciler.cli.apply import Consent
from reconciler.cli.signals import Interruption, terminable
from tests.plan_samples import EVERYTHING, SETTLED

ASK = """
import sys
import click
from reconciler import cli
from reconciler.cli.apply import Consent
from reconciler.cli.signals import Interruption
from tests.plan_samples import EVERYTHING

@cli.group.command()
def ask():
    interruption = Interruption()
    given = Consent(ask=sys.stdin.isatty(), err=False, interruption=interruption)(EVERYTHING)
    print("given", given)

sys.exit(cli.invoke(["ask"]))
"""


def on_a_terminal(answer: str | int, **environment: str) -> tuple[int, str]:
    """Runs the question on a new terminal; a text is typed as the answer, a number sent as a signal."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", ASK],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**os.environ, "TERM": "xterm", **environment},
    ) as process:
        os.close(theirs)
        told = _until(ours, "[y/N]")
        if isinstance(answer, str):
            os.write(ours, answer.encode())
        else:
            time.sleep(0.1)
            process.send_signal(answer)
        told += _until(ours, None)
        os.close(ours)
        return process.wait(30), told


def _until(terminal: int, mark: str | None) -> str:
    told = b""
    while mark is None or mark.encode() not in told:
        try:
            part = os.read(terminal, 65536)
        except OSError:  # Linux says EIO where the other side is closed
            break
        if not part:
            break
        told += part
    return told.decode()


def test_a_yes_on_a_terminal_is_consent_to_the_plan_that_was_shown_in_colours() -> None:
    code, told = on_a_terminal("y\n")
    assert "\x1b[32m  + densenet" in told
    assert "given True" in told
    assert code == 0


def test_anything_but_a_yes_is_no_consent() -> None:
    _, told = on_a_terminal("\n")
    assert "given False" in told


def test_no_color_is_respected_on_a_terminal() -> None:
    _, told = on_a_terminal("n\n", NO_COLOR="1")
    assert "  + densenet" in told
    assert "\x1b[" not in told


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_at_the_question_ends_the_run(number: int, code: int) -> None:
    ended, told = on_a_terminal(int(number))
    assert ended == code
    assert "given" not in told


def test_a_batch_job_is_not_asked() -> None:
    done = subprocess.run(
        [sys.executable, "-c", ASK], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True, timeout=60
    )
    assert "given True" in done.stdout
    assert "\x1b[" not in done.stdout
    assert "Plan: 1 to add, 4 to change, 1 to remove, 1 unchanged, 2 held.\n" in done.stdout


def test_a_plan_without_steps_needs_no_answer(capsys: pytest.CaptureFixture[str]) -> None:
    with terminable():
        assert Consent(ask=True, err=False, interruption=Interruption())(SETTLED)
    assert "No changes." in capsys.readouterr().out


def test_where_stdout_is_for_json_the_plan_is_not_printed_to_it(capsys: pytest.CaptureFixture[str]) -> None:
    with terminable():
        assert Consent(ask=False, err=True, interruption=Interruption())(EVERYTHING)
    assert capsys.readouterr() == ("", "")


def test_a_plan_is_shown_once(capsys: pytest.CaptureFixture[str]) -> None:
    consent = Consent(ask=False, err=False, interruption=Interruption())
    consent.show(SETTLED)
    consent.show(SETTLED)
    assert capsys.readouterr().out.count("No changes.") == 1


def test_a_bug_is_told_as_one_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("RECONCILE_DEBUG", raising=False)

    @cli.group.command("break")
    def broken() -> None:
        raise KeyError("\x1b[31mx")

    try:
        assert cli.invoke(["break"]) == 1
    finally:
        del cli.group.commands["break"]
    told = capsys.readouterr().err
    assert told.startswith("reconcile: this is a bug: KeyError: '\\x1b[31mx'")
    assert "Traceback" not in told


def test_a_traceback_that_was_asked_for_holds_no_secret(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RECONCILE_DEBUG", "1")
    monkeypatch.setenv("RECONCILE_GIT_TOKEN", "hunter2hunter2")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "abc/DEF+123")

    @cli.group.command("break")
    def broken() -> None:
        try:
            Path("https://ann:pa55@git.example/x?sig=deadbeef with hunter2hunter2").read_text()
        except OSError as error:
            raise KeyError("abc/DEF+123 \x1b[2J") from error

    try:
        assert cli.invoke(["break"]) == 1
    finally:
        del cli.group.commands["break"]
    told = capsys.readouterr().err
    for secret in ("hunter2", "abc/DEF", "pa55", "deadbeef", "\x1b"):
        assert secret not in told
    for word in ("Traceback", "in broken", "https:/git.example/x?…", "the value of AWS_SECRET_ACCESS_KEY"):
        assert word in told
    assert "reconcile: this is a bug: KeyError" in told
