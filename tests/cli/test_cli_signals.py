"""Signals, sent to a process of its own."""

import json
import signal
import subprocess
import sys

import pytest

ARMED = """
import os, signal, sys
from reconciler.cli.signals import Interruption, terminable
with terminable():
    interruption = Interruption(unloads='unloads' in sys.argv, as_json='json' in sys.argv)
    interruption.arm()
    for number in map(int, filter(str.isdigit, sys.argv[1:])):
        os.kill(os.getpid(), number)
    print(interruption.cancelled(), int(interruption.caught or 0))
"""
NOT_ARMED = """
import os, signal, sys
import click
from reconciler import cli

@cli.group.command()
def wait():
    os.kill(os.getpid(), int(sys.argv[1]))
    print("went on")

sys.exit(cli.invoke(["wait"]))
"""


def run(program: str, *signals: int, also: str = "") -> subprocess.CompletedProcess[str]:
    arguments = [sys.executable, "-c", program, *(str(int(number)) for number in signals), also]
    return subprocess.run(arguments, capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_while_a_plan_is_carried_out_only_asks_to_finish(number: int) -> None:
    done = run(ARMED, number)
    assert done.stdout == f"True {int(number)}\n"
    assert "finishing what is running" in done.stderr


def test_where_models_may_be_unloaded_the_first_word_says_what_a_second_interrupt_leaves_behind() -> None:
    words = "Ctrl-C again ends it at once, and a model that is unloaded at that moment stays down until the next run\n"
    assert words in run(ARMED, signal.SIGINT, also="unloads").stderr
    assert "unloaded" not in run(ARMED, signal.SIGINT).stderr


def test_where_stderr_is_for_lines_of_json_the_notice_is_one() -> None:
    (line,) = run(ARMED, signal.SIGTERM, also="json").stderr.splitlines()
    told = json.loads(line)
    assert (told["level"], told["event"]) == ("warning", "message")
    assert "finishing what is running" in told["message"]


def test_a_second_interrupt_kills() -> None:
    done = run(ARMED, signal.SIGINT, signal.SIGINT)
    assert (done.returncode, done.stdout) == (-signal.SIGINT, "")


def test_a_second_termination_changes_nothing() -> None:
    done = run(ARMED, signal.SIGTERM, signal.SIGTERM)
    assert (done.returncode, done.stdout) == (0, f"True {int(signal.SIGTERM)}\n")


def test_without_signals_nothing_is_cancelled() -> None:
    assert run(ARMED).stdout == "False 0\n"


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_before_anything_is_carried_out_ends_the_run_at_once(number: int, code: int) -> None:
    done = run(NOT_ARMED, number)
    assert (done.returncode, done.stdout) == (code, "")
