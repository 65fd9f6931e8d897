"""One local Triton: started, waited for, stopped, killed, restarted."""

import dataclasses
import os
import shutil
import signal
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from reconciler.core.errors import Reason, TransientError
from reconciler.embedded import environment, ports
from reconciler.embedded.supervised import GRACE_SECONDS, Launch, Supervised

_READY_SECONDS = 120.0
_TRIES = 5


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Info:
    """A running server: `pid` is tritonserver's own, so SIGTERM to it ends a detached one."""

    grpc_url: str
    http_url: str
    metrics_url: str
    pid: int
    log: Path


class Server:
    """A started server; made by `start`. As a context manager it is stopped, and its log removed, at the end."""

    def __init__(self, launch: Launch) -> None:
        self._launch = launch
        self._ports = ports.free()
        self._running = self._start_somewhere()

    @property
    def info(self) -> Info:
        """Where it is. The pid changes with a restart, the addresses do not."""
        return Info(
            grpc_url=f"grpc://{ports.HOST}:{self._ports.grpc}",
            http_url=f"http://{ports.HOST}:{self._ports.http}",
            metrics_url=f"http://{ports.HOST}:{self._ports.metrics}/metrics",
            pid=self._running.pid,
            log=self._launch.log,
        )

    def stop(self) -> None:
        """Ends it in good order: SIGTERM, and SIGKILL for one that has not gone after 15 s. Stopped already is done."""
        self._running.end()

    def kill(self) -> None:
        """Ends it as a crash would."""
        self._running.end(signal.SIGKILL)

    def restart(self) -> None:
        """Stops it if it runs and starts it again on the same ports."""
        self.stop()
        self._running = self._start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        if error is None:  # else the log may say why
            shutil.rmtree(self._launch.log.parent, ignore_errors=True)

    def _start_somewhere(self) -> Supervised:
        """On other ports when somebody else took one between our look and the server's start."""
        for _ in range(_TRIES - 1):
            try:
                return self._start()
            except TransientError as error:
                if "already in use" not in error.message:
                    raise
                self._ports = ports.free()
        return self._start()

    def _start(self) -> Supervised:
        log = self._launch.log
        before = log.stat().st_size if log.exists() else 0
        running = dataclasses.replace(self._launch, command=(*self._launch.command, *self._ports.flags())).start()
        try:
            self._wait_ready(running, before)
        except BaseException:
            running.end()
            raise
        return running

    def _wait_ready(self, running: Supervised, before: int) -> None:
        deadline = time.monotonic() + _READY_SECONDS
        while not ports.answers(self._ports.http, self._launch.name):
            late = time.monotonic() > deadline
            if late or running.ended:
                what = f"was not ready after {_READY_SECONDS:.0f} s" if late else "ended before it was ready"
                message = f"the local Triton {what}; it said:\n{_tail(self._launch.log, before)}"
                raise TransientError(Reason.SERVER_UNREACHABLE, message, f"its log is {self._launch.log}")
            time.sleep(0.05)


def start(
    repository: str | Path,
    *,
    load: tuple[str, ...] = (),
    explicit: bool = True,
    flags: tuple[str, ...] = (),
    detached: bool = False,
) -> Server:
    """A local Triton on a model repository, ready; the first call on a machine builds its environment (`prepare`).

    `load`: models (or `("*",)`) to load at the start. `explicit` False: Triton's own default, unless a flag says
    otherwise. `flags` go to tritonserver as they are. A `detached` server outlives us and is ended by SIGTERM to its
    pid; its log stays. Raises TerminalError and TransientError as `prepare` does, TransientError if it does not get
    ready.
    """
    built = environment.prepare()
    folder = Path(tempfile.mkdtemp(prefix="reconcile-triton-"))
    # The folder's name is unique: with it as its id no other server is taken for this one, nor its shared memory.
    command = (
        str(built.executable),
        f"--id={folder.name}",
        f"--backend-directory={built.triton / 'backends'}",
        f"--backend-config=python,shm-region-prefix-name={folder.name}",
        f"--exit-timeout-secs={GRACE_SECONDS}",
        f"--model-repository={repository}",
        *(("--model-control-mode=explicit",) if explicit else ()),
        *(f"--load-model={name}" for name in load),
        *flags,
    )
    variables = built.variables(os.environ)
    log = folder / "triton.log"
    return Server(Launch(command=command, variables=variables, log=log, name=folder.name, detached=detached))


def _tail(log: Path, start: int) -> str:
    """The end of what this start wrote, without the tables that Triton draws."""
    text = log.read_bytes()[start:].decode(errors="replace") if log.exists() else ""
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith(("+", "|"))]
    return "\n".join(lines[-15:]) or "(nothing)"
