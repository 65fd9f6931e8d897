"""A server under its supervisor (supervise.py), as one thing that is started, signalled and waited for."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from reconciler.embedded import supervise

GRACE_SECONDS = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Supervised:
    """A started server; `pid` is its own, `supervisor` the process that waits for it."""

    pid: int
    supervisor: "subprocess.Popen[bytes]"

    @property
    def ended(self) -> bool:
        """Whether the server has ended and everything of it is cleared away."""
        return self.supervisor.poll() is not None

    def end(self, how: signal.Signals = signal.SIGTERM) -> None:
        """Sends the signal and waits; a server that does not heed SIGTERM is killed after a while."""
        if not self.ended:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, how)
        if self.supervisor.stdin is not None:
            self.supervisor.stdin.close()
        try:
            self.supervisor.wait(2 * GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            self.supervisor.kill()  # takes the server along
            self.supervisor.wait()


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """How to start one. `name` is the prefix of its shared memory; a `detached` one outlives us."""

    command: tuple[str, ...]
    variables: Mapping[str, str]
    log: Path
    name: str
    detached: bool

    def start(self) -> Supervised:
        """Starts it, and returns before it is ready."""
        mode = "detached" if self.detached else "attached"
        settings = [mode, str(GRACE_SECONDS), self.name, str(self.log)]
        supervisor = subprocess.Popen(
            [sys.executable, "-I", supervise.__file__, *settings, *self.command],
            env=dict(self.variables),
            stdin=subprocess.DEVNULL if self.detached else subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL if self.detached else None,  # a pipe of ours would never end
            start_new_session=True,  # Ctrl-C in the terminal is for us; we stop it in our own time
        )
        if supervisor.stdout is None:
            raise AssertionError
        with supervisor.stdout as announced:
            return Supervised(pid=int(announced.readline()), supervisor=supervisor)
