"""The real command line, run as a child process, and what stands on a machine before and after it."""

import hashlib
import json
import os
import re
import stat
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SECONDS = 120
UGLY = (
    r"Traceback|this is a bug|\[Errno|object at 0x|<class|\b[A-Z]\w+(Error|Exception)\(",  # Python, not words
    r" [;,]|;;|\.;|[^.]\.\.(\s|$)|: :",  # sentences that were glued together
    r"\('\d+\.\d+\.\d+\.\d+', \d+\)",  # an address as Python holds it
    r"\b(\S+://\S+): \1",  # the same address twice
)
"""What no person should have to read at three in the morning."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """How a command ended, and what it said on stdout and stderr."""

    code: int
    out: str
    err: str

    @property
    def said(self) -> str:
        """All of it."""
        return self.out + self.err

    def document(self) -> Any:
        """Standard output as one JSON document."""
        return json.loads(self.out)


def reconcile(
    *arguments: str, environ: Mapping[str, str] | None = None, prefix: Sequence[str] = (), cwd: Path | None = None
) -> Answer:
    """Runs `reconcile` to its end as a batch job: no terminal, no settings of whoever runs the tests.

    `prefix`: a command that runs it, such as setpriv. Whatever it says is in words.
    """
    kept = {name: text for name, text in os.environ.items() if not name.startswith(("RECONCILE_", "GIT_", "AWS_"))}
    own = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "NO_PROXY": "*"}
    done = subprocess.run(
        [*prefix, sys.executable, "-m", "reconciler", *arguments],
        env={**kept, **own, **(environ or {})},
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    answer = Answer(code=done.returncode, out=done.stdout, err=done.stderr)
    for pattern in UGLY:
        found = re.search(pattern, answer.said)
        assert found is None, f"{found}\n{answer.said}"
    return answer


def files_of(folder: Path) -> dict[str, tuple[str, ...]]:
    """Everything below a folder: its kind and mode; of a file its content and time, of a link its text."""
    return {str(path.relative_to(folder)): _entry(path) for path in sorted(folder.rglob("*"), key=str)}


def _entry(path: Path) -> tuple[str, ...]:
    status = path.lstat()
    mode = stat.filemode(status.st_mode)
    if stat.S_ISLNK(status.st_mode):
        return mode, os.readlink(path)
    if stat.S_ISREG(status.st_mode):
        return mode, hashlib.sha256(path.read_bytes()).hexdigest(), str(status.st_mtime_ns)
    return (mode,)
