"""The real command line, run as a child process, and what stands on a machine before and after it."""

import hashlib
import json
import multiprocessing
import os
import re
import runpy
import stat
import subprocess
import sys
import tempfile
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

_SERVER = multiprocessing.get_context("forkserver")
_SERVER.set_forkserver_preload(["tests.e2e.preloaded"])


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

    `prefix`: a command that runs it, such as setpriv. Without one it is forked from a process that has other people's
    packages imported already. Whatever it says is in words.
    """
    kept = {name: text for name, text in os.environ.items() if not name.startswith(("RECONCILE_", "GIT_", "AWS_"))}
    own = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "NO_PROXY": "*"}
    everything = {**kept, **own, **(environ or {})}
    alone = prefix or "PYTHONPATH" in (environ or {})  # which says what is imported
    answer = _started(prefix, arguments, everything, cwd) if alone else _forked(arguments, everything, cwd)
    for pattern in UGLY:
        found = re.search(pattern, answer.said)
        assert found is None, f"{found}\n{answer.said}"
    return answer


def _started(prefix: Sequence[str], arguments: Sequence[str], environ: Mapping[str, str], cwd: Path | None) -> Answer:
    done = subprocess.run(
        [*prefix, sys.executable, "-m", "reconciler", *arguments],
        env=environ,
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    return Answer(code=done.returncode, out=done.stdout, err=done.stderr)


def _forked(arguments: Sequence[str], environ: Mapping[str, str], cwd: Path | None) -> Answer:
    with tempfile.TemporaryDirectory() as folder:
        child = _SERVER.Process(target=_be, args=(tuple(arguments), dict(environ), str(cwd or Path.cwd()), folder))
        child.start()
        child.join(SECONDS)
        if child.exitcode is None:
            child.kill()
            child.join()
            raise subprocess.TimeoutExpired(arguments, SECONDS)
        out, err = (Path(folder, name).read_text(encoding="utf-8") for name in ("out", "err"))
    return Answer(code=child.exitcode, out=out, err=err)


def _be(arguments: Sequence[str], environ: Mapping[str, str], cwd: str, folder: str) -> None:
    """Is the command line from here on."""
    os.environ.clear()
    os.environ.update(environ)
    os.chdir(cwd)
    for name, standard in ((os.devnull, 0), (f"{folder}/out", 1), (f"{folder}/err", 2)):
        descriptor = os.open(name, os.O_RDWR | os.O_CREAT, 0o600)
        os.dup2(descriptor, standard)
        os.close(descriptor)
    sys.argv = ["reconciler", *arguments]
    runpy.run_module("reconciler", run_name="__main__", alter_sys=True)


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
