"""What a terminal shows of real commands, as SVG: the demo's models, on the real local Triton."""

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from collections.abc import Mapping
from pathlib import Path

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.text import Text

from reconciler import demo
from reconciler.cli.codes import Exit
from reconciler.demo.stage import Stage

_PLAN, _STATUS = 92, 140
"""Columns: a plan is narrow, a table is not."""
_FORMAT = re.sub(r"@font-face \{\{.*?\}\}", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL).replace(
    "Fira Code", "DejaVu Sans Mono"
)
"""Without fonts that would come from elsewhere."""


def record(folder: Path) -> None:
    """The first plan, and how everything stands once a change has failed."""
    with demo.set_up(keep=False) as stage:
        _draw(folder / "plan.svg", "the first plan", _shown(stage, _PLAN, "plan"), _PLAN)
        _run(stage, "apply", "--yes", ends=Exit.OK)
        stage.clone.replace("scale", "examples/scale-by-2", "examples/scale-broken")
        stage.clone.push("scale: other files")
        _run(stage, "apply", "--yes", ends=Exit.INCOMPLETE)
        _draw(folder / "status.svg", "after a change that failed", _shown(stage, _STATUS, "status"), _STATUS)


def _shown(stage: Stage, width: int, *arguments: str) -> str:
    """What a command prints on a terminal, below its own line, with the names that anybody's machine would have."""
    told = _on_a_terminal(arguments, width, stage.clone.folder, _environment(stage))
    told = told.replace(stage.server.grpc_url, "grpc://triton:8001").replace(str(stage.folder), "/srv")
    return f"$ reconcile {' '.join(arguments)}\n{told}"


def _environment(stage: Stage) -> Mapping[str, str]:
    return {**stage.clone.environ, **stage.settings, "TERM": "xterm-256color"}


def _run(stage: Stage, *arguments: str, ends: Exit) -> None:
    """Raises RuntimeError if it ends otherwise: then there is nothing to make a picture of."""
    command = [sys.executable, "-m", "reconciler", *arguments]
    done = subprocess.run(
        command, cwd=stage.clone.folder, env=_environment(stage), capture_output=True, text=True, check=False
    )
    if done.returncode != ends:
        message = f"reconcile {' '.join(arguments)} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
        raise RuntimeError(message)


def _on_a_terminal(arguments: tuple[str, ...], width: int, folder: Path, environ: Mapping[str, str]) -> str:
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 60, width, 0, 0))
    command = [sys.executable, "-m", "reconciler", *arguments]
    with subprocess.Popen(command, cwd=folder, env=environ, stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs):
        os.close(theirs)
        parts = []
        while part := _read(ours):
            parts.append(part)
    os.close(ours)
    return b"".join(parts).decode().replace("\r\n", "\n")


def _read(handle: int) -> bytes:
    """Nothing once the other end is closed, which Linux tells as an error."""
    try:
        return os.read(handle, 1 << 16)
    except OSError:
        return b""


def _draw(file: Path, title: str, told: str, width: int) -> None:
    console = Console(record=True, width=width, file=open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
    console.print(Text.from_ansi(told))
    file.write_text(console.export_svg(title=title, code_format=_FORMAT, unique_id="terminal"), encoding="utf-8")
