"""What the real worlds of the tests are worked with: the command line under way, calls over HTTP, deleting."""

import json
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from reconciler.core.jsonvalue import Json, JsonObject

_SECONDS = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A command under way."""

    process: "subprocess.Popen[bytes]"
    log: Path

    @property
    def said(self) -> str:
        """All that it has said so far."""
        return self.log.read_text()

    def reach(self, moment: str) -> None:
        """Waits until it has said something that matches."""
        end = time.monotonic() + _SECONDS
        while not re.search(moment, self.said):
            assert self.process.poll() is None, self.said
            assert time.monotonic() < end, self.said

    def reach_after(self, moment: str, before: str) -> None:
        """The same, said after the first that matches `before`."""
        self.reach(f"(?s){before}.*{moment}")

    def code(self) -> int:
        """Its exit code, once it is over."""
        try:
            return self.process.wait(_SECONDS)
        except subprocess.TimeoutExpired as error:
            raise AssertionError(self.said) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()


def begun(arguments: tuple[str, ...], environ: Mapping[str, str], log: Path, command: str = "apply") -> Run:
    """A command, started; what it says goes to the log."""
    with log.open("wb") as stream:
        process = subprocess.Popen(
            [sys.executable, "-m", "reconciler", command, *arguments],
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=stream,
        )
    return Run(process=process, log=log)


def asked(url: str, body: JsonObject | None) -> Json:
    """A GET, or a POST where there is a body. Raises HTTPError."""
    request = urllib.request.Request(url, None if body is None else json.dumps(body).encode())
    with urllib.request.urlopen(request, timeout=_SECONDS) as response:
        content: bytes = response.read()
    found: Json = json.loads(content) if content else None
    return found


def wipe(path: Path) -> None:
    """Removes a directory of ours, which is read-only, or a file."""
    if path.is_dir() and not path.is_symlink():
        for folder, _, _ in os.walk(path):
            Path(folder).chmod(0o755)
        shutil.rmtree(path)
    else:
        path.unlink()
