"""Colours, width and pages, in a real terminal."""

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from reconciler import cli
from reconciler.cli.terminal import colours

SECONDS = 240
COLOUR = "\x1b["
MODEL = """\
apiVersion: reconciler/v1
kind: Model
metadata: {{name: m{number:03}}}
spec: {{framework: python, source: ./there}}
"""


def seen(
    *arguments: str, columns: int = 100, lines: int = 24, environ: Mapping[str, str] | None = None, cwd: Path
) -> str:
    """All that a terminal of this size is told by the program."""
    screen, inside = pty.openpty()
    fcntl.ioctl(inside, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
    gone = ("COLUMNS", "LINES", "PAGER", "LESS", "NO_COLOR", "CI")
    kept = {name: value for name, value in os.environ.items() if name not in gone and not name.startswith("RECONCILE_")}
    process = subprocess.Popen(
        [sys.executable, "-m", "reconciler", *arguments],
        stdin=inside,
        stdout=inside,
        stderr=inside,
        cwd=cwd,
        env={**kept, "TERM": "xterm", **(environ or {})},
        start_new_session=True,
    )
    os.close(inside)
    told, deadline = b"", time.monotonic() + SECONDS
    try:
        while time.monotonic() < deadline:
            if select.select([screen], [], [], 0.2)[0]:
                told += os.read(screen, 65536)
            elif process.poll() is not None:
                break
    except OSError:  # the other end is closed
        pass
    finally:
        process.kill()
        process.wait()
        os.close(screen)
    return told.decode(errors="replace").replace("\r\n", "\n")


@pytest.fixture
def many(tmp_path: Path) -> Path:
    (tmp_path / "models.d").mkdir()
    (tmp_path / "there").mkdir()
    (tmp_path / "volume").mkdir()
    for number in range(60):
        (tmp_path / "models.d" / f"m{number:03}.yaml").write_text(MODEL.format(number=number))
    return tmp_path


STATUS = ("status", "--volume", "volume", "--server", "none")
PAGER = f"{sys.executable} -c \"import sys; told = sys.stdin.read(); print('PAGED', len(told.splitlines()))\""


@pytest.mark.parametrize(
    ("wish", "environment", "terminal", "coloured"),
    [
        ("auto", {}, True, True),
        ("auto", {}, False, False),
        ("auto", {"NO_COLOR": "1"}, True, False),
        ("auto", {"NO_COLOR": ""}, True, True),
        ("auto", {"FORCE_COLOR": "1"}, False, True),
        ("auto", {"FORCE_COLOR": "0"}, False, False),
        ("auto", {"CLICOLOR_FORCE": "1"}, False, True),
        ("auto", {"NO_COLOR": "1", "FORCE_COLOR": "1"}, True, False),
        ("auto", {"CLICOLOR": "0"}, True, False),
        ("auto", {"TERM": "dumb"}, True, False),
        ("always", {"NO_COLOR": "1"}, False, True),
        ("never", {"FORCE_COLOR": "1"}, True, False),
    ],
)
def test_colours_follow_the_flag_then_the_variables_then_what_they_go_to(
    wish: str, environment: dict[str, str], *, terminal: bool, coloured: bool
) -> None:
    assert colours(wish, environment, terminal=terminal) is coloured


def test_a_pipe_gets_colours_only_if_they_are_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    for arguments, coloured in (([], False), (["--color", "always"], True), (["--color", "never"], False)):
        assert cli.invoke(["plan", "--volume", str(tmp_path / "none"), "--server", "none", *arguments]) == 1
        assert (COLOUR in capsys.readouterr().err) is coloured


def test_a_terminal_is_told_in_colours_and_in_its_width_and_in_none_if_so_asked(many: Path) -> None:
    told = seen(*STATUS, "--no-pager", columns=50, cwd=many)
    assert COLOUR in told
    lines = re.sub(r"\x1b\[[0-9;]*m", "", told).splitlines()
    assert [line for line in lines if len(line) > 50 and " " in line.strip()] == [], "only a long word is wider"
    assert COLOUR not in seen(*STATUS, "--no-pager", "--color", "never", cwd=many)


def test_more_than_a_screen_goes_through_the_pager_and_less_does_not(many: Path) -> None:
    paged = seen(*STATUS, environ={"PAGER": PAGER}, cwd=many)
    assert re.fullmatch(r"PAGED \d{2,}\n", paged), paged
    for arguments, size in (((), 400), (("--no-pager",), 24), (("-o", "json"), 24)):
        plain = seen(*STATUS, *arguments, lines=size, environ={"PAGER": PAGER}, cwd=many)
        assert "PAGED" not in plain
        assert "m059" in plain


@pytest.mark.parametrize("pager", ["", "cat", "no-such-program-anywhere --flag"])
def test_without_a_pager_everything_is_told_at_once(pager: str, many: Path) -> None:
    told = seen(*STATUS, environ={"PAGER": pager}, cwd=many)
    assert all(f"m{number:03}" in told for number in range(60))


def test_a_pager_that_is_left_early_is_no_fault(many: Path) -> None:
    assert seen(*STATUS, environ={"PAGER": "true"}, cwd=many) == ""
